"""SmoothGrad: the gradient averaged over noisy copies of the image."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from attrcore.batches import weighted_sum
from attrcore.draws import generator
from attrcore.explain.gradient import input_gradient
from attrcore.recipe import Recipe, knob

Moment = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class SmoothGrad(Recipe):
    """SmoothGrad (Smilkov et al., 2017, arXiv:1706.03825).

    The mean gradient over copies of the image with Gaussian noise of standard deviation `noise` x (max - min of the
    image).  Without noise it is the gradient.  Every image of a batch gets the same draws.

    Another seed gives another map; the badge shows how much of this one is such chance.
    """

    differentiable: ClassVar[bool] = True
    promises: ClassVar[dict[str, float]] = {"settled": 0.5}  # beyond that, the map is mostly chance

    samples: int = knob(25, 1, 500, "Noisy copies of each image.")
    noise: float = knob(0.15, 0.0, 1.0, "Standard deviation of the noise, as a share of the image's range.")
    seed: int = knob(0, 0, 2**31 - 1, "Which noise is drawn.")

    @property
    def passes(self) -> int:
        """One per draw."""
        return self.samples

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, C, H, W)."""
        return over_noise(self, lambda gradient, image: gradient, net, x, target)


def over_noise(method: SmoothGrad, moment: Moment, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    """The mean over noisy copies of a moment of the gradient: (B, C, H, W), (B,) -> (B, ...).

    A moment is made of gradients (n, C, H, W) and of the numbers (n,) of the images whose they are.
    """
    g = generator("noise on the image", method.seed)
    draws = torch.randn((method.samples, *x.shape[1:]), generator=g).to(x)

    def of_copy(image: Tensor, draw: Tensor, x: Tensor) -> Tensor:
        size = method.noise * (x.amax((1, 2, 3), keepdim=True) - x.amin((1, 2, 3), keepdim=True))
        return moment(input_gradient(net, x[image] + size[image] * draws[draw], target[image]), image)

    return weighted_sum(of_copy, x.new_full((method.samples,), 1 / method.samples), net, x)
