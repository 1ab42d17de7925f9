"""Integrated gradients: the gradient averaged along a straight path from a baseline to the image."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from attrcore.baselines import Baseline, Black
from attrcore.batches import weighted_sum
from attrcore.explain.gradient import input_gradient
from attrcore.quadrature import QUADRATURES, quadrature
from attrcore.recipe import Recipe, knob, part


@dataclass(frozen=True)
class IntegratedGradients(Recipe):
    """Integrated gradients (Sundararajan et al., 2017, arXiv:1703.01365).

    (x - x') times the integral over a in [0, 1] of the gradient at x' + a (x - x').  Sums to F(x) - F(x') up to the
    error of the rule; the badge shows by how much it does not.

    Pixels that equal the baseline get exactly nothing: against black, black pixels can never matter.
    """

    differentiable: ClassVar[bool] = True
    promises: ClassVar[dict[str, float]] = {"completeness": 0.05}  # the paper's own word for enough steps

    steps: int = knob(32, 1, 512, "Points on the path; more is closer to the integral.")
    rule: str = knob("Gauss-Legendre", choices=tuple(QUADRATURES), help="Where the points lie and how they weigh.")
    baseline: Baseline = part(Black(), "The image that the path starts from.")

    @property
    def passes(self) -> int:
        """One per point."""
        return self.steps

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, C, H, W)."""
        start = self.reference(x)
        points, weights = (
            torch.as_tensor(t, dtype=x.dtype, device=x.device) for t in quadrature(self.rule, self.steps)
        )

        def gradient(image: Tensor, point: Tensor, x: Tensor, start: Tensor) -> Tensor:
            between = start[image] + points[point, None, None, None] * (x - start)[image]
            return input_gradient(net, between, target[image])

        return (x - start) * weighted_sum(gradient, weights, net, x, start)

    def reference(self, x: Tensor) -> Tensor:
        """The baseline of each image: (B, C, H, W) in [0, 1]."""
        return self.baseline(x)
