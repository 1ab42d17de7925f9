"""Linearity, on a digit: the map of a mixture of two networks, against the mixture of their maps."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from attrcore.axioms import Axiom, Verdict, figure
from attrcore.explain import EXPLAINERS
from attrcore.models import MODELS
from attrcore.quick import loaded, pixels

AXIOM = Axiom(
    "Linearity",
    "The map of a weighted sum of two networks is the same weighted sum of their maps.",
    r"F = w F_1 + (1 - w) F_2 \quad\Rightarrow \\ A_F(x) = w A_{F_1}(x) + (1 - w) A_{F_2}(x)",
    "Linear methods explain an ensemble by its members. Guided Backprop and Deconvnet are linear as long as no weight "
    "is negative: move w below 0 or above 1. A square or a competition of classes breaks linearity at once, by design. "
    "The two networks meet only in the last step here; it is no proof for networks that are added in another way.",
)
METHODS = (
    "Gradient", "Gradient x Input", "Integrated Gradients", "Expected Gradients", "SmoothGrad", "DeepLIFT", "LRP",
    "Guided Backprop", "Deconvnet", "SmoothGrad-squared", "VarGrad", "CGI",
)  # fmt: skip
NETWORKS = "MNIST CNN", "MNIST MLP"
WEIGHTS = (-1.0, -0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
ROUNDING = float(torch.finfo(torch.float32).eps)
BOUND = 1000 * ROUNDING  # a map is a sum of about as many products


class Mixture(nn.Module):
    """w f1 + (1 - w) f2."""

    def __init__(self, f1: nn.Module, f2: nn.Module, w: float) -> None:
        super().__init__()
        self.f1, self.f2, self.w = f1, f2, w

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, 28, 28) in [0, 1] -> (B, 10) logits."""
        return self.w * self.f1(x) + (1 - self.w) * self.f2(x)


class Mixed(NamedTuple):
    """One method at every weight."""

    maps: np.ndarray  # (WEIGHTS, 2, 28, 28) float32: of the mixture, and the mixture of the maps
    off: list[float]  # their largest difference, as a share of the largest value


def mixed(image: np.ndarray, name: str) -> Mixed:
    """Both sides of the equation for the class that the first network predicts; `image` is (1, 28, 28) uint8."""
    method, x = EXPLAINERS[name](), pixels(image)
    f1, f2 = (loaded(model, MODELS[model].digest).net for model in NETWORKS)
    with torch.no_grad():
        target = f1(x).argmax(1)
    a1, a2 = (method(net, x, target) for net in (f1, f2))
    pairs = torch.stack([
        torch.cat([method(Mixture(f1, f2, w).eval(), x, target), w * a1 + (1 - w) * a2])[:, 0] for w in WEIGHTS
    ])  # fmt: skip
    off = (pairs[:, 0] - pairs[:, 1]).abs().amax((1, 2)) / pairs[:, 1].abs().amax((1, 2))
    return Mixed(pairs.numpy(), off.tolist())


def verdict(name: str, off: list[float], at: int) -> Verdict:
    """Is the difference at one of the weights no more than rounding?  Beside it the largest one at any weight."""
    return Verdict(name, off[at] <= BOUND, (figure(off[at]), figure(max(off))))
