"""Gradient saliency, and the gradient that every other method is built on."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from attrcore.batches import over_batch
from attrcore.recipe import Recipe


def input_gradient(net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    """Gradient of each image's target logit with respect to the image, in one pass.

    (B, C, H, W), (B,) -> (B, C, H, W).  The result keeps its graph exactly when `x` asks for gradients, so that
    attacks differentiate through it and plain viewing pays nothing.
    """
    return logits_and_gradient(net, x, target)[1]


def logits_and_gradient(net: nn.Module, x: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """All logits (B, N) and the gradient of `input_gradient`, from the same pass."""
    keep = x.requires_grad
    if not keep:
        x = x.detach().requires_grad_()
    with torch.enable_grad():
        logits = net(x)
        score = logits.gather(1, target[:, None]).sum()
        (grad,) = torch.autograd.grad(score, x, create_graph=keep)
    return logits if keep else logits.detach(), grad


@dataclass(frozen=True)
class Gradient(Recipe):
    """Gradient of the class score (Simonyan et al., 2014, arXiv:1312.6034).

    Where a small change of a pixel would change the score most.  It is local: a saturated score has a gradient of
    zero however important its pixels are.

    Where pixels tie in a max-pooling, as all do on a black background, there is no derivative: autograd, here as
    everywhere, gives all to the first pixel of the tie, and the least change of the image may give another map.
    """

    passes: ClassVar[int] = 1
    differentiable: ClassVar[bool] = True
    promises: ClassVar[dict[str, float]] = {}

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, C, H, W)."""
        return over_batch(input_gradient, net, x, target)
