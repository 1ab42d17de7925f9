"""How to step along a slope."""

from dataclasses import dataclass

import torch
from torch import Tensor

from attrcore.kinds import Ball
from attrcore.recipe import Recipe, knob

SIZE = "Length of a step: every pixel's in an L-inf ball, the whole change's in an L2 ball; in [0, 1] units."


class Climb(Recipe):
    """A rule for steps.  What it remembers from step to step are tensors in `memory`, which starts empty."""

    size: float

    def move(self, slope: Tensor, ball: Ball, memory: dict[str, Tensor]) -> Tensor:
        """The change (B, C, H, W) to make."""
        raise NotImplementedError


@dataclass(frozen=True)
class Signed(Climb):
    """Steps of one size the way the slope points (Madry et al., 2018, arXiv:1706.06083: PGD)."""

    size: float = knob(1 / 255, 1e-5, 10.0, SIZE)

    def move(self, slope: Tensor, ball: Ball, memory: dict[str, Tensor]) -> Tensor:
        """Uphill by `size`."""
        return ball.step(slope, self.size)


@dataclass(frozen=True)
class Momentum(Climb):
    """Steps of one size along a sum of slopes that forgets (Dong et al., 2018, arXiv:1710.06081)."""

    size: float = knob(1 / 255, 1e-5, 10.0, SIZE)
    decay: float = knob(0.9, 0.0, 1.0, "How much of the sum is kept at each step.")

    def move(self, slope: Tensor, ball: Ball, memory: dict[str, Tensor]) -> Tensor:
        """Uphill by `size` along the sum, to which each slope adds its direction, whatever its length."""
        mean = slope.abs().mean((1, 2, 3), keepdim=True).clamp_min(torch.finfo(slope.dtype).tiny)
        memory["sum"] = self.decay * memory.get("sum", torch.zeros_like(slope)) + slope / mean
        return ball.step(memory["sum"], self.size)


@dataclass(frozen=True)
class Adam(Climb):
    """Adam (Kingma & Ba, 2015, arXiv:1412.6980), as Dombrowski et al. (2019, arXiv:1906.07983) use it."""

    size: float = knob(1 / 255, 1e-5, 10.0, f"{SIZE} About: at the start, and less where slopes disagree.")

    def move(self, slope: Tensor, ball: Ball, memory: dict[str, Tensor]) -> Tensor:
        """The mean slope by the root of the mean squared slope, both corrected for their start at zero."""
        zero, first, second = torch.zeros_like(slope), 0.9, 0.999
        top = slope.abs().amax((1, 2, 3), keepdim=True).clamp_min(torch.finfo(slope.dtype).tiny)
        memory.setdefault("unit", top)  # of the first slope: squares of tiny slopes would vanish
        g = slope / memory["unit"]
        memory["count"] = memory.get("count", torch.zeros(1, device=slope.device)) + 1
        memory["mean"] = first * memory.get("mean", zero) + (1 - first) * g
        memory["square"] = second * memory.get("square", zero) + (1 - second) * g.square()
        mean, square = (
            memory["mean"] / (1 - first ** memory["count"]),
            memory["square"] / (1 - second ** memory["count"]),
        )
        return ball.per_value(self.size, slope[0].numel()) * mean / (square.sqrt() + 1e-8)
