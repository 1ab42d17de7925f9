"""The same network with rounded corners, so that its maps have a slope.

A ReLU network is piecewise linear: the gradient of its logit is constant between the kinks, and the derivative of a map
made of such gradients is exactly zero.  With softplus in place of ReLU it is not.  Whatever is found that way is judged
on the network itself.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F

from attrcore.nodes import Forward
from attrcore.rewrite import replaced, traced


class SoftReLU6(nn.Module):
    """min(max(z, 0), 6) with both corners rounded."""

    def __init__(self, beta: float) -> None:
        super().__init__()
        self.beta = beta

    def forward(self, z: Tensor) -> Tensor:
        """Any shape."""
        return F.softplus(z, self.beta) - F.softplus(z - 6, self.beta)


class SoftLeakyReLU(nn.Module):
    """The slope of a leaky ReLU below zero plus softplus for what is steeper above it."""

    def __init__(self, beta: float, slope: float) -> None:
        super().__init__()
        self.beta, self.slope = beta, slope

    def forward(self, z: Tensor) -> Tensor:
        """Any shape."""
        return self.slope * z + (1 - self.slope) * F.softplus(z, self.beta)


def softened(net: nn.Module, beta: float) -> fx.GraphModule:
    """`net` with ReLU(z) as log(1 + exp(beta z)) / beta, ReLU6 and leaky ReLU likewise; weights shared.

    The larger beta, the nearer to the network itself (Dombrowski et al., 2019, arXiv:1906.07983).  Other activations
    are curved already and stay, as max-pooling does.  Raises Refused where the network cannot be traced.
    """
    rules: dict[str, Callable[[Forward], nn.Module]] = {
        "relu": lambda _: nn.Softplus(beta),
        "relu6": lambda _: SoftReLU6(beta),
        "leaky_relu": partial(leaky, beta),
    }
    return replaced(traced(net), rules)


def leaky(beta: float, function: Forward) -> nn.Module:
    """The rounded version of a leaky ReLU, whose slope is read off at -1."""
    return SoftLeakyReLU(beta, -float(function(torch.tensor([-1.0]))))
