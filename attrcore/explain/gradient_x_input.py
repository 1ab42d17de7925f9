"""Gradient x Input."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from attrcore.batches import over_batch
from attrcore.explain.gradient import input_gradient
from attrcore.recipe import Recipe


@dataclass(frozen=True)
class GradientXInput(Recipe):
    """Gradient times the image, pixel by pixel (Shrikumar et al., 2016, arXiv:1605.01713).

    Black pixels get exactly nothing, whatever the network does with them: much of what such a map seems to show is
    the image.
    """

    passes: ClassVar[int] = 1
    differentiable: ClassVar[bool] = True
    promises: ClassVar[dict[str, float]] = {}

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, C, H, W)."""
        return x * over_batch(input_gradient, net, x, target)
