"""Guided Backpropagation: the backward pass of the gradient, with another rule for ReLUs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from attrcore.backward import Step, backward, of_class
from attrcore.batches import over_batch
from attrcore.kinds import Refused
from attrcore.recipe import Recipe
from attrcore.rewrite import plain, steps

RECTIFIERS = {"relu", "relu6", "softplus"}  # softplus is a ReLU with its corner rounded, which an attack needs
STRAIGHT = {
    "conv2d", "linear", "batch_norm", "layer_norm", "max_pool2d", "average", "add", "sub", "mul", "div", "shape",
}  # fmt: skip


def guided(message: Tensor, step: Step, other: Step | None) -> Sequence[Tensor]:
    """Only positive messages pass, as far as the rectifier let its input pass: 0 < z, and z < 6 for ReLU6."""
    return [sent.clamp_(min=0) for sent in step.gradient(message)]  # in place: nothing else has seen it


@dataclass(frozen=True)
class GuidedBackprop(Recipe):
    """Guided Backpropagation (Springenberg et al., 2015, arXiv:1412.6806).

    The gradient, but every ReLU lets only positive gradients back.  The result looks sharp, partly because it
    depends little on the upper layers of the network (Adebayo et al., 2018, arXiv:1810.03292).

    Defined for rectifiers (ReLU, ReLU6, and softplus as a rounded ReLU); refused where the network has none or has
    other activations too.
    """

    passes: ClassVar[int] = 1
    differentiable: ClassVar[bool] = True
    promises: ClassVar[dict[str, float]] = {"differs from the gradient": 1e-3}

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, C, H, W)."""
        need_rectifiers(net, "Guided Backprop")
        rules = dict.fromkeys(RECTIFIERS, guided)
        return over_batch(lambda net, x, t: backward(plain(net), x, of_class(t), rules), net, x, target)


def need_rectifiers(net: nn.Module, method: str) -> None:
    """Raise Refused unless `net` is made of rectifiers and steps known to bend nothing, or max-pooling.

    What is not known here may be an activation in other words, such as a maximum with zero.
    """
    found = set(steps(net))
    if not found & RECTIFIERS:
        raise Refused(f"{method} changes what ReLUs send back, and this network has no ReLU")
    if other := found - RECTIFIERS - STRAIGHT:
        raise Refused(f"{method} is defined for ReLU; this network also has {', '.join(sorted(other))}")
