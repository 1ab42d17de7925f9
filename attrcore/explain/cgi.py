"""CGI: a competition over classes for every pixel, around any signed explainer."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from attrcore.batches import over_batch
from attrcore.explain.deeplift import DeepLift
from attrcore.explain.gradient import Gradient
from attrcore.explain.gradient_x_input import GradientXInput
from attrcore.explain.integrated_gradients import IntegratedGradients
from attrcore.explain.lrp import LRP
from attrcore.explain.smoothgrad import SmoothGrad
from attrcore.recipe import Recipe, knob, part

SIGNED = {
    "Gradient x Input": GradientXInput,
    "Gradient": Gradient,
    "Integrated Gradients": IntegratedGradients,
    "SmoothGrad": SmoothGrad,
    "DeepLIFT": DeepLift,
    "LRP": LRP,
}


@dataclass(frozen=True)
class CGI(Recipe):
    """CGI, competitive gradients: classes compete for every pixel (Gupta & Arora, 2019, arXiv:1905.12152).

    A pixel that speaks for the class counts only if it speaks for no other class more; one that speaks against it, only
    if it speaks against no other class more.  All else is zero.  With Gradient x Input this passes the sanity checks
    that the plain product fails.
    """

    differentiable: ClassVar[bool] = True
    promises: ClassVar[dict[str, float]] = {}

    of: Recipe = part(GradientXInput(), "The method whose maps of all classes compete.", SIGNED)
    rivals: int = knob(10, 2, 1000, "How many classes compete, those of highest score; the paper lets all do so.")

    @property
    def passes(self) -> int:
        """Those of the method, for every class that competes."""
        return (self.rivals + 1) * self.of.passes

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, C, H, W)."""
        with torch.no_grad():
            scores = over_batch(lambda net, x, t: net(x), net, x, target)
        a = self.of(net, x, target)
        most = least = a
        for classes in scores.topk(min(self.rivals, scores.shape[1]), 1).indices.unbind(1):
            rival = self.of(net, x, classes)
            most, least = torch.maximum(most, rival), torch.minimum(least, rival)
        wins = ((a > 0) & (a >= most)) | ((a < 0) & (a <= least))
        return a * wins
