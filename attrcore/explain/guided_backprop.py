"""Guided Backpropagation, as the gradient of a network whose ReLUs have another backward rule."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from attrcore.batches import over_batch
from attrcore.explain.gradient import input_gradient
from attrcore.kinds import Refused
from attrcore.recipe import Recipe
from attrcore.rewrite import Forward, activations, rewrite


class PositiveOnly(torch.autograd.Function):
    """A rectifier that lets only positive gradients back."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, out: Tensor) -> Tensor:
        """`out` is what the rectifier makes of `z`."""
        ctx.save_for_backward(z, out)
        return out.clone()

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None]:
        """Where the rectifier passed its input on (0 < z, and z < 6 for ReLU6), and the gradient is positive."""
        z, out = ctx.saved_tensors
        return g.clamp(min=0) * ((z > 0) & (z == out)), None


class Guided(nn.Module):
    """The rule for one rectifier."""

    def __init__(self, forward: Forward) -> None:
        super().__init__()
        self.rectify = forward

    def forward(self, z: Tensor) -> Tensor:
        """The rectifier's own values."""
        return PositiveOnly.apply(z, self.rectify(z.detach()))


GUIDED = {"relu": Guided, "relu6": Guided}


@dataclass(frozen=True)
class GuidedBackprop(Recipe):
    """Guided Backpropagation (Springenberg et al., 2015, arXiv:1412.6806).

    The gradient, but every ReLU lets only positive gradients back.  The result looks sharp, partly because it
    depends little on the upper layers of the network (Adebayo et al., 2018, arXiv:1810.03292).

    Defined for rectifiers (ReLU, ReLU6); refused where the network has none or has other activations too.
    """

    passes: ClassVar[int] = 1
    differentiable: ClassVar[bool] = True
    promises: ClassVar[dict[str, float]] = {"differs from the gradient": 1e-3}

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, C, H, W)."""
        return over_batch(input_gradient, self.rewritten(net), x, target)

    def rewritten(self, net: nn.Module) -> nn.Module:
        """The network whose plain gradient is Guided Backprop.  Raises Refused where that is not defined."""
        found = set(activations(net)) - {"max_pool2d"}
        if not found & GUIDED.keys():
            raise Refused("Guided Backprop changes what ReLUs send back, and this network has no ReLU")
        if other := found - GUIDED.keys():
            raise Refused(f"Guided Backprop is defined for ReLU; this network also has {', '.join(sorted(other))}")
        return rewrite(net, GUIDED)
