"""Deep Taylor decomposition, which is relevance propagation with two of its rules."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from attrcore.explain.lrp import LRP
from attrcore.recipe import Recipe


@dataclass(frozen=True)
class DeepTaylor(Recipe):
    """Deep Taylor decomposition (Montavon et al., 2017, arXiv:1512.02479).

    Each unit's relevance is expanded around a root at which it vanishes: the z+ rule in hidden layers, and in the first
    one the box rule, whose roots are images in [0, 1].  It equals LRP with these rules.

    Meant for rectifiers, biases not above zero and a class that is seen; elsewhere it is what LRP makes of it.
    """

    passes: ClassVar[int] = 3  # two of them see a black and a white image
    differentiable: ClassVar[bool] = True
    promises: ClassVar[dict[str, float]] = {"conservation": 0.05}

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, C, H, W)."""
        return LRP(preset="z+", first_layer="box")(net, x, target)
