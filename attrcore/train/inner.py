"""The maximum inside a robust loss: images near those of the batch that are worst for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from attrcore.balls import Linf
from attrcore.recipe import Recipe, knob
from attrcore.train.objective import Moment

Value = Callable[[Tensor], Tensor]  # (B, C, H, W) -> (B,)


@dataclass(frozen=True)
class Inner(Recipe):
    """Projected steps along the gradient's signs, from a random start (Madry et al., 2018, arXiv:1706.06083)."""

    eps: float = knob(0.3, 0.0, 1.0, "Largest change of any pixel, in [0, 1] units.")
    steps: int = knob(40, 0, 1000, "Steps from a point drawn evenly from the ball.")
    size: float = knob(0.01, 0.0, 1.0, "Length of a step, in [0, 1] units.")
    ramp: float = knob(0.0, 0.0, 1.0, "Share of the training over which eps and steps grow evenly to these sizes.")
    bfloat16: bool = knob(
        False,
        help="Passes in bfloat16, half the time where the processor multiplies it: of the gradient only signs count.",
    )

    def worst(
        self, value: Value, net: nn.Module, x: Tensor, at: Moment, lead: Value | None = None, led: int = 0
    ) -> Tensor:
        """Images in the ball around (B, C, H, W) after climbing `value`, which asks `net`.

        The first `led` steps climb `lead` instead.
        """
        grown = min(1.0, at.share / self.ramp) if self.ramp else 1.0
        ball, size = Linf(eps=self.eps * grown), self.size * grown
        z = ball.project(x + ball.eps * at.uniform(x), x)
        with frozen(net):
            for n in range(self.steps):
                z.requires_grad_()
                with torch.autocast(x.device.type, torch.bfloat16, enabled=self.bfloat16):
                    (slope,) = torch.autograd.grad((lead if lead and n < led else value)(z).sum(), z)
                z = ball.project(z.detach() + ball.step(slope, size), x)
        return z


@contextmanager
def frozen(net: nn.Module) -> Iterator[None]:
    """Its weights ask for no gradient meanwhile: a second derivative would compute theirs too."""
    asked = [p for p in net.parameters() if p.requires_grad]
    for p in asked:
        p.requires_grad_(False)
    try:
        yield
    finally:
        for p in asked:
            p.requires_grad_(True)
