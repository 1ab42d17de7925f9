"""IG-SUM-NORM: accuracy on the worst images in reach, and little attribution for the way to them."""

from dataclasses import dataclass, field

from torch import Tensor, nn
from torch.nn import functional as F

from attrcore.recipe import knob
from attrcore.train.inner import Inner
from attrcore.train.objective import Moment, Objective
from attrcore.train.path import PathIntegral, loss, size


@dataclass(frozen=True)
class IgSumNorm(Objective):
    """IG-SUM-NORM (Chen et al., 2019, arXiv:1905.09957).

    The largest of cross-entropy of x' plus `weight` (their beta) times the 1-norm of the integrated gradients of the
    loss from x to x', over x' in the ball: as those sum to l(x') - l(x), sum and norm of the attribution on top of
    l(x).  Of weight 0 it is adversarial training.
    """

    weight: float = knob(0.1, 0.0, 1000.0, "Weight of the attribution's norm.")
    inner: Inner = field(default=Inner(), metadata={"label": "The worst images"})
    led: int = knob(
        0, 0, 1000, "The first of the steps inside, so many, climb the cross-entropy alone, which is cheap."
    )
    near: PathIntegral = field(default=PathIntegral(steps=10), metadata={"label": "The path while they are sought"})
    path: PathIntegral = field(default=PathIntegral(), metadata={"label": "The path that is trained"})

    def terms(self, net: nn.Module, x: Tensor, y: Tensor, at: Moment) -> dict[str, Tensor]:
        """Two terms, of the images that climbing their sum in its cheaper form finds."""

        def value(z: Tensor) -> Tensor:
            found = loss(net(z), y)
            return found + self.weight * size(self.near(net, loss, x, z, y)) if self.weight else found

        z = self.inner.worst(value, net, x, at, lambda z: loss(net(z), y), self.led)
        found = {"cross-entropy": F.cross_entropy(net(z), y)}
        if self.weight:
            found["attribution"] = self.weight * size(self.path(net, loss, x, z, y)).mean()
        return found
