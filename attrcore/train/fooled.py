"""Fine-tuning that keeps what a network says and changes the maps of why: an attack on explanations from the inside."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from attrcore.batches import in_chunks
from attrcore.draws import generator
from attrcore.kinds import Explainer
from attrcore.maps import heat
from attrcore.recipe import Recipe, knob
from attrcore.train.memory import remembered, take_up

PARTS = ("classification", "logits moved", "aim")
NUDGE = 1e-3  # of a layer's typical weight: where an aim has no slope at the original network, it starts beside it


@dataclass(frozen=True)
class FineTuning(Recipe):
    """Adam (Kingma & Ba, 2015, arXiv:1412.6980) for some steps, its learning rate falling to zero along a cosine."""

    steps: int = knob(150, 1, 100_000, "Steps.")
    batch: int = knob(32, 1, 1024, "Pictures per step, drawn anew for each.")
    rate: float = knob(1e-3, 1e-8, 1.0, "Learning rate at the start.")

    def rows(self, n: int, count: int, seed: int) -> Tensor:
        """Which of `count` pictures serve step n, counted from 1."""
        return torch.randperm(count, generator=generator(f"fine-tuning {n}", seed))[: self.batch]

    def rate_at(self, n: int) -> float:
        """The learning rate of step n."""
        return self.rate * (1 + math.cos(math.pi * (n - 1) / self.steps)) / 2


class Before(NamedTuple):
    """A batch, and what the original network says of it."""

    x: Tensor  # (B, C, H, W)
    target: Tensor  # (B,), the predicted class, which is explained
    logits: Tensor  # (B, N)
    goal: Tensor  # (B, H, W), the maps that the aim is measured against


@dataclass(frozen=True)
class PassiveFooling(Recipe):
    """The loss of passive fooling (Heo et al., 2019, arXiv:1902.02041), which has no picture or class in particular.

    Cross-entropy with the class that the original network predicts, plus `hold` times the mean squared change of its
    logits, minus `weight` times what the maps are to reach.  The paper takes true labels and does not hold the logits.
    """

    weight: float = knob(10.0, 0.0, 1e6, "Weight of what the maps are to reach; 0 is fine-tuning alone.")
    hold: float = knob(0.1, 0.0, 1e6, "Weight of staying at the original network's logits.")

    def parts(
        self, net: nn.Module, before: Before, rows: slice, aimed: Callable[[Tensor, slice], Tensor] | None
    ) -> list[Tensor]:
        """Of the rows of a batch, (n,) each, in the order of PARTS; the last only where `aimed` says what it is."""
        logits = net(before.x[rows])
        found = [F.cross_entropy(logits, before.target[rows], reduction="none")]
        found.append((logits - before.logits[rows]).square().mean(1))
        return found if aimed is None else [*found, aimed(before.x[rows], rows)]

    def total(self, parts: list[Tensor]) -> Tensor:
        """The loss, (n,)."""
        return parts[0] + self.hold * parts[1] - (self.weight * parts[2] if len(parts) > 2 else 0.0)


@dataclass(frozen=True, eq=False)
class Way:
    """How the maps of a network under way are seen and judged."""

    explain: Explainer
    aim: Callable[[Tensor, Tensor], Tensor]  # maps, what they are measured against -> (B,)
    soften: Callable[[nn.Module], nn.Module]  # the network itself, or one that shares its weights and has a slope


class Tuned:
    """A copy of a network under fine-tuning, in eval mode: statistics of its training stay as they are."""

    def __init__(self, net: nn.Module, loss: PassiveFooling, how: FineTuning, way: Way) -> None:
        self.net = copy.deepcopy(net).eval().requires_grad_(True)
        self.loss, self.how, self.way = loss, how, way
        self.soft = way.soften(self.net) if loss.weight else self.net
        self.named = dict(self.net.named_parameters())
        self.optimiser = torch.optim.Adam(self.named.values(), lr=how.rate)

    @torch.no_grad()
    def nudge(self, seed: int) -> None:
        """Move every weight a trifle, at random."""
        for name, p in self.named.items():
            noise = torch.randn(p.shape, generator=generator(f"nudge {name}", seed)).to(p)
            p += NUDGE * p.square().mean().sqrt() * noise

    def step(self, n: int, before: Before) -> dict[str, float]:
        """Step n on a batch; what the parts of the loss were on average, by their names."""
        weights, count = list(self.named.values()), len(before.x)

        def aimed(x: Tensor, rows: slice) -> Tensor:
            z = x.detach().requires_grad_()  # explainers keep their graph for images that ask for one
            return self.way.aim(heat(self.way.explain(self.soft, z, before.target[rows])), before.goal[rows])

        def slope(rows: slice) -> tuple[list[Tensor], Tensor]:
            with torch.enable_grad():
                parts = self.loss.parts(self.net, before, rows, aimed if self.loss.weight else None)
                grads = torch.autograd.grad(self.loss.total(parts).sum() / count, weights, allow_unused=True)
            return [torch.zeros_like(p) if g is None else g for p, g in zip(weights, grads, strict=True)], torch.stack(
                [part.detach().sum() / count for part in parts]
            )

        passes = max(1, self.way.explain.passes) if self.loss.weight else 1
        found = [f for _, f in in_chunks(slope, count, self.net, before.x, graphs=passes)]
        for p, *grads in zip(weights, *(grads for grads, _ in found), strict=True):
            p.grad = torch.stack(grads).sum(0) if len(grads) > 1 else grads[0]
        self.optimiser.param_groups[0]["lr"] = self.how.rate_at(n)
        self.optimiser.step()
        self.optimiser.zero_grad()
        return dict(zip(PARTS, sum(means for _, means in found).tolist(), strict=False))

    def state(self) -> dict[str, Tensor]:
        """Everything that the next steps depend on: weights, and what Adam remembers of each."""
        return remembered(self.named, self.optimiser)

    def go_on(self, state: dict[str, Tensor]) -> None:
        """Take up fine-tuning of the same settings where `state` left it."""
        take_up(self.named, self.optimiser, state)
