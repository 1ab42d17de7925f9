"""Grad-CAM: the last feature map, its channels weighted by their mean gradient."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from attrcore.batches import over_batch
from attrcore.recipe import Recipe, knob
from attrcore.rewrite import with_activation


@dataclass(frozen=True)
class GradCam(Recipe):
    """Grad-CAM (Selvaraju et al., 2017, arXiv:1610.02391).

    ReLU of the sum over channels of mean gradient x activation, at a convolutional feature map, brought to the size
    of the image by bilinear interpolation.  One coarse channel; refused where the network has no feature map.
    """

    passes: ClassVar[int] = 1
    differentiable: ClassVar[bool] = True
    promises: ClassVar[dict[str, float]] = {}

    back: int = knob(
        1, 1, 64, "Which stack of feature maps: 1 is the last before the output.",
        label="Layer, counted from the output",
    )  # fmt: skip
    rectify: bool = knob(True, help="Keep only what speaks for the class, as published.")

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, 1, H, W)."""
        return over_batch(self.cam, net, x, target)

    def cam(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """The same for images that fit in one pass."""
        keep = x.requires_grad
        with torch.enable_grad():
            logits, features = with_activation(net, self.back, x)(x if keep else x.detach().requires_grad_())
            score = logits.gather(1, target[:, None]).sum()
            (grad,) = torch.autograd.grad(score, features, create_graph=keep)
        cam = (grad.mean((2, 3), keepdim=True) * features).sum(1, keepdim=True)
        cam = cam.relu() if self.rectify else cam
        return F.interpolate(cam if keep else cam.detach(), x.shape[2:], mode="bilinear", align_corners=False)
