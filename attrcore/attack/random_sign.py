"""The control of every attack: a random change of the same size."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from attrcore.attack.seen import predicted, seen
from attrcore.balls import Linf
from attrcore.draws import generator
from attrcore.kinds import Ball, Explainer, Step
from attrcore.recipe import Recipe, knob, part


@dataclass(frozen=True)
class RandomSign(Recipe):
    """Every pixel up or down by eps, at random (Ghorbani et al., 2019, arXiv:1710.10547); in L2, until eps is reached.

    One draw; it asks neither network nor map.  Whatever an attack achieves beyond this is the attack's.  Each image
    of a batch gets the same draw.  A pixel at the rim of [0, 1] that is drawn outwards stays where it is: on a digit's
    black ground about half do.  It does not look at the label either.
    """

    ball: Ball = part(Linf(), "How far the image may move.")
    seed: int = knob(0, 0, 2**31 - 1, "Which signs are drawn.")

    def iterate(self, net: nn.Module, explain: Explainer, x: Tensor, target: Tensor) -> Iterator[Step]:
        """The clean images and the changed ones, without an aim: it is not a number."""
        label, none = predicted(net, x), x.new_full((len(x),), torch.nan)
        for n, images in enumerate((x, self.moved(x))):
            s = seen(net, explain, images, target, label)
            yield Step(n, images, none, images, s.maps, none, s.chances, s.kept, torch.zeros_like(s.kept))

    def moved(self, x: Tensor) -> Tensor:
        """The changed images (B, C, H, W), in whole 8-bit levels."""
        return self.ball.scattered(x, generator("random sign", self.seed))

    def each(self, x: Tensor, numbers: Iterable[int]) -> Tensor:
        """The same with a draw of its own for each image, which its number names.

        Where several images share one draw, what that draw does by luck is in all of them, and no interval over images
        tells it from an effect.
        """
        draws = [generator(f"random sign of image {int(n)}", self.seed) for n in numbers]
        return torch.cat([self.ball.scattered(one[None], g) for one, g in zip(x, draws, strict=True)])

    def __call__(self, net: nn.Module, explain: Explainer, x: Tensor, target: Tensor) -> Tensor:
        """The changed images, (B, C, H, W)."""
        return self.moved(x)
