"""Guided Grad-CAM: Guided Backprop, kept where Grad-CAM looks."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from attrcore.explain.grad_cam import GradCam
from attrcore.explain.guided_backprop import GuidedBackprop
from attrcore.recipe import Recipe, knob


@dataclass(frozen=True)
class GuidedGradCam(Recipe):
    """Guided Grad-CAM: Guided Backprop times Grad-CAM (Selvaraju et al., 2017, arXiv:1610.02391).

    The coarse map says where, the sharp one fills in lines; that these are the network's reasons is what Adebayo et al.
    (2018, arXiv:1810.03292) doubt.  Refused where one of the two is.
    """

    passes: ClassVar[int] = 2
    differentiable: ClassVar[bool] = True
    promises: ClassVar[dict[str, float]] = {}

    back: int = knob(
        1, 1, 64, "Which stack of feature maps Grad-CAM looks at: 1 is the last before the output.",
        label="Layer, counted from the output",
    )  # fmt: skip

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, C, H, W)."""
        return GuidedBackprop()(net, x, target) * GradCam(back=self.back)(net, x, target)
