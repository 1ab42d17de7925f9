"""Agreement of all pairs of pixels."""

from dataclasses import dataclass

import torch
from scipy.stats import kendalltau
from torch import Tensor

from attrcore.kinds import Metric


@dataclass(frozen=True)
class Kendall(Metric):
    """Kendall's tau-b (Kendall, 1945; as in Chen et al., 2019, arXiv:1905.09957).

    In [-1, 1]; maps whose pixels are unrelated score 0.  Ties lower its ceiling: two maps that agree wherever neither
    is zero, one of them zero on 80 % of the pixels, reach about 0.6.
    """

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """(B, H, W), (B, H, W) -> (B,)."""
        pairs = zip(a.detach().flatten(1).cpu().numpy(), b.detach().flatten(1).cpu().numpy(), strict=True)
        return torch.tensor([kendalltau(m, n).statistic for m, n in pairs]).to(a)
