"""DeepLIFT-SHAP: DeepLIFT, averaged over baselines from other images."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from attrcore.backward import backward, of_class
from attrcore.baselines import Background, NoiseImages
from attrcore.batches import weighted_sum
from attrcore.explain.deeplift import RULES
from attrcore.recipe import Recipe, part
from attrcore.rewrite import plain


@dataclass(frozen=True)
class DeepLiftShap(Recipe):
    """DeepLIFT-SHAP, DeepLIFT averaged over baselines (Lundberg & Lee, 2017, arXiv:1705.07874).

    Sums to F(x) minus the mean score of the background images.  An approximation of SHAP values.  Another background
    gives another map; the badge shows how much of this one is such chance.
    """

    differentiable: ClassVar[bool] = True
    promises: ClassVar[dict[str, float]] = {"completeness": 0.01, "settled": 0.5}

    background: Background = part(NoiseImages(), "The images that x is compared with, all of them.")

    @property
    def passes(self) -> int:
        """Two per image of the background, where that says how many it has."""
        return 2 * getattr(self.background, "count", 20)

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, C, H, W)."""
        others = self.background(x)

        def compared(image: Tensor, other: Tensor, x: Tensor) -> Tensor:
            seen, start = x[image], others[other]
            return (seen - start) * backward(plain(net), seen, of_class(target[image]), RULES, start)

        return weighted_sum(compared, x.new_full((len(others),), 1 / len(others)), net, x)
