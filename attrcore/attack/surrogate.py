"""The same network with rounded corners, so that its maps have a slope.

A ReLU network is piecewise linear: the gradient of its logit is constant between the kinks, and the derivative of a map
made of such gradients is exactly zero.  With softplus in place of ReLU it is not.  Whatever is found that way is judged
on the network itself.

How sharp a corner is, is a matter of scale: what enters SqueezeNet's ReLUs is spread over hundreds, what enters those
of a network for digits over one.  So beta is counted in units of that spread, and means the same in every network and
in each of its layers.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F

from attrcore.draws import generator
from attrcore.nodes import Forward
from attrcore.rewrite import replaced, traced

PATTERNS = 4  # on which the spread is measured
GRAIN = (1, 4, 16)  # pixels: photos have detail at every scale


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


def softened(net: nn.Module, beta: float, spread: list[float]) -> fx.GraphModule:
    """`net` with ReLU(z) as log(1 + exp(b z)) / b, ReLU6 and leaky ReLU likewise; weights shared.

    The larger beta, the nearer to the network itself (Dombrowski et al., 2019, arXiv:1906.07983).  b is beta / s, where
    s is the `spread` of what enters the activation.  Other activations are curved already and stay, as max-pooling
    does.  Raises Refused where the network cannot be traced.
    """
    left = iter(spread)
    rules: dict[str, Callable[[Forward], nn.Module]] = {
        "relu": lambda _: nn.Softplus(beta / next(left)),
        "relu6": lambda _: SoftReLU6(beta / next(left)),
        "leaky_relu": lambda function: leaky(beta / next(left), function),
    }
    return replaced(traced(net), rules)


class Noted(nn.Module):
    """An activation that notes the standard deviation of what enters it."""

    def __init__(self, found: list[float], activation: Forward) -> None:
        super().__init__()
        self.found, self.activation = found, activation

    def forward(self, z: Tensor) -> Tensor:
        """Any shape."""
        self.found.append(z.std().item() or 1.0)  # where all is the same, any unit will do
        return self.activation(z)


def spreads(net: nn.Module, x: Tensor) -> list[float]:
    """How widely what enters each activation with corners is spread, in the order in which `softened` meets them.

    Measured on seeded patterns, not on the images: the surrogate of an image must not depend on its company in a batch.
    Of `x`, (B, C, H, W), only size, precision and device count.  On photos the spread is half to twice as large.
    """
    found: list[float] = []
    noting = replaced(traced(net), dict.fromkeys(("relu", "relu6", "leaky_relu"), partial(Noted, found)))
    with torch.no_grad():
        noting(patterns(x.shape[1:]).to(x))
    return found


def patterns(shape: torch.Size) -> Tensor:
    """Noise with grains of several sizes, (PATTERNS, C, H, W), in [0, 1]."""
    g, (channels, height, width) = generator("patterns", 0), shape
    sizes = [(max(1, height // grain), max(1, width // grain)) for grain in GRAIN]
    drawn = [torch.rand((PATTERNS, channels, *size), generator=g) for size in sizes]
    return torch.stack([F.interpolate(noise, (height, width)) for noise in drawn]).mean(0)


def leaky(beta: float, function: Forward) -> nn.Module:
    """The rounded version of a leaky ReLU, whose slope is read off at -1."""
    return SoftLeakyReLU(beta, -float(function(torch.tensor([-1.0]))))
