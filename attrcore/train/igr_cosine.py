"""Adversarial training whose attributions keep their direction under the attack."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from attrcore.recipe import knob
from attrcore.train.inner import Inner
from attrcore.train.objective import Moment, Objective
from attrcore.train.path import PathIntegral, logit, loss


@dataclass(frozen=True)
class IgrCosine(Objective):
    """IGR on adversarial training (Wang & Kong, 2022, NeurIPS).

    Cross-entropy of x', the worst image in reach, plus `weight` times 1 - cos of the integrated gradients of the true
    class's logit, from black, of x and x'.
    """

    weight: float = knob(1.0, 0.0, 1000.0, "Weight of one minus the cosine.")
    inner: Inner = field(default=Inner(), metadata={"label": "The worst images"})
    path: PathIntegral = field(default=PathIntegral(5, "Gauss-Legendre"), metadata={"label": "The path to each image"})

    def terms(self, net: nn.Module, x: Tensor, y: Tensor, at: Moment) -> dict[str, Tensor]:
        """Two terms."""
        z = self.inner.worst(lambda z: loss(net(z), y), net, x, at)
        both = torch.cat([x, z])
        a, b = self.path(net, logit, torch.zeros_like(both), both, y.repeat(2)).flatten(1).chunk(2)
        return {
            "cross-entropy": F.cross_entropy(net(z), y),
            "attribution": self.weight * (1 - F.cosine_similarity(a, b)).mean(),
        }
