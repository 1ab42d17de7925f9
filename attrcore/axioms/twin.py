"""Implementation invariance, on digits: the MNIST MLP and a twin that gives every image the same logits."""

from copy import deepcopy
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from attrcore.axioms import Verdict
from attrcore.axioms.invariance import METHODS, compared
from attrcore.data.digits import packaged_digits
from attrcore.models import MODELS
from attrcore.models.small import MnistMLP

WEIGHT, LIFT = 10.0, 1.0  # zero times anything is zero; this much is seen without a lens
DIGITS = 200  # on which logits are compared
EXPLAINED = 50  # of them, on which maps are compared


class Twin(nn.Module):
    """A MnistMLP that adds zero to its first hidden units, and keeps them one higher than they are.

    With two units u and v before their ReLUs, relu(max(u, v)) + relu(min(u, v)) - relu(u) - relu(v) = 0; `WEIGHT` times
    that is added to the one and taken from the other, maximum and minimum being made of ReLUs as well.  What is one
    too high, the next layer's bias takes off.  The first moves DeepLIFT, whose secants of the four ReLUs do not add up
    to zero; the second moves LRP, which shares relevance out in proportion to what units hold.
    """

    def __init__(self, net: MnistMLP) -> None:
        super().__init__()
        second = deepcopy(net.fc2)
        second.bias -= LIFT * second.weight.sum(1)
        self.first, self.rest = net.fc1, nn.Sequential(second, nn.ReLU(), net.fc3, nn.ReLU(), net.fc4)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, 28, 28) in [0, 1] -> (B, 10) logits."""
        z = self.first(x.flatten(1))
        u, v = z.chunk(2, 1)
        over = torch.relu(u - v)
        larger, smaller = v + over, u - over
        a, b = torch.relu(z).chunk(2, 1)
        zero = torch.relu(larger) + torch.relu(smaller) - a - b
        return self.rest(torch.cat([a + WEIGHT * zero, b - WEIGHT * zero], 1) + LIFT)


@cache
def pair() -> tuple[nn.Module, nn.Module]:
    """The MNIST MLP in double precision, and its twin."""
    net = deepcopy(MODELS["MNIST MLP"].load().net).double()
    return net, Twin(net).eval()


class Measured(NamedTuple):
    """How alike the two networks and their maps are."""

    apart: float  # the largest difference of two logits over `DIGITS` digits
    verdicts: list[Verdict]  # from the maps of `EXPLAINED` digits


def measured() -> Measured:
    """Logits and maps of packaged digits, compared."""
    digits = torch.tensor(packaged_digits()[0][:DIGITS, None]).double() / 255
    with torch.no_grad():
        logits, others = (net(digits) for net in pair())
    images, target = digits[:EXPLAINED], logits[:EXPLAINED].argmax(1)
    verdicts = [compared(name, maps(name, images, target)) for name in METHODS]
    return Measured(float((logits - others).abs().max()), verdicts)


def seen(image: np.ndarray) -> dict[str, np.ndarray]:
    """The maps of both networks for the predicted class, (2, 28, 28) each; `image` is (1, 28, 28) uint8."""
    x = torch.tensor(image)[None].double() / 255
    with torch.no_grad():
        target = pair()[0](x).argmax(1)
    return {name: maps(name, x, target)[:, 0, 0].astype(np.float32) for name in METHODS}


def maps(name: str, x: Tensor, target: Tensor) -> np.ndarray:
    """Of both networks, (2, B, 1, 28, 28)."""
    return np.stack([METHODS[name](net, x, target).numpy() for net in pair()])
