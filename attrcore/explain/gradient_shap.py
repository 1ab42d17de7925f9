"""GradientSHAP: expected gradients of noisy copies of the image."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from attrcore.explain.expected_gradients import ExpectedGradients, over_draws
from attrcore.recipe import knob


@dataclass(frozen=True)
class GradientShap(ExpectedGradients):
    """GradientSHAP (Lundberg & Lee, 2017, arXiv:1705.07874, as in the shap package).

    Expected gradients in which every draw also adds Gaussian noise to the image.  An approximation of SHAP values that
    takes the network for linear and its inputs for independent.
    """

    promises: ClassVar[dict[str, float]] = {"settled": 0.5}

    noise: float = knob(0.1, 0.0, 1.0, "Standard deviation of the noise, in [0, 1] units.")

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, C, H, W)."""
        return over_draws(self, self.noise, net, x, target)
