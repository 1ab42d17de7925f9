"""IDGI: every step's change in score is shared out in proportion to squared gradients."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from attrcore.baselines import Baseline, Black
from attrcore.batches import in_chunks, weighted_sum
from attrcore.explain.gradient import input_gradient
from attrcore.recipe import Recipe, knob, part


@dataclass(frozen=True)
class IDGI(Recipe):
    """IDGI, important direction gradient integration (Yang et al., 2023, arXiv:2303.14242).

    Along the path from x' to x, every step's change in score is shared out in proportion to the squared gradient at its
    start, so that only the direction in which the score changes counts.  Sums to F(x) - F(x') by construction, unless
    the gradient is zero where a step starts: here completeness says nothing about the map.
    """

    differentiable: ClassVar[bool] = True
    promises: ClassVar[dict[str, float]] = {"completeness": 0.01}

    steps: int = knob(32, 1, 512, "Steps of the path.")
    baseline: Baseline = part(Black(), "The image that the path starts from.")

    @property
    def passes(self) -> int:
        """One per step, and the scores between the steps."""
        return 2 * self.steps + 1

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, C, H, W)."""
        start = self.reference(x)
        points = torch.linspace(0, 1, self.steps + 1, dtype=x.dtype, device=x.device)

        def score(rows: slice) -> Tensor:
            numbers = torch.arange(rows.start, rows.stop, device=x.device)
            image, point = numbers // len(points), numbers % len(points)
            z = start[image] + points[point, None, None, None] * (x - start)[image]
            return net(z).gather(1, target[image, None])[:, 0]

        with torch.set_grad_enabled(x.requires_grad):
            scores = torch.cat([s for _, s in in_chunks(score, len(x) * len(points), net, x)]).view(len(x), -1)
        rises = scores.diff(dim=1)

        def shared(image: Tensor, point: Tensor, x: Tensor, start: Tensor, rises: Tensor) -> Tensor:
            z = start[image] + points[point, None, None, None] * (x - start)[image]
            square = input_gradient(net, z, target[image]).square()
            total = square.sum((1, 2, 3), keepdim=True).clamp_min(torch.finfo(x.dtype).tiny)
            return rises[image, point, None, None, None] * square / total

        return weighted_sum(shared, x.new_ones(self.steps), net, x, start, rises)

    def reference(self, x: Tensor) -> Tensor:
        """The baseline of each image: (B, C, H, W) in [0, 1]."""
        return self.baseline(x)
