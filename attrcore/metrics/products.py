"""Measures that are sums of products, and what becomes of maps that say nothing."""

import torch
from torch import Tensor


class PixelProduct:
    """A measure that sums the products of two maps' pixels, each map prepared for itself, whatever stands where."""

    def prepared(self, maps: Tensor) -> Tensor:
        """(B, H, W) -> (B, H x W), not a number for a constant map."""
        raise NotImplementedError

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """(B, H, W), (B, H, W) -> (B,)."""
        return (self.prepared(a) * self.prepared(b)).sum(1).to(a)


def told(values: Tensor, *maps: Tensor) -> Tensor:
    """`values`, (B, ...), where no map of the pair is constant; elsewhere not a number."""
    silent = torch.stack([m.amax((1, 2)) == m.amin((1, 2)) for m in maps]).any(0)
    return values.masked_fill(silent.view(-1, *[1] * (values.ndim - 1)), torch.nan)


def centred(rows: Tensor) -> Tensor:
    """(B, N) with mean 0 and length 1 each; not a number where all of a row is the same."""
    rows = rows - rows.mean(1, keepdim=True)
    return rows / rows.norm(dim=1, keepdim=True)
