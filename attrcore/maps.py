"""From raw attributions to the maps people look at and measures compare."""

import torch
from torch import Tensor


def heat(attribution: Tensor) -> Tensor:
    """Absolute attribution summed over channels, each map scaled to sum to one: (B, c, H, W) -> (B, H, W).

    The map that the fragility literature ranks (Ghorbani et al., 2019, arXiv:1710.10547).  An attribution that is
    zero everywhere gives a map of zeros.
    """
    m = attribution.abs().sum(1)
    return m / m.sum((1, 2), keepdim=True).clamp_min(torch.finfo(m.dtype).tiny)


def top_pixels(maps: Tensor, k: int) -> Tensor:
    """Boolean (B, H, W): exactly the k largest pixels of each map, ties broken by position, first one first.

    What is not a number counts as the largest.  Raises ValueError unless 1 <= k <= H x W.
    """
    flat = maps.flatten(1)
    if not 1 <= k <= flat.shape[1]:
        raise ValueError(f"k must be in [1, {flat.shape[1]}], got {k}")
    flat = flat.detach().nan_to_num(nan=torch.inf, posinf=torch.inf, neginf=-torch.inf)
    last = flat.topk(k, dim=1).values[:, -1:]  # a sort that keeps the order of ties costs an attack 3 % of its step
    above, ties = flat > last, flat == last
    return (above | ties & (ties.cumsum(1) <= k - above.sum(1, keepdim=True))).view_as(maps)


def mass_centre(maps: Tensor) -> Tensor:
    """Centre of mass (row, column) of each map in pixels, as floats: (B, H, W) -> (B, 2)."""
    h, w = maps.shape[1:]
    mass = maps.sum((1, 2)).clamp_min(torch.finfo(maps.dtype).tiny)
    rows = torch.arange(h, device=maps.device, dtype=maps.dtype)
    cols = torch.arange(w, device=maps.device, dtype=maps.dtype)
    return torch.stack([(maps.sum(2) @ rows) / mass, (maps.sum(1) @ cols) / mass], 1)


def centre_shift(before: Tensor, after: Tensor) -> Tensor:
    """How far the centre of mass moved, in pixels: (B, H, W), (B, H, W) -> (B,); not a number where a map is empty."""
    empty = ~(before.flatten(1).any(1) & after.flatten(1).any(1))
    return (mass_centre(after) - mass_centre(before)).norm(dim=1).masked_fill(empty, torch.nan)
