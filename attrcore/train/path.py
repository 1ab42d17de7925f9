"""Integrated gradients while they are trained: along a straight line, of any score, with the graph kept."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from attrcore.quadrature import QUADRATURES, quadrature
from attrcore.recipe import Recipe, knob

Score = Callable[[Tensor, Tensor], Tensor]  # logits (B, N), classes (B,) -> (B,)


def loss(logits: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy of each image, (B, N), (B,) -> (B,) in nats."""
    return F.cross_entropy(logits, y, reduction="none")


def logit(logits: Tensor, y: Tensor) -> Tensor:
    """Score of each image's class, (B, N), (B,) -> (B,)."""
    return logits.gather(1, y[:, None])[:, 0]


@dataclass(frozen=True)
class PathIntegral(Recipe):
    """Integrated gradients (Sundararajan et al., 2017, arXiv:1703.01365) between any two images."""

    steps: int = knob(50, 1, 512, "Points on the line.")
    rule: str = knob("right Riemann", choices=tuple(QUADRATURES), help="Where the points lie and how they weigh.")

    def __call__(self, net: nn.Module, score: Score, start: Tensor, end: Tensor, y: Tensor) -> Tensor:
        """From `start` to `end`, (B, C, H, W) both: (B, C, H, W), which sums to how much the score rises on the way.

        All points go through the network in one batch.  The graph reaches the weights, and `start` and `end` where they
        ask for gradients.
        """
        points, weights = (
            torch.as_tensor(t, dtype=end.dtype, device=end.device).view(-1, 1, 1, 1, 1)
            for t in quadrature(self.rule, self.steps)
        )
        between = (start + points * (end - start)).flatten(0, 1)
        if not between.requires_grad:
            between.requires_grad_()
        total = score(net(between), y.repeat(self.steps)).sum()
        (slopes,) = torch.autograd.grad(total, between, create_graph=True)
        return (end - start) * (weights * slopes.view(self.steps, *end.shape)).sum(0)


def size(attribution: Tensor) -> Tensor:
    """Its 1-norm, of each image: (B, C, H, W) -> (B,)."""
    return attribution.abs().flatten(1).sum(1)
