"""How much a map's values are spread out: what a random network's maps have more of (eMPRT)."""

import torch
from torch import Tensor

BINS = 100  # of equal width, from a map's least to its largest value


def entropy(a: Tensor) -> Tensor:
    """The entropy of the histogram of each attribution of (B, C, H, W), (B,) in bits on the CPU: 0 for a constant one.

    Not a number where a value is none.

    Of the signed values as they are, summed over channels (Hedström et al., 2024, arXiv:2401.06465).
    """
    values = a.sum(1).flatten(1).cpu().double()  # where every device's maps have double precision
    low, high = values.amin(1, keepdim=True), values.amax(1, keepdim=True)
    place = ((values - low) / (high - low).clamp_min(torch.finfo(values.dtype).tiny) * BINS).long().clamp(0, BINS - 1)
    counts = values.new_zeros(len(a), BINS).scatter_add_(1, place, torch.ones_like(values))
    p = counts / values.shape[1]
    bits = -(p * p.clamp_min(torch.finfo(p.dtype).tiny).log2()).sum(1)
    return bits.where(values.isfinite().all(1), torch.nan)


def rise(before: Tensor, after: Tensor) -> Tensor:
    """The eMPRT score: by how much of itself the entropy has risen; not a number where it was 0."""
    return (after - before) / before.where(before > 0, torch.nan)
