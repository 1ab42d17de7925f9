"""Images that stand for "nothing to see": where a path to the image starts.  All in pixel space, [0, 1]."""

import math
from collections.abc import Callable

from torch import Tensor, ones_like, zeros_like

BLUR = 1 / 20  # standard deviation of the blur as a share of the shorter side: 11 px at 224, 1.4 px at 28


def mean_colour(x: Tensor) -> Tensor:
    """Every pixel the image's own mean, channel by channel."""
    return x.mean((2, 3), keepdim=True).expand_as(x)


def blurred(x: Tensor) -> Tensor:
    """The image through a Gaussian blur (`BLUR`), edges reflected."""
    from torchvision.transforms.functional import gaussian_blur  # 2 s to import, and few ask for it

    sigma = BLUR * min(x.shape[2:])
    return gaussian_blur(x, 2 * math.ceil(3 * sigma) + 1, sigma)


BASELINES: dict[str, Callable[[Tensor], Tensor]] = {
    "black": zeros_like,
    "white": ones_like,
    "mean colour": mean_colour,
    "blurred": blurred,
}
