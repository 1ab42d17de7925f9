"""Structural similarity."""

from dataclasses import dataclass

import torch
from torch import Tensor

from attrcore.kinds import Metric
from attrcore.metrics.products import told


@dataclass(frozen=True)
class SSIM(Metric):
    """Structural similarity, Gaussian window of 11 px and sigma 1.5 (Wang et al., 2004; as in Adebayo et al., 2018).

    Each map is brought to [0, 1] by its least and largest value, and the data range is 1.  (Adebayo's notebook left the
    range at 2, which lets unrelated maps score up to 0.8.)  In [-1, 1]; unrelated maps that are mostly flat still score
    high: read it beside `null`.
    """

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """(B, H, W), (B, H, W) -> (B,).  Raises ValueError for maps of less than 11 pixels a side."""
        from skimage.metrics import structural_similarity

        if min(a.shape[1:]) < 11:
            raise ValueError(f"SSIM's window needs maps of at least 11 x 11 pixels, got {a.shape[1]} x {a.shape[2]}")
        window = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1.0}
        pairs = zip(*(stretched(m).detach().cpu().double().numpy() for m in (a, b)), strict=True)
        return told(torch.tensor([structural_similarity(m, n, **window) for m, n in pairs]).to(a), a, b)


def stretched(maps: Tensor) -> Tensor:
    """Each map (H, W) of a batch brought to [0, 1] by its least and largest value; a constant one becomes zero."""
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (maps - low) / (high - low).clamp_min(torch.finfo(maps.dtype).tiny)
