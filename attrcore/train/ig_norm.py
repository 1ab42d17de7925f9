"""IG-NORM: accuracy on the images as they are, and no attribution for any small change of them."""

from dataclasses import dataclass, field

from torch import Tensor, nn
from torch.nn import functional as F

from attrcore.recipe import knob
from attrcore.train.inner import Inner
from attrcore.train.objective import Moment, Objective
from attrcore.train.path import PathIntegral, loss, size


@dataclass(frozen=True)
class IgNorm(Objective):
    """IG-NORM (Chen et al., 2019, arXiv:1905.09957).

    Cross-entropy of x, plus `weight` times the largest 1-norm of the integrated gradients of the loss from x to any x'
    in the ball.  The search for x' takes a cheaper integral than the term that is trained.

    From a random start that search alone ends far below the maximum: a pixel that starts on the side where the loss
    falls has its part of the norm grow the farther it goes there.  `led` steps up the loss, which is at most the norm,
    lead to the other side; on one layer that is the maximum of the paper's theorem.  The authors take none.  (Their
    cross-entropy is cut off where the probability falls below 1e-10.)
    """

    weight: float = knob(1.0, 0.0, 1000.0, "Weight of the attribution's norm.")
    inner: Inner = field(default=Inner(), metadata={"label": "The worst images"})
    led: int = knob(0, 0, 1000, "The first of the steps inside, so many, climb the loss instead of the norm.")
    near: PathIntegral = field(default=PathIntegral(steps=10), metadata={"label": "The path while they are sought"})
    path: PathIntegral = field(default=PathIntegral(), metadata={"label": "The path that is trained"})

    def terms(self, net: nn.Module, x: Tensor, y: Tensor, at: Moment) -> dict[str, Tensor]:
        """Two terms, the second of the images that climbing its own cheaper form finds."""
        z = self.inner.worst(
            lambda z: size(self.near(net, loss, x, z, y)), net, x, at, lambda z: loss(net(z), y), self.led
        )
        norm = size(self.path(net, loss, x, z, y)).mean()
        return {"cross-entropy": F.cross_entropy(net(x), y), "attribution": self.weight * norm}
