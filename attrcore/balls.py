"""Threat models: how far an attack may move an image, how it steps and how it comes back.  Pixels are in [0, 1]."""

from dataclasses import dataclass

import torch
from torch import Tensor

from attrcore.recipe import Recipe, knob


@dataclass(frozen=True)
class Linf(Recipe):
    """Every pixel may change by at most eps (Goodfellow et al., 2015, arXiv:1412.6572)."""

    eps: float = knob(8 / 255, 0.0, 1.0, "Largest change of any pixel, in [0, 1] units.")

    def step(self, grad: Tensor, size: float) -> Tensor:
        """Every pixel by `size`, the way its gradient points; not at all where that is zero."""
        return size * grad.sign()

    def project(self, x: Tensor, origin: Tensor) -> Tensor:
        """Clip the change to eps, then the image to [0, 1]."""
        return (origin + (x - origin).clamp(-self.eps, self.eps)).clamp(0, 1)


@dataclass(frozen=True)
class L2(Recipe):
    """The whole change may be at most eps long (Szegedy et al., 2014, arXiv:1312.6199)."""

    eps: float = knob(1.0, 0.0, 1000.0, "Largest Euclidean length of the change, in [0, 1] units.")

    def step(self, grad: Tensor, size: float) -> Tensor:
        """`size` along the gradient; not at all where that is zero."""
        tiny = torch.finfo(grad.dtype).tiny
        grad = grad / grad.abs().amax((1, 2, 3), keepdim=True).clamp_min(tiny)  # else the square of a small one is zero
        return size * grad / length(grad).clamp_min(tiny)

    def project(self, x: Tensor, origin: Tensor) -> Tensor:
        """Shorten the change to eps, then clip the image to [0, 1]; clipping shortens further."""
        change = x - origin
        shrink = (self.eps / length(change).clamp_min(torch.finfo(x.dtype).tiny)).clamp(max=1)
        return (origin + shrink * change).clamp(0, 1)


def length(t: Tensor) -> Tensor:
    """Euclidean length of each item, (B, 1, 1, 1)."""
    return t.flatten(1).norm(dim=1)[:, None, None, None]
