"""Input invariance: two networks that give the same scores of images that differ by what is always added to one."""

from copy import deepcopy
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from attrcore.axioms import Axiom, Verdict, figure
from attrcore.data.digits import packaged_digits
from attrcore.explain.deconvnet import Deconvnet
from attrcore.explain.deep_taylor import DeepTaylor
from attrcore.explain.deeplift import DeepLift
from attrcore.explain.edges import SobelEdges
from attrcore.explain.gradient import Gradient
from attrcore.explain.gradient_x_input import GradientXInput
from attrcore.explain.guided_backprop import GuidedBackprop
from attrcore.explain.integrated_gradients import IntegratedGradients
from attrcore.explain.lrp import LRP
from attrcore.explain.smoothgrad import SmoothGrad
from attrcore.models import MODELS
from attrcore.models.small import MnistMLP
from attrcore.recipe import Recipe

AXIOM = Axiom(
    "Input invariance",
    "Two networks that differ only in an offset of their images, which the first layer's bias takes off again, must "
    "get the same map.",
    r"F_2(x + m) = F_1(x)\ \text{for all}\ x \quad\Rightarrow \\ A_{F_2}(x + m) = A_{F_1}(x)",
    "A method that fails draws what was added, although no score depends on it: the map shows the picture, not the "
    "network's reasons. Whatever multiplies by the input, or starts from a baseline that stays where it is, fails; "
    "with a baseline that is moved along, Integrated Gradients and DeepLIFT keep the axiom. So it is a choice of "
    "reference that is tested here, not the method alone, and keeping the axiom makes no map right.",
)
FIXED, ALONG = "black baseline", "baseline moved along"
METHODS: dict[str, Recipe] = {
    "Gradient": Gradient(),
    "SmoothGrad": SmoothGrad(),
    "Guided Backprop": GuidedBackprop(),
    "Deconvnet": Deconvnet(),
    "Gradient x Input": GradientXInput(),
    f"Integrated Gradients, {FIXED}": IntegratedGradients(steps=64),
    f"Integrated Gradients, {ALONG}": IntegratedGradients(steps=64),
    f"DeepLIFT, {FIXED}": DeepLift(),
    f"DeepLIFT, {ALONG}": DeepLift(),
    "LRP (Z)": LRP(preset="Z"),
    "Deep Taylor": DeepTaylor(),
}
CONTROL = "Sobel edges"
BOUND = 1e-9  # of the largest difference, as a share of the largest value; double precision leaves 1e-14
DIGITS = 50  # on which verdicts rest
INK = 0.5  # a pixel of the ghost that is brighter counts as drawn


class Moved(nn.Module):
    """A network behind an offset: z -> net(z + m).

    Maps of it with a black baseline are those of `net` at z + m with the baseline m: one that was moved along.
    """

    def __init__(self, net: nn.Module, m: Tensor) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("m", m)

    def forward(self, z: Tensor) -> Tensor:
        """(B, 1, 28, 28) -> (B, 10) logits."""
        return self.net(z + self.m)


@cache
def network() -> MnistMLP:
    """The MNIST MLP in double precision."""
    return deepcopy(MODELS["MNIST MLP"].load().net).double()


def offset(net: MnistMLP, m: Tensor) -> MnistMLP:
    """The same network for images to which m (1, 28, 28) was added: its first bias takes off W m."""
    other = deepcopy(net)
    with torch.no_grad():
        other.fc1.bias -= other.fc1.weight @ m.flatten()
    return other


class Seen(NamedTuple):
    """One digit and its copy with the offset, as both networks see them."""

    logits: np.ndarray  # (2, 10)
    maps: dict[str, np.ndarray]  # method -> (2, 28, 28): of the first network, and of the second
    off: dict[str, float]  # method -> the largest difference of both, as a share of the largest value


class Measured(NamedTuple):
    """How alike both networks are over many digits."""

    apart: float  # the largest difference of two logits
    verdicts: list[Verdict]  # figures: the largest difference, and the weight on the ghost in both
    even: float  # the weight on the ghost of a map that is the same everywhere


def offset_of(kind: str, value: float, ghost: np.ndarray | None) -> Tensor:
    """What is added, (1, 28, 28): a constant, or a digit (1, 28, 28) uint8 times `value`."""
    if kind == "constant":
        return torch.full((1, 28, 28), value, dtype=torch.double)
    return torch.from_numpy(ghost).double() / 255 * value


def seen(image: np.ndarray, kind: str, value: float, ghost: np.ndarray | None) -> Seen:
    """Of a digit (1, 28, 28) uint8."""
    m = offset_of(kind, value, ghost)
    x = torch.from_numpy(image)[None].double() / 255
    one, two = network(), offset(network(), m)
    with torch.no_grad():
        logits = torch.cat([one(x), two(x + m)])
    found = maps(x, m, logits[:1].argmax(1))
    pictures = {name: np.stack([a[0, 0].float().numpy() for a in pair]) for name, pair in found.items()}
    return Seen(logits.numpy(), pictures, {name: apart(*pair) for name, pair in found.items()})


def maps(x: Tensor, m: Tensor, target: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
    """By method the maps of the first network at x and of the second at x + m, (B, 1, 28, 28) each."""
    one, two = network(), offset(network(), m)
    found = {}
    for name, method in METHODS.items():
        other = method(Moved(two, m), x, target) if name.endswith(ALONG) else method(two, x + m, target)
        found[name] = method(one, x, target), other
    found[CONTROL] = SobelEdges()(one, x, target), SobelEdges()(two, x + m, target)
    return found


def measured(kind: str, value: float, ghost: np.ndarray | None) -> Measured:
    """Logits and maps of packaged digits, compared."""
    m = offset_of(kind, value, ghost)
    x = torch.from_numpy(packaged_digits()[0][:DIGITS, None]).double() / 255
    one, two = network(), offset(network(), m)
    with torch.no_grad():
        logits, others = one(x), two(x + m)
    found = maps(x, m, logits.argmax(1))
    verdicts = [verdict(name, *pair, m) for name, pair in found.items()]
    return Measured(float((logits - others).abs().max()), verdicts, float(drawn(m).double().mean()))


def apart(a: Tensor, b: Tensor) -> float:
    """The largest difference of two networks' maps, as a share of the first's largest value."""
    return float((b - a).abs().max() / a.abs().max())


def verdict(name: str, a: Tensor, b: Tensor, m: Tensor) -> Verdict:
    """Whether two networks' maps (B, 1, 28, 28) are the same."""
    off = apart(a, b)
    return Verdict(name, off <= BOUND, (figure(off), *weights(a, b, drawn(m))))


def drawn(m: Tensor) -> Tensor:
    """Where the offset is large, (1, 28, 28) bool: of a ghost its strokes."""
    return m.abs() > INK * m.abs().max()


def weights(a: Tensor, b: Tensor, ink: Tensor) -> tuple[str, ...]:
    """The mean share of a map's absolute values that lies on the ghost's strokes, of both; nothing of a constant."""
    if ink.all() or not ink.any():
        return "", ""
    shares = [(t.abs() * ink).sum((1, 2, 3)) / t.abs().sum((1, 2, 3)) for t in (a, b)]
    return tuple(f"{float(share.mean()):.0%}" for share in shares)
