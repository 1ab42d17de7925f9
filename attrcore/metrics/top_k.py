"""Overlap of the most important pixels."""

from dataclasses import dataclass

import torch
from torch import Tensor

from attrcore.kinds import Metric
from attrcore.maps import top_pixels
from attrcore.metrics.products import PixelProduct, told
from attrcore.recipe import knob


@dataclass(frozen=True)
class TopKOverlap(PixelProduct, Metric):
    """Share of the k largest pixels that two maps have in common (Ghorbani et al., 2019, arXiv:1710.10547).

    In [0, 1]; maps whose pixels are unrelated share k / (H W).  Pixels that tie for the last places share them evenly:
    broken by position, two unrelated maps that are mostly zero would seem to share most of their top.  So a map whose
    last places tie reaches less than one even with itself: `metric(a, a)` is its ceiling.
    """

    k: int = knob(100, 1, 100_000, "How many pixels count as most important.")

    def prepared(self, maps: Tensor) -> Tensor:
        """How far each pixel belongs to the k largest, by the root of k."""
        return told(membership(maps, self.k).flatten(1), maps) / self.k**0.5

    def chance(self, a: Tensor) -> Tensor:
        """What it gives on average, exactly, where the second map's k largest lie anywhere: (B, H, W) -> (B,)."""
        return told(membership(a, self.k).mean((1, 2)), a)


def membership(maps: Tensor, k: int) -> Tensor:
    """How far each pixel belongs to the k largest, (B, H, W) in [0, 1], each map summing to k.

    Raises ValueError unless 1 <= k <= H x W.
    """
    above, ties, left = places(maps, k)
    return above.to(maps.dtype) + ties * (left / ties.sum((1, 2), keepdim=True))


def places(maps: Tensor, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """Of the k largest pixels, the sure ones, those that tie for the places left, and how many places are left.

    Two masks (B, H, W) and (B, 1, 1).  Raises ValueError unless 1 <= k <= H x W.
    """
    last = maps.masked_fill(~top_pixels(maps, k), torch.inf).flatten(1).amin(1)[:, None, None]
    above = maps > last
    return above, maps == last, k - above.sum((1, 2), keepdim=True)
