"""Completeness, on a digit: what a map sums to, against what the score gained."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from attrcore.axioms import Axiom, Verdict, figure
from attrcore.baselines import Black
from attrcore.explain import EXPLAINERS
from attrcore.quick import loaded, pixels

AXIOM = Axiom(
    "Completeness",
    "The values of a map add up to what the score gained from baseline to image.",
    r"\sum_i A_i(x) = F(x) - F(x')",
    "Necessary for a map that shares out the score, and far from sufficient: the last row spreads the gain evenly over "
    "all pixels, sums exactly, and says nothing. A method that does not promise the sum is not wrong for missing it; "
    "its values merely cannot be read as parts of the score.",
)
# Those with a sign and one value per pixel.  KernelSHAP, LIME and others give one value to a whole patch.
METHODS = (
    "Gradient", "SmoothGrad", "Guided Backprop", "Deconvnet", "Gradient x Input", "CGI", "Integrated Gradients",
    "Adaptive IG", "IDGI", "DeepLIFT", "DeepLIFT-SHAP", "Expected Gradients", "GradientSHAP", "LRP", "Deep Taylor",
)  # fmt: skip
CONTROL = "Evenly spread (control)"
BOUND = 0.05  # for those that promise nothing


class Sum(NamedTuple):
    """What one map adds up to."""

    method: str
    total: float
    due: float  # what it should add up to
    promise: str  # what its method promises, in words
    bound: float  # how far off it may be, as a share of `due`

    @property
    def verdict(self) -> Verdict:
        """Whether it is there."""
        off = abs(self.total - self.due) / max(abs(self.due), 1e-12)
        figures = self.promise, f"{self.total:.2f}", f"{self.due:.2f}", figure(off), f"{self.bound:.2g}"
        return Verdict(self.method, off <= self.bound, figures)


def summed(model: str, digest: str, image: np.ndarray, name: str) -> Sum:
    """The sum of one method's map of the predicted class; `image` is (C, H, W) uint8.

    Compared with the gain from its own baseline, where it has one; from black, where it has none; and where it promises
    the score itself (LRP), with that.
    """
    net, x = loaded(model, digest).net, pixels(image)
    with torch.no_grad():
        score, target = net(x).max(1)
    black = gain(net, x, Black()(x), target)
    if name == CONTROL:
        return Sum(name, float((black / x.numel()).expand(x.numel()).sum()), float(black), "F(x) - F(black)", BOUND)
    method = EXPLAINERS[name]()
    total = float(method(net, x, target).double().sum())
    bound = max((b for law, b in method.promises.items() if law in ("completeness", "conservation")), default=BOUND)
    if "conservation" in method.promises:
        return Sum(name, total, float(score), "F(x)", bound)
    if hasattr(method, "background"):
        due, long_run = gain(net, x, method.background(x), target), "completeness" not in method.promises
        words = "F(x) - F(noise)" + ", in the long run" * long_run
        return Sum(name, total, float(due), words, bound)
    if "completeness" in method.promises:
        return Sum(name, total, float(gain(net, x, method.reference(x), target)), "F(x) - F(black)", bound)
    return Sum(name, total, float(black), "nothing", bound)


def gain(net: nn.Module, x: Tensor, others: Tensor, target: Tensor) -> Tensor:
    """F(x) - F(x'), or minus the mean over several x'."""
    with torch.no_grad():
        return net(x)[0, target[0]].double() - net(others)[:, target[0]].double().mean()
