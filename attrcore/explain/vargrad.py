"""VarGrad: how much the gradient varies over noisy copies of the image."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from attrcore.batches import over_batch
from attrcore.explain.gradient import input_gradient
from attrcore.explain.smoothgrad import SmoothGrad, over_noise
from attrcore.recipe import knob


@dataclass(frozen=True)
class VarGrad(SmoothGrad):
    """VarGrad, the variance of the gradient over noisy copies (Adebayo et al., 2018, arXiv:1810.03307).

    Without a sign.  Where the gradient is the same whatever the noise, as in a linear network, it is zero: it shows
    where the gradient cannot be trusted.  Every image of a batch gets the same draws.
    """

    promises: ClassVar[dict[str, float]] = {"settled": 0.5}

    samples: int = knob(25, 2, 500, "Noisy copies of each image.")

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, C, H, W), none negative."""
        # Around the gradient without noise: sums of large squares would cancel.  A variance is the same around any
        # value, so its derivative by this one is zero.
        centre = over_batch(input_gradient, net, x.detach(), target)

        def moments(gradient: Tensor, image: Tensor) -> Tensor:
            off = gradient - centre[image]
            return torch.cat([off, off.square()], 1)

        mean, square = over_noise(self, moments, net, x, target).chunk(2, 1)
        return (square - mean.square()).clamp(min=0) * self.samples / (self.samples - 1)
