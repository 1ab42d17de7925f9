"""Maps that owe nothing to the model: what a similarity is worth is what it exceeds theirs by.

Adebayo et al. (2018, arXiv:1810.03292) have none of them, and call a map that keeps an absolute rank correlation of
0.99 invariant: on digits, two unrelated gradients times the same input have it too, by the black pixels they share.
"""

import torch
from torch import Tensor

from attrcore.draws import generator


def random_map(x: Tensor, seed: int) -> Tensor:
    """Gaussian noise for each image of (B, C, H, W): knows neither model nor image."""
    return torch.randn(x.shape, generator=generator("random map as a null", seed)).to(x)


def input_mask(x: Tensor, seed: int) -> Tensor:
    """A random gradient times the input, (B, C, H, W): knows the image, and nothing of the model."""
    return torch.randn(x.shape, generator=generator("random gradient", seed)).to(x) * x
