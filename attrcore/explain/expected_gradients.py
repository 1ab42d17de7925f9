"""Expected gradients: integrated gradients, averaged over baselines drawn from other images."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from attrcore.baselines import Background, NoiseImages
from attrcore.batches import weighted_sum
from attrcore.draws import generator
from attrcore.explain.gradient import input_gradient
from attrcore.recipe import Recipe, knob, part


@dataclass(frozen=True)
class ExpectedGradients(Recipe):
    """Expected gradients (Erion et al., 2021, arXiv:1906.10670).

    The mean of (x - x') times the gradient at x' + a (x - x'), over x' drawn from other images and a from [0, 1].  With
    enough draws it sums to F(x) minus the mean score of those images.  Every image of a batch gets the same draws.
    """

    differentiable: ClassVar[bool] = True
    promises: ClassVar[dict[str, float]] = {"settled": 0.5}

    background: Background = part(NoiseImages(), "The images that baselines are drawn from.")
    samples: int = knob(50, 1, 1000, "Draws of a baseline and a point on the path from it.")
    seed: int = knob(0, 0, 2**31 - 1, "Which are drawn.")

    @property
    def passes(self) -> int:
        """One per draw."""
        return self.samples

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, C, H, W)."""
        return over_draws(self, 0.0, net, x, target)


def over_draws(method: ExpectedGradients, noise: float, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    """The mean over draws, of which each also adds Gaussian noise of standard deviation `noise` to the image."""
    g = generator("expected gradients", method.seed)
    others = method.background(x)
    which = torch.randint(len(others), (method.samples,), generator=g).to(x.device)
    a = torch.rand((method.samples, 1, 1, 1), generator=g).to(x)
    shake = noise * torch.randn((method.samples, *x.shape[1:]), generator=g).to(x) if noise else x.new_zeros(1)

    def along(image: Tensor, draw: Tensor, x: Tensor) -> Tensor:
        start = others[which[draw]]
        way = x[image] + (shake[draw] if noise else 0) - start
        return way * input_gradient(net, start + a[draw] * way, target[image])

    return weighted_sum(along, x.new_full((method.samples,), 1 / method.samples), net, x)
