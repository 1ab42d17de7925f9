"""When a map counts as fooled: what each aim must reach (Heo et al., 2019, arXiv:1902.02041: fooling success rate)."""

from typing import NamedTuple

import torch
from torch import Tensor

from attrcore.attack.aims import DrainTopPixels, FillRegion, MatchRegion, MoveCentre
from attrcore.kinds import Aim
from attrcore.maps import centre_shift, top_pixels
from attrcore.recipe import called

PASSIVE = {called(cls): cls for cls in (FillRegion, MatchRegion, DrainTopPixels, MoveCentre)}
OUTSIDE, LEFT, MOVED = 0.2, 0.3, 0.1  # at most outside the region, at most left at the top, at least the way moved


class Success(NamedTuple):
    """How far B maps are from fooled, by two readings of one interval; what is fooled lies in it."""

    share: Tensor  # (B,): outside the region; left on the k pixels; the centre's way as a share of the diagonal
    loss: Tensor  # (B,): the same by the authors' test loss, of maps scaled to a largest value of one
    by_share: Tensor  # (B,) bool
    by_loss: Tensor  # (B,) bool


def success(aim: Aim, maps: Tensor, clean: Tensor) -> Success:
    """Of maps (B, H, W) beside the original ones.

    The interval is the paper's: [0, 0.2] for a region, [0, 0.3] for the top, [0.1, 1] of the diagonal for the centre.
    Its test loss is, for a region, the mean squared distance of the scaled map from the region's mask; for the top, the
    mean square of the scaled map there.  Original maps may lie in an interval as they are: their rate belongs beside.
    """
    even = maps.amax((1, 2)) <= maps.amin((1, 2))  # a map that is the same everywhere marks no place
    if isinstance(aim, MoveCentre):
        way = centre_shift(clean, maps) / diagonal(maps)
        return Success(way, way, (way >= MOVED) & ~even, (way >= MOVED) & ~even)
    if isinstance(aim, DrainTopPixels):
        scaled = maps / maps.amax((1, 2), keepdim=True).clamp_min(torch.finfo(maps.dtype).tiny)
        loss, most = (scaled.square() * top_pixels(clean, aim.k)).sum((1, 2)) / aim.k, LEFT
        share = 1 - aim(maps, clean)
    else:
        loss, most = -MatchRegion(region=aim.region)(maps, clean), OUTSIDE
        share = 1 - FillRegion(region=aim.region)(maps, clean)
    return Success(share, loss, (share <= most) & ~even, (loss <= most) & ~even)


def unit(aim: Aim, maps: Tensor) -> float:
    """What an aim is counted in, the same for images of every size: a whole map, or the squared diagonal."""
    return diagonal(maps) ** 2 if isinstance(aim, MoveCentre) else 1.0


def diagonal(maps: Tensor) -> float:
    """From the middle of one corner pixel to that of the opposite one, in pixels."""
    h, w = maps.shape[1:]
    return float(((h - 1) ** 2 + (w - 1) ** 2) ** 0.5)
