"""Rank correlation."""

from dataclasses import dataclass

import torch
from scipy.stats import rankdata
from torch import Tensor

from attrcore.kinds import Metric
from attrcore.metrics.products import PixelProduct, centred


@dataclass(frozen=True)
class Spearman(PixelProduct, Metric):
    """Rank correlation with average ranks for ties (Spearman, 1904; as in Adebayo et al., 2018, arXiv:1810.03292).

    In [-1, 1]; maps whose pixels are unrelated score 0.  Ranks by double argsort would give 0.8 to unrelated maps that
    are mostly zero.
    """

    def prepared(self, maps: Tensor) -> Tensor:
        """Ranks, centred and of length 1."""
        return centred(torch.from_numpy(rankdata(maps.detach().flatten(1).cpu().numpy(), axis=1)).to(maps.device))
