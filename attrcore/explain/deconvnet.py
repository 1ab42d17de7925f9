"""Deconvnet: the backward pass of the gradient, with another rule for ReLUs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from attrcore.backward import Step, backward, of_class
from attrcore.batches import over_batch
from attrcore.explain.guided_backprop import RECTIFIERS, need_rectifiers
from attrcore.recipe import Recipe
from attrcore.rewrite import plain


def rectified(message: Tensor, step: Step, other: Step | None) -> Sequence[Tensor]:
    """Only positive messages pass, whatever the rectifier did on the way forward."""
    return (message.clamp(min=0),)


@dataclass(frozen=True)
class Deconvnet(Recipe):
    """Deconvnet (Zeiler & Fergus, 2014, arXiv:1311.2901).

    The gradient, but every ReLU rectifies what comes back and forgets what it did on the way forward.  What remains of
    the image is which pixel won each max-pooling: without pooling such a map hardly depends on the image.

    Defined for rectifiers (ReLU, ReLU6, and softplus as a rounded ReLU); refused where the network has none or has
    other activations too.
    """

    passes: ClassVar[int] = 1
    differentiable: ClassVar[bool] = True
    promises: ClassVar[dict[str, float]] = {"differs from the gradient": 1e-3}

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, C, H, W)."""
        need_rectifiers(net, "Deconvnet")
        rules = dict.fromkeys(RECTIFIERS, rectified)
        return over_batch(lambda net, x, t: backward(plain(net), x, of_class(t), rules), net, x, target)
