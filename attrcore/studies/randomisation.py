"""Does a map depend on what the model learned?  Maps of a network that loses its weights layer by layer."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from attrcore.attack.seen import logits_of
from attrcore.kinds import Explainer, Result
from attrcore.models.first import first_weights
from attrcore.models.loaded import for_maps, loaded
from attrcore.origin import made_by
from attrcore.recipe import Recipe, knob
from attrcore.sanity.complexity import rise
from attrcore.sanity.denoised import Denoised
from attrcore.sanity.parameters import GRAINS, ORDERS, Block, alive, blocks, randomised, steps
from attrcore.studies import methods
from attrcore.studies.likeness import ALL, Likenesses, spread
from attrcore.studies.running import Run, best_device, interval
from attrcore.studies.selection import Selection
from attrcore.studies.walk import DRAWN, Tables, Trained, Walk

USUAL = "Gradient, SmoothGrad, Guided Backprop, Integrated Gradients, Gradient x Input, Grad-CAM"
TARGETS = ("the trained network's", "each network's own")
STATISTICS = ("kept", "reset")


@dataclass(frozen=True)
class Randomisation(Recipe):
    """Model parameter randomisation (Adebayo et al., 2018, arXiv:1810.03292).

    Layer by layer, a network's weights become those of one that was never trained; a map that stays as it was does not
    come from them.  Every likeness to the trained network's map stands beside its nulls: a random map, a random
    gradient times the same input, another seed of the method, an edge detector.
    """

    model: str = knob("", help="Name in the menu of models.")
    digest: str = knob("", help="sha256 of its weights.")
    pictures: Selection = field(default=Selection())
    explained: str = knob(USUAL, help="Methods, by their names in the menu, with commas between.")
    competition: bool = knob(
        False,
        help="Beside each method with signs, the same under CGI (Gupta & Arora, 2019): classes compete for pixels.",
    )
    order: str = knob(
        "cascading", choices=ORDERS,
        help="cascading: from the logits down, one block more at each step. bottom-up: from the image up. independent: "
        "one block at a time.",
    )  # fmt: skip
    grain: str = knob("blocks", choices=GRAINS, help="blocks: parts of the network's code. layers: one at a time.")
    seeds: int = knob(5, 1, 50, "How often weights are drawn anew.")
    statistics: str = knob("kept", choices=STATISTICS, help="BatchNorm's running statistics in randomised layers.")
    target: str = knob(TARGETS[0], choices=TARGETS, help="Whose predicted class is explained, step by step.")
    copies: int = knob(1, 1, 1000, "Noisy copies of the image over which each map is averaged: sMPRT takes 50.")
    noise: float = knob(0.1, 0.0, 1.0, "Their noise, as a share of the image's range; of one copy there is none.")
    measured: str = knob(ALL, help="Likenesses that are measured: all, or one by its name, such as Spearman, absolute.")
    k: int = knob(100, 1, 100_000, "How many pixels count as most important.")
    seed: int = knob(0, 0, 2**31 - 1, "The first of the seeds of the weights.", label="Seed of the weights")

    def run(self, state: dict[str, Tensor] | None = None) -> Run:
        """See `Walk.run`; the state are its tables as far as they are filled."""
        device = torch.device(best_device())
        net = loaded(self.model, self.digest, str(device)).net
        plan, x = steps(blocks(net, self.grain), self.order), self.pictures.opened(self.model).to(device)
        with torch.no_grad():
            before = net(x[:1])
        label = int(before.argmax())
        explained = {"explained": [(label, float(before.softmax(1)[0, label]))]}  # of the picture that is shown

        @lru_cache(1)
        def first(draw: int) -> nn.Module:
            return for_maps(first_weights(self.model, self.seed + draw).to(device))

        @lru_cache(len(plan))
        def lost(draw: int, i: int) -> nn.Module:
            other = randomised(net, first(draw), plan[i], reset=self.statistics == "reset")
            alive(other, x[:1], before)
            return other

        def maps(draw: int, i: int, here: Trained, asked: dict[str, Explainer]) -> Iterator[tuple[str, Tensor]]:
            other = lost(draw, i)
            target = here.seen.target if self.target == TARGETS[0] else logits_of(other, here.seen.x).argmax(1)
            for name, method in asked.items():
                yield name, method(other, here.seen.x, target).detach()

        walk = Walk(net, x, self.methods(), self.likenesses, (len(plan), self.seeds), maps)
        numbers, found = yield from walk.run(lambda tables, asked: self.summary(tables, asked, plan) | explained, state)
        return Result(self, numbers, found.state(), made_by(device))

    @property
    def likenesses(self) -> Likenesses:
        """Every measure."""
        return Likenesses(self.k, self.measured)

    def methods(self) -> dict[str, Explainer]:
        """Those that are compared, with their usual settings."""
        found = methods.usual(self.explained, self.competition)
        return {name: Denoised(m, self.copies, self.noise) for name, m in found.items()} if self.copies > 1 else found

    def summary(self, found: Tables, asked: list[str], plan: tuple[tuple[Block, ...], ...]) -> dict[str, Any]:
        """Means with 95 % intervals by measure and method: over the draws of the weights, and over pictures."""
        all_lost = len(plan[-1]) == len(plan) - 1
        rises = rise(found.bits[:, :, 0], found.bits[:, :, -1]) if all_lost else found.bits[:, :, -1] * torch.nan
        bits = spread(found.bits)
        return {
            "steps": [told(lost) for lost in plan],
            "curves": self.likenesses.told(found.table, asked),
            "nulls": self.likenesses.told_nulls(found.nulls, asked),
            "entropy": {name: [points[m] for points in bits] for m, name in enumerate(asked)},
            "eMPRT": dict(zip(asked, spread(rises), strict=True)),
            "eMPRT of nulls": {null: interval(found.rises[:, c]) for c, null in enumerate(DRAWN)},
            "pictures": found.pictures(), "seeds": found.draws(),
        }  # fmt: skip


def told(lost: tuple[Block, ...]) -> str:
    """What a step is called: the block that it randomises last."""
    return lost[-1].name if lost else "trained"
