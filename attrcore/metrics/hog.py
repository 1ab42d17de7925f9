"""Correlation of edge directions."""

from dataclasses import dataclass

import torch
from torch import Tensor

from attrcore.kinds import Metric
from attrcore.metrics.products import centred, told
from attrcore.metrics.ssim import stretched
from attrcore.recipe import knob


@dataclass(frozen=True)
class HogPearson(Metric):
    """Correlation of histograms of oriented gradients (Dalal & Triggs, 2005; Pearson, as in Adebayo et al., 2018).

    In [-1, 1], for unrelated maps about 0 or above: histograms of noise are alike, so read it beside `null`.  Where a
    map is too small for three cells of that size, cells are a quarter of its shorter side.  Maps without gradients
    within their borders have no histograms: the result is not a number.
    """

    cell: int = knob(16, 2, 64, "Side of a cell, in pixels.")

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """(B, H, W), (B, H, W) -> (B,)."""
        from skimage.feature import hog

        side = max(2, min(self.cell, min(a.shape[1:]) // 4))

        def histograms(maps: Tensor) -> Tensor:
            planes = stretched(maps).detach().cpu().double().numpy()
            return torch.stack([torch.from_numpy(hog(m, pixels_per_cell=(side, side))) for m in planes])

        return told((centred(histograms(a)) * centred(histograms(b))).sum(1).to(a), a, b)
