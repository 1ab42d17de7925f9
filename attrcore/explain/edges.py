"""Controls that never ask the network: edges, and the image itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from attrcore.recipe import Recipe, knob


@dataclass(frozen=True)
class SobelEdges(Recipe):
    """Control: edges of the image, network not asked (Sobel filter; Adebayo et al., 2018, arXiv:1810.03292).

    Whatever map looks like this one may owe its looks to the image alone.
    """

    passes: ClassVar[int] = 0
    differentiable: ClassVar[bool] = False
    promises: ClassVar[dict[str, float]] = {}

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, 1, H, W)."""
        from skimage.filters import sobel

        return over_grey(sobel, x)


@dataclass(frozen=True)
class CannyEdges(Recipe):
    """Control: thin edges of the image, one or nothing, network not asked (Canny, 1986).

    Sharper than Sobel's, as the maps of Guided Backprop are.
    """

    passes: ClassVar[int] = 0
    differentiable: ClassVar[bool] = False
    promises: ClassVar[dict[str, float]] = {}

    blur: float = knob(1.0, 0.0, 10.0, "Standard deviation, in pixels, of the blur before edges are sought.")

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, 1, H, W)."""
        from skimage.feature import canny

        return over_grey(lambda grey: canny(grey, self.blur).astype(grey.dtype), x)


@dataclass(frozen=True)
class ImageItself(Recipe):
    """Control: the image itself, channels added up, network not asked (as in Adebayo et al., 2018, arXiv:1810.03292).

    What a product with the input, such as Gradient x Input, shows of the image alone.
    """

    passes: ClassVar[int] = 0
    differentiable: ClassVar[bool] = False
    promises: ClassVar[dict[str, float]] = {}

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, C, H, W)."""
        return x.detach().clone()


def over_grey(filtered: Callable[[np.ndarray], np.ndarray], x: Tensor) -> Tensor:
    """A filter of skimage over each image in grey, (H, W): (B, C, H, W) -> (B, 1, H, W)."""
    grey = x.detach().mean(1).cpu().numpy()
    return torch.stack([torch.from_numpy(filtered(g)) for g in grey])[:, None].to(x)
