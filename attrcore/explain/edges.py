"""A control that never asks the network: edges."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from attrcore.recipe import Recipe


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

        grey = x.detach().mean(1).cpu().numpy()
        return torch.stack([torch.from_numpy(sobel(g)) for g in grey])[:, None].to(x)
