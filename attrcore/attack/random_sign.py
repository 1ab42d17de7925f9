"""The control of every attack: a random change of the same size."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from attrcore.balls import Linf
from attrcore.draws import generator
from attrcore.kinds import Explainer, Step
from attrcore.recipe import Recipe, knob


@dataclass(frozen=True)
class RandomSign(Recipe):
    """Every pixel up or down by eps, at random (Ghorbani et al., 2019, arXiv:1710.10547).

    One draw; it asks neither network nor map.  Whatever an attack achieves beyond this is the attack's.  Each image
    of a batch gets the same draw.  A pixel at the rim of [0, 1] that is drawn outwards stays where it is: on a digit's
    black ground about half do.  It does not look at the label either.
    """

    ball: Linf = Linf()
    seed: int = knob(0, 0, 2**31 - 1, "Which signs are drawn.")

    def iterate(self, net: nn.Module, explain: Explainer, x: Tensor, target: Tensor) -> Iterator[Step]:
        """One step, without an aim: its aim is not a number."""
        g = generator("random sign", self.seed)
        signs = (torch.rand((1, *x.shape[1:]), generator=g) < 0.5).to(x) * 2 - 1
        yield Step(1, self.ball.project(x + self.ball.step(signs, self.ball.eps), x), x.new_full((len(x),), torch.nan))

    def __call__(self, net: nn.Module, explain: Explainer, x: Tensor, target: Tensor) -> Tensor:
        """The changed images, (B, C, H, W)."""
        (step,) = self.iterate(net, explain, x, target)
        return step.x
