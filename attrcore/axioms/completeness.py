"""Completeness, on a digit: what a map sums to, against what the score gained."""

from dataclasses import replace
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
    "all pixels, sums exactly, and says nothing. A method that promises another sum, or none, is not wrong for missing "
    "this one; its values merely cannot be read as parts of the gain.",
)
# Those with a sign and one value per pixel.  KernelSHAP, LIME and others give one value to a whole patch.
METHODS = (
    "Gradient", "SmoothGrad", "Guided Backprop", "Deconvnet", "Gradient x Input", "CGI", "Integrated Gradients",
    "Adaptive IG", "IDGI", "DeepLIFT", "DeepLIFT-SHAP", "Expected Gradients", "GradientSHAP", "LRP", "Deep Taylor",
)  # fmt: skip
CONTROL = "Evenly spread (control)"
BOUND = 0.05  # for those that promise nothing
SEEDS = 16  # maps of a method whose sum is right only in the long run


class Sum(NamedTuple):
    """What one map adds up to."""

    method: str
    total: float  # the mean of several, where `error` is above zero
    due: float  # what the axiom asks for
    promise: str  # what its method promises, in words
    bound: float  # how far off it may be, as a share of `due`
    error: float = 0.0  # standard error of `total`

    @property
    def verdict(self) -> Verdict:
        """Whether it is there, as far as chance lets one say."""
        off = abs(self.total - self.due) / max(abs(self.due), 1e-12)
        allowed = self.bound + 2 * self.error / max(abs(self.due), 1e-12)
        total = f"{self.total:.2f}" + f" ± {self.error:.2f}" * (self.error > 0)
        figures = self.promise, total, f"{self.due:.2f}", figure(off), f"{self.bound:.2g}"
        return Verdict(self.method, off <= allowed, figures)


def summed(model: str, digest: str, image: np.ndarray, name: str) -> Sum:
    """The sum of one method's map of the predicted class; `image` is (C, H, W) uint8.

    Compared with the gain from its own baseline or background, where it has one, and from black elsewhere.
    """
    net, x = loaded(model, digest).net, pixels(image)
    with torch.no_grad():
        target = net(x).argmax(1)
    black = gain(net, x, Black()(x), target)
    if name == CONTROL:
        return Sum(name, float((black / x.numel()).expand(x.numel()).sum()), float(black), "F(x) - F(black)", BOUND)
    method = EXPLAINERS[name]()
    long_run = hasattr(method, "background") and "completeness" not in method.promises
    several = [method, *(replace(method, seed=seed) for seed in range(1, SEEDS if long_run else 1))]
    sums = np.array([float(one(net, x, target).double().sum()) for one in several])
    error = float(sums.std(ddof=1) / len(sums) ** 0.5) if long_run else 0.0
    bound = max((b for law, b in method.promises.items() if law in ("completeness", "conservation")), default=BOUND)
    if hasattr(method, "background"):
        due, noisy = gain(net, x, method.background(x), target), getattr(method, "noise", 0)
        words = f"F({'x + noise' if noisy else 'x'}) - F(noise)" + ", in the long run" * long_run
        return Sum(name, float(sums.mean()), float(due), words, bound, error)
    words = {"conservation": "F(x)", "completeness": "F(x) - F(black)"}
    promise = next((words[law] for law in method.promises if law in words), "nothing")
    return Sum(name, float(sums[0]), float(black), promise, bound)


def gain(net: nn.Module, x: Tensor, others: Tensor, target: Tensor) -> Tensor:
    """F(x) - F(x'), or minus the mean over several x'."""
    with torch.no_grad():
        return net(x)[0, target[0]].double() - net(others)[:, target[0]].double().mean()
