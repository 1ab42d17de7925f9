"""Gradients that hold under small noise, in length and direction: no attack inside, so the cheapest of all."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from attrcore.recipe import knob
from attrcore.train.objective import Moment, Objective
from attrcore.train.path import logit


@dataclass(frozen=True)
class L2Cosine(Objective):
    """Cross-entropy, with gradients held under noise in length and direction (Joo et al., 2023, AAAI).

    g is the gradient of the true class's logit, u noise drawn evenly from the ball: `length` times the squared length
    of g(x) - g(x + u), plus `angle` times half of 1 - cos.  (The authors train networks whose corners are rounded, with
    a softplus of sharpness 3.)
    """

    eps: float = knob(4 / 255, 0.0, 1.0, "Largest noise at any pixel, in [0, 1] units.")
    length: float = knob(0.01, 0.0, 1000.0, "Weight of the squared length of the difference.")
    angle: float = knob(1.0, 0.0, 1000.0, "Weight of half of one minus the cosine.")

    def terms(self, net: nn.Module, x: Tensor, y: Tensor, at: Moment) -> dict[str, Tensor]:
        """Three terms."""
        z = (x + self.eps * at.uniform(x)).clamp(0, 1)
        both = torch.cat([x, z]).requires_grad_()
        logits = net(both)
        (slopes,) = torch.autograd.grad(logit(logits, y.repeat(2)).sum(), both, create_graph=True)
        a, b = slopes.flatten(1).chunk(2)
        return {
            "cross-entropy": F.cross_entropy(logits[: len(x)], y),
            "length": self.length * (a - b).square().sum(1).mean(),
            "angle": self.angle * (1 - F.cosine_similarity(a, b)).mean() / 2,
        }
