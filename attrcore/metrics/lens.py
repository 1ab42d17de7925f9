"""Overlap of the most important pixels that forgives a shift of a few pixels."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from attrcore.kinds import Metric
from attrcore.metrics.products import told
from attrcore.metrics.top_k import membership, places
from attrcore.recipe import knob


@dataclass(frozen=True)
class LensRecall(Metric):
    """Share of the second map's k largest pixels near one of the first map's (Kamath et al., 2024, arXiv:2312.10534).

    LENS-recall@k: near is in the window of 2w + 1 pixels a side around one of them, cut at the border.  With w = 0 it
    is the overlap of the top k.  A first map that is scattered is near to everything, so its chance level is its own
    (`chance`), often far above k / (H W): a score says something by what it exceeds that.

    Pixels that tie for the last places share them evenly, as in the overlap: the value is the mean over all ways to
    break the ties: broken by position, those of two maps would lie in one place.  (The authors' windows go by the flat
    index, so they reach around the ends of rows.)
    """

    k: int = knob(100, 1, 100_000, "How many pixels count as most important.")
    w: int = knob(1, 0, 16, "How many pixels away, across or down, is still near.")

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """(B, H, W), (B, H, W) -> (B,)."""
        found = (near(a, self.k, self.w) * membership(precise(b), self.k)).sum((1, 2)) / self.k
        return told(found.to(a), a, b)

    def chance(self, a: Tensor) -> Tensor:
        """What it gives on average, exactly, where the second map's k largest lie anywhere: (B, H, W) -> (B,).

        The share of pixels that the windows around the first map's k largest cover.
        """
        return told(near(a, self.k, self.w).mean((1, 2)).to(a), a)


@dataclass(frozen=True)
class LensPrecision(LensRecall):
    """Share of the first map's k largest pixels near one of the second map's (Kamath et al., 2024, arXiv:2312.10534).

    LENS-precision@k: LENS-recall with the maps in exchanged roles.  A second map that scatters has a high one for
    nothing.
    """

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """(B, H, W), (B, H, W) -> (B,)."""
        return super().__call__(b, a)

    def chance(self, a: Tensor) -> Tensor:
        """What it gives on average, exactly, where the second map's k largest lie anywhere: (B, H, W) -> (B,).

        How probably k pixels anywhere hit the window of one of the first map's; less at the border, which cuts it.
        """
        size = windowed(torch.ones_like(precise(a)), self.w)
        hit = hits(size, torch.full_like(size, size[0].numel()), torch.full_like(size, self.k))
        return told(((hit * membership(precise(a), self.k)).sum((1, 2)) / self.k).to(a), a)


def near(maps: Tensor, k: int, w: int) -> Tensor:
    """How probably a pixel has one of the k largest in its window, ties broken evenly: (B, H, W) in [0, 1].

    float64, on the CPU.
    """
    sure, ties, left = (t.double() for t in places(maps.cpu(), k))
    drawn = hits(windowed(ties, w), ties.sum((1, 2), keepdim=True), left)
    return torch.where(windowed(sure, w) > 0.5, 1.0, drawn)


def precise(maps: Tensor) -> Tensor:
    """In double precision, on the CPU: not every device has it."""
    return maps.cpu().double()


def windowed(masks: Tensor, w: int) -> Tensor:
    """How many pixels of a mask lie in the window around each, (B, H, W)."""
    return F.avg_pool2d(masks[:, None], 2 * w + 1, 1, w, divisor_override=1)[:, 0].round()


def hits(marked: Tensor, all_: Tensor, drawn: Tensor) -> Tensor:
    """How probably one of `drawn` different places among `all_` is a marked one (one minus the hypergeometric zero)."""
    unmarked = all_ - marked
    none = (
        torch.lgamma(unmarked + 1)
        - torch.lgamma((unmarked - drawn).clamp_min(0) + 1)
        - torch.lgamma(all_ + 1)
        + torch.lgamma(all_ - drawn + 1)
    )
    return torch.where(unmarked < drawn, 1.0, -none.exp() + 1)
