"""Images that stand for "nothing to see": where a path to the image starts.  All in pixel space, [0, 1]."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from attrcore.draws import generator
from attrcore.kinds import Refused
from attrcore.recipe import Recipe, knob


class Baseline(Recipe):
    """Images in, the image that each is compared with out: (B, C, H, W) -> (B, C, H, W) in [0, 1]."""

    def __call__(self, x: Tensor) -> Tensor:
        """One baseline per image."""
        raise NotImplementedError


class Background(Recipe):
    """Images that stand for "any image": for images like those of x (B, C, H, W) it gives (n, C, H, W) in [0, 1]."""

    def __call__(self, x: Tensor) -> Tensor:
        """The same for every image of a batch."""
        raise NotImplementedError


@dataclass(frozen=True)
class Black(Baseline):
    """Zero everywhere, as in Sundararajan et al. (2017, arXiv:1703.01365)."""

    def __call__(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return torch.zeros_like(x)


@dataclass(frozen=True)
class White(Baseline):
    """One everywhere: what is black in the image can count (Sturmfels et al., 2020, Distill)."""

    def __call__(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return torch.ones_like(x)


@dataclass(frozen=True)
class MeanColour(Baseline):
    """Every pixel the image's own mean, channel by channel (as in Ghorbani et al., 2019, arXiv:1710.10547)."""

    def __call__(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return x.mean((2, 3), keepdim=True).expand_as(x)


@dataclass(frozen=True)
class Colour(Baseline):
    """One colour everywhere; as it stands, the mean of ImageNet (as in Ghorbani et al., 2019, arXiv:1710.10547).

    Of a grey image, the mean of the three.
    """

    red: float = knob(0.485, 0.0, 1.0, "Of every pixel.")
    green: float = knob(0.456, 0.0, 1.0, "Of every pixel.")
    blue: float = knob(0.406, 0.0, 1.0, "Of every pixel.")

    def __call__(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W).  Raises Refused for images of neither one nor three channels."""
        colour = x.new_tensor([self.red, self.green, self.blue])
        if x.shape[1] not in (1, 3):
            raise Refused(f"A colour is for images of one or three channels, got {x.shape[1]}")
        return (colour if x.shape[1] == 3 else colour.mean()[None])[:, None, None].expand_as(x)


@dataclass(frozen=True)
class Blurred(Baseline):
    """The image through a Gaussian blur, edges reflected (Fong & Vedaldi, 2017, arXiv:1704.03296)."""

    width: float = knob(0.05, 0.01, 0.25, "Standard deviation of the blur, as a share of the shorter side.")

    def __call__(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        from torchvision.transforms.functional import gaussian_blur  # 2 s to import, and few ask for it

        sigma = self.width * min(x.shape[2:])
        radius = min(math.ceil(3 * sigma), min(x.shape[2:]) - 1)  # reflection reaches no further
        return gaussian_blur(x, 2 * radius + 1, sigma).clamp(0, 1)  # its weights sum to one but for rounding


@dataclass(frozen=True)
class UniformNoise(Baseline):
    """Every value drawn evenly from [0, 1] (Sturmfels et al., 2020, Distill).  All images get the same draw."""

    seed: int = knob(0, 0, 2**31 - 1, "Which noise is drawn.")

    def __call__(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        g = generator("uniform noise", self.seed)
        return torch.rand((1, *x.shape[1:]), generator=g).to(x).expand_as(x)


@dataclass(frozen=True)
class NoiseImages(Background):
    """Images whose every value is drawn evenly from [0, 1] (Sturmfels et al., 2020, Distill)."""

    count: int = knob(20, 1, 200, "How many.")
    seed: int = knob(0, 0, 2**31 - 1, "Which noise is drawn.")

    def __call__(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (count, C, H, W)."""
        g = generator("noise images", self.seed)
        return torch.rand((self.count, *x.shape[1:]), generator=g).to(x)
