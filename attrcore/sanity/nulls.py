"""Maps that owe nothing to the model: what a similarity is worth is what it exceeds theirs by.

Adebayo et al. (2018, arXiv:1810.03292) have none of them, and call a map that keeps an absolute rank correlation of
0.99 invariant: on digits, two unrelated gradients times the same input have it too, by the black pixels they share.
"""

import torch
from torch import Tensor

from attrcore.draws import generator


def random_map(x: Tensor, seed: int, first: int = 0) -> Tensor:
    """Gaussian noise for each image of (B, C, H, W): knows neither model nor image."""
    return noise(x, "random map as a null", seed, first)


def input_mask(x: Tensor, seed: int, first: int = 0) -> Tensor:
    """A random gradient times the input, (B, C, H, W): knows the image, and nothing of the model."""
    return noise(x, "random gradient", seed, first) * x


def noise(x: Tensor, purpose: str, seed: int, first: int) -> Tensor:
    """Of each image its own, (B, C, H, W), whatever batch it stands in: `first` is the number of the first of them."""
    every = torch.randn((first + len(x), *x.shape[1:]), generator=generator(purpose, seed))
    return every[first:].to(x)
