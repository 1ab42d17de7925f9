"""A control that asks nobody: noise."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from attrcore.draws import generator
from attrcore.recipe import Recipe, knob


@dataclass(frozen=True)
class RandomMap(Recipe):
    """Control: Gaussian noise, neither network nor image asked (as in Hooker et al., 2019, arXiv:1806.10758).

    Every image of a batch gets the same noise.
    """

    passes: ClassVar[int] = 0
    differentiable: ClassVar[bool] = False
    promises: ClassVar[dict[str, float]] = {}

    seed: int = knob(0, 0, 2**31 - 1, "Which noise is drawn.")

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, 1, H, W)."""
        g = generator("random map", self.seed)
        return torch.randn((1, 1, *x.shape[2:]), generator=g).to(x).repeat(len(x), 1, 1, 1)
