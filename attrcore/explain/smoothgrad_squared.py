"""SmoothGrad-squared: the squared gradient averaged over noisy copies of the image."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from attrcore.explain.smoothgrad import SmoothGrad, over_noise
from attrcore.recipe import knob


@dataclass(frozen=True)
class SmoothGradSquared(SmoothGrad):
    """SmoothGrad-squared, the mean squared gradient over noisy copies (Hooker et al., 2019, arXiv:1806.10758).

    Without a sign.  In Hooker's retraining benchmark one of two methods better than a random ranking of the pixels.
    Every image of a batch gets the same draws.
    """

    promises: ClassVar[dict[str, float]] = {"settled": 0.5}

    samples: int = knob(25, 1, 500, "Noisy copies of each image.")

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, C, H, W), none negative."""
        return over_noise(self, lambda g, image: g.square(), net, x, target)
