"""Implementation invariance, on two pixels: one function, written in three ways."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from attrcore.axioms import Axiom, Verdict, figure
from attrcore.explain.deconvnet import Deconvnet
from attrcore.explain.deeplift import DeepLift
from attrcore.explain.expected_gradients import ExpectedGradients
from attrcore.explain.gradient import Gradient
from attrcore.explain.gradient_x_input import GradientXInput
from attrcore.explain.guided_backprop import GuidedBackprop
from attrcore.explain.integrated_gradients import IntegratedGradients
from attrcore.explain.lrp import LRP
from attrcore.recipe import Recipe

AXIOM = Axiom(
    "Implementation invariance",
    "Two networks that give every image the same score must get the same map, however they compute it.",
    r"F(x) = G(x)\ \text{for all}\ x \quad\Rightarrow \\ A_F(x) = A_G(x)",
    "A difference proves that a method breaks the axiom. No difference proves nothing, for another rewriting may show "
    "one (Guided Backprop passes g and fails h). Gradients belong to the function, so whatever is made of gradients "
    "and scores alone keeps the axiom on every pair; that says nothing about whether its maps are good.",
)
METHODS: dict[str, Recipe] = {
    "Gradient": Gradient(),
    "Gradient x Input": GradientXInput(),
    "Integrated Gradients": IntegratedGradients(steps=64),
    "Expected Gradients": ExpectedGradients(),
    "DeepLIFT": DeepLift(),
    "LRP (Z)": LRP(preset="Z"),
    "LRP (z+)": LRP(preset="z+"),
    "Guided Backprop": GuidedBackprop(),
    "Deconvnet": Deconvnet(),
}
FORMULAS = {
    "f": "relu(relu(x₁) - 1 - relu(x₂))",
    "g": "relu(relu(x₁ - 1) - relu(x₂))",
    "h": "relu(relu(x₁) - 1 - (x₂ + relu(-x₂)))",
}
STOPS = np.arange(-4, 13) / 4  # of each slider; multiples of a quarter add up without rounding, also at kinks
POINTS = 2000  # drawn from [-1, 3] x [-1, 3] for the verdict
BOUND = 1e-9  # of the largest difference, as a share of the largest value; double precision leaves 1e-15


class Written(nn.Module):
    """relu(outer(relu(inner(x)))) of two pixels; the outer layer may see the pixels themselves too."""

    def __init__(self, inner: list[list[float]], bias: list[float], outer: list[float], minus: float) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(2, len(inner)), nn.Linear(len(outer), 1)
        self.direct = len(outer) > len(inner)
        self.double().requires_grad_(False).eval()
        for part, value in ((self.inner.weight, inner), (self.inner.bias, bias), (self.outer.weight, [outer])):
            part.copy_(torch.tensor(value))
        self.outer.bias.fill_(-minus)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, 1, 2) -> (B, 1)."""
        x = x.flatten(1)
        hidden = torch.relu(self.inner(x))
        return torch.relu(self.outer(torch.cat([hidden, x], 1) if self.direct else hidden))


def networks() -> dict[str, nn.Module]:
    """f and g are the paper's pair (its figure 7); h is f with relu(x2) written as x2 + relu(-x2)."""
    return {
        "f": Written([[1, 0], [0, 1]], [0, 0], [1, -1], 1),
        "g": Written([[1, 0], [0, 1]], [-1, 0], [1, -1], 0),
        "h": Written([[1, 0], [0, -1]], [0, 0], [1, -1, 0, -1], 1),
    }


class Ways(NamedTuple):
    """The maps of one function written in three ways."""

    maps: dict[str, np.ndarray]  # method -> (f g h, x1, x2, pixel): at every stop of both sliders
    scores: np.ndarray  # (f g h, x1, x2)
    apart: float  # the largest difference of the three scores over `POINTS` random points
    verdicts: list[Verdict]  # from the same points; figures of f against g, and of f against h


def ways() -> Ways:
    """Maps at every stop of the sliders; equality of scores and of maps at random points."""
    nets = networks().values()
    drawn = torch.rand(POINTS, 1, 1, 2, generator=torch.Generator().manual_seed(0), dtype=torch.double) * 4 - 1
    stops = torch.cartesian_prod(*[torch.from_numpy(STOPS)] * 2).view(-1, 1, 1, 2)
    side = len(STOPS)
    maps = {name: everywhere(method, stops).reshape(3, side, side, 2) for name, method in METHODS.items()}
    f, *others = (net(drawn) for net in nets)
    return Ways(
        maps,
        np.stack([net(stops).numpy().reshape(side, side) for net in nets]),
        max(float((f - other).abs().max()) for other in others),
        [compared(name, everywhere(method, drawn)) for name, method in METHODS.items()],
    )


def everywhere(method: Recipe, x: Tensor) -> np.ndarray:
    """Its maps of the three networks, (3, B, 2)."""
    target = torch.zeros(len(x), dtype=torch.long)
    return np.stack([method(net, x, target).flatten(1).numpy() for net in networks().values()])


def compared(name: str, maps: np.ndarray) -> Verdict:
    """How far the maps of other networks (n, B, ...) are from those of the first, as a share of its largest value."""
    off = [float(np.abs(other - maps[0]).max() / np.abs(maps[0]).max()) for other in maps[1:]]
    return Verdict(name, max(off) <= BOUND, tuple(map(figure, off)))
