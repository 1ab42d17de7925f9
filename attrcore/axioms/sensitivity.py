"""Sensitivity, on one pixel: f(x) = 1 - relu(1 - x)."""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from attrcore.axioms import Axiom, Verdict, figure
from attrcore.explain.adaptive_ig import AdaptiveIntegratedGradients
from attrcore.explain.deconvnet import Deconvnet
from attrcore.explain.deeplift import DeepLift
from attrcore.explain.gradient import Gradient
from attrcore.explain.gradient_x_input import GradientXInput
from attrcore.explain.guided_backprop import GuidedBackprop
from attrcore.explain.integrated_gradients import IntegratedGradients
from attrcore.explain.lrp import LRP

AXIOM = Axiom(
    "Sensitivity",
    "If an image differs from its baseline in one pixel and the score differs too, that pixel must not get zero.",
    r"x_j = x'_j \ \text{for all}\ j \neq i,\quad F(x) \neq F(x') \\ \Rightarrow\quad A_i(x) \neq 0",
    "Beyond x = 1 the score is saturated: its slope is zero, and whatever starts from the slope says that the pixel "
    "does not matter, although the score would be 0 without it. A method that gives the pixel something may still "
    "give it too much or too little: that is completeness.",
)
STEPS = 512  # of Integrated Gradients: all that its knob allows
METHODS = {
    "Gradient": Gradient(),
    "Gradient x Input": GradientXInput(),
    "LRP (Z)": LRP(preset="Z"),
    "Guided Backprop": GuidedBackprop(),
    "Deconvnet": Deconvnet(),
    "Integrated Gradients": IntegratedGradients(steps=STEPS, rule="midpoint"),
    "Adaptive IG": AdaptiveIntegratedGradients(tolerance=0.0005, most=2048),
    "DeepLIFT": DeepLift(),
}
STOPS = 301  # of the slider, from 0 to 3
ALIKE = 0.01  # curves closer than that cannot be told apart in the chart
BOUND = 1e-6  # a smaller attribution is zero


class Curves(NamedTuple):
    """Everything along the slider."""

    x: np.ndarray  # (STOPS,) from 0 to 3
    score: np.ndarray  # (STOPS,) f(x)
    attributions: dict[str, np.ndarray]  # method -> (STOPS,)

    def bundles(self) -> dict[str, np.ndarray]:
        """The curves, those that nowhere differ by more than `ALIKE` as one, under all their names."""
        found: list[tuple[list[str], np.ndarray]] = []
        for name, a in self.attributions.items():
            names = next((names for names, other in found if np.abs(a - other).max() <= ALIKE), None)
            found.append(([name], a)) if names is None else names.append(name)
        return {" = ".join(names): a for names, a in found}

    def verdict(self, name: str, at: int) -> Verdict:
        """Is it zero where the score has changed?  Beside it the value at one stop, and the distance to f(x) - f(0)."""
        a, gained = self.attributions[name], self.score - self.score[0]
        ignored = self.x[(np.abs(gained) > BOUND) & (np.abs(a) <= BOUND)]
        where = f"{ignored[0]:g} to {ignored[-1]:g}" if len(ignored) else "nowhere"
        return Verdict(name, not len(ignored), (f"{a[at]:.3f}", where, figure(float(np.abs(a - gained).max()))))


def network() -> nn.Module:
    """f on images of one pixel, baseline 0: the score rises to 1 at x = 1 and stays there."""
    net = nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU(), nn.Flatten(), nn.Linear(1, 1)).double().requires_grad_(False)
    for layer in (net[0], net[3]):  # 1 - x, and 1 - what relu makes of it
        layer.weight.fill_(-1)
        layer.bias.fill_(1)
    return net.eval()


def curves() -> Curves:
    """Score and attributions of every method at every stop of the slider."""
    net, x = network(), torch.arange(STOPS, dtype=torch.double) / 100
    images, target = x.view(-1, 1, 1, 1), torch.zeros(STOPS, dtype=torch.long)
    found = {name: method(net, images, target).flatten().numpy() for name, method in METHODS.items()}
    return Curves(x.numpy(), net(images)[:, 0].numpy(), found)
