"""Occlusion, through captum: good to look at, not to attack."""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from attrcore.batches import chunk, go_on
from attrcore.recipe import Recipe, knob


@dataclass(frozen=True)
class Occlusion(Recipe):
    """Occlusion (Zeiler & Fergus, 2014, arXiv:1311.2901): how much the score drops when a square is covered.

    The square moves by half its side; where squares overlap, their drops are averaged.  It needs no gradient, and
    its map has none.
    """

    differentiable: ClassVar[bool] = False
    promises: ClassVar[dict[str, float]] = {}

    window: float = knob(0.15, 0.1, 0.5, "Side of the square, as a share of the image's shorter side.")
    grey: float = knob(0.0, 0.0, 1.0, "Grey level that covers the square; 0 is black.")

    @property
    def passes(self) -> int:
        """One per square."""
        return (math.ceil(2 / self.window - 2) + 1) ** 2

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, C, H, W), the same for each channel."""
        from captum.attr import Occlusion as CaptumOcclusion  # 2 s to import, and no other method needs it

        side = max(1, round(self.window * min(x.shape[2:])))

        def forward(squares: Tensor) -> Tensor:
            go_on()
            return net(squares)

        method = CaptumOcclusion(forward)

        def drops(one: Tensor, t: Tensor) -> Tensor:
            return method.attribute(
                one[None].detach(),
                sliding_window_shapes=(x.shape[1], side, side),
                strides=(x.shape[1], max(1, side // 2), max(1, side // 2)),
                baselines=self.grey,
                target=t[None],
                perturbations_per_eval=chunk(net, x),  # squares in a pass
            )

        with torch.no_grad():
            return torch.cat([drops(one, t) for one, t in zip(x, target, strict=True)]).to(x.dtype)
