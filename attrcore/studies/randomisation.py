"""Does a map depend on what the model learned?  Maps of a network that loses its weights layer by layer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from attrcore.attack.seen import logits_of
from attrcore.kinds import Explainer, Progress, Result
from attrcore.maps import heat
from attrcore.models.first import first_weights
from attrcore.models.loaded import loaded
from attrcore.origin import made_by
from attrcore.png import levels
from attrcore.recipe import Recipe, knob, part
from attrcore.sanity.complexity import entropy, rise
from attrcore.sanity.denoised import Denoised
from attrcore.sanity.nulls import input_mask, random_map
from attrcore.sanity.parameters import GRAINS, ORDERS, Block, alive, blocks, randomised, steps
from attrcore.studies import methods
from attrcore.studies.likeness import NULLS, Clean, Likenesses, edges, planes, spread
from attrcore.studies.running import Run, best_device, interval, shown
from attrcore.studies.selection import Selection

USUAL = "Gradient, SmoothGrad, Guided Backprop, Integrated Gradients, Gradient x Input, Grad-CAM"
TARGETS = ("the trained network's", "each network's own")
STATISTICS = ("kept", "reset")
DRAWN = {"random map": random_map, "input mask": input_mask}


class Trained(NamedTuple):
    """Pictures, and what the trained network makes of them."""

    x: Tensor  # (B, C, H, W)
    target: Tensor  # (B,)
    logits: Tensor  # (B, N)
    maps: dict[str, Clean]  # by method
    bits: Tensor  # (B, methods), the entropy of each map
    refused: dict[str, str]  # why other methods have none, by name


class Round(NamedTuple):
    """Pictures that are explained together, under one draw of weights."""

    draw: int
    rows: slice


class Tables(NamedTuple):
    """What is measured, not a number where it is still to come."""

    table: Tensor  # likenesses (pictures, seeds, steps, methods, measures)
    bits: Tensor  # entropies (pictures, seeds, steps, methods)
    nulls: Tensor  # (pictures, methods, NULLS, measures)
    rises: Tensor  # (pictures, DRAWN), by how much the entropy of what owes nothing to weights rises when drawn anew

    def state(self) -> dict[str, Tensor]:
        """As it is now."""
        return {name: values.clone() for name, values in self._asdict().items()}


@dataclass(frozen=True)
class Randomisation(Recipe):
    """Model parameter randomisation (Adebayo et al., 2018, arXiv:1810.03292).

    Layer by layer, a network's weights become those of one that was never trained; a map that stays as it was does not
    come from them.  Every likeness to the trained network's map stands beside its nulls: a random map, a random
    gradient times the same input, another seed of the method, an edge detector.
    """

    model: str = knob("", help="Name in the menu of models.")
    digest: str = knob("", help="sha256 of its weights.")
    pictures: Selection = part(Selection(), "What is explained.")
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
    k: int = knob(100, 1, 100_000, "How many pixels count as most important.")
    seed: int = knob(0, 0, 2**31 - 1, "The first of the seeds of the weights.", label="Seed of the weights")

    def run(self, state: dict[str, Tensor] | None = None) -> Run:
        """Draw by draw, step by step, method by method; the state are the tables as far as they are filled.

        The first picture goes through all steps before the others: it is the one that is shown.
        """
        device = torch.device(best_device())
        net = loaded(self.model, self.digest, str(device)).net
        plan, x = steps(blocks(net, self.grain), self.order), self.pictures.opened(self.model).to(device)
        seen = {0: self.trained(net, x[:1], self.methods())}  # by the first of its pictures
        asked = {name: method for name, method in self.methods().items() if name in seen[0].maps}
        names, found = [told(lost) for lost in plan], self.tables((len(x), self.seeds, len(plan), len(asked)), state)
        total, done = len(x) * self.seeds * (len(plan) - 1) * len(asked), 0
        first: dict[int, nn.Module] = {}  # of the draw under way
        for draw, rows in self.rounds(len(x)):
            here = seen.get(rows.start) or seen.setdefault(rows.start, self.trained(net, x[rows], asked))
            found.table[rows, :, 0] = self.same(here)[:, None]
            found.bits[rows, :, 0] = here.bits[:, None]
            if not done:
                facts = {**self.summary(found, names, plan, list(asked)), "refused": here.refused}
                yield Progress(0, total, facts, self.frame(0, here, {n: c.map for n, c in here.maps.items()}))
            for i, lost in enumerate(plan[1:], 1):
                if found.bits[rows, draw, i].isfinite().all():
                    done += len(here.x) * len(asked)
                    continue
                if draw not in first:
                    first = {draw: first_weights(self.model, self.seed + draw).to(device)}
                other = randomised(net, first[draw], lost, reset=self.statistics == "reset")
                maps = {}
                for m, (name, a) in enumerate(self.explained_by(other, here, asked)):
                    maps[name] = a
                    found.table[rows, draw, i, m] = self.likenesses.of(here.maps[name], a)
                    found.bits[rows, draw, i, m] = entropy(a).float().cpu()
                    done += len(here.x)
                    if m + 1 < len(asked):
                        yield Progress(done, total, {"seed": draw, "layer": names[i]})
                if i == len(plan) - 1 and found.nulls[rows].isnan().all():
                    found.nulls[rows] = self.likenesses.nulls(net, here.x, here.target, asked, here.maps)
                    found.rises[rows] = torch.stack([redrawn(null, here.x) for null in DRAWN.values()], 1)
                facts = {**self.summary(found, names, plan, list(asked)), "seed": draw, "layer": names[i]}
                frame = self.frame(i, here, maps) if draw == rows.start == 0 else {}
                yield Progress(done, total, facts, frame, found.state)
        numbers = {**self.summary(found, names, plan, list(asked)), "refused": seen[0].refused}
        return Result(self, numbers, found.state(), made_by(device))

    @property
    def likenesses(self) -> Likenesses:
        """Every measure."""
        return Likenesses(self.k)

    def methods(self) -> dict[str, Explainer]:
        """Those that are compared, with their usual settings."""
        found = methods.usual(self.explained, self.competition)
        return {name: Denoised(m, self.copies, self.noise) for name, m in found.items()} if self.copies > 1 else found

    def rounds(self, count: int) -> Iterator[Round]:
        """Under every draw the first picture, then the others."""
        for draw in range(self.seeds):
            yield Round(draw, slice(0, 1))
            if count > 1:
                yield Round(draw, slice(1, count))

    def tables(self, shape: tuple[int, int, int, int], state: dict[str, Tensor] | None) -> Tables:
        """As far as they are filled; `shape` counts pictures, seeds, steps and methods."""
        if state is not None:
            return Tables(**{name: values.clone() for name, values in state.items()})
        count, *_, some = shape
        m = len(self.likenesses)
        shapes = (*shape, m), shape, (count, some, len(NULLS), m), (count, len(DRAWN))
        return Tables(*(torch.full(s, torch.nan) for s in shapes))

    def trained(self, net: nn.Module, x: Tensor, asked: dict[str, Explainer]) -> Trained:
        """The pictures with what the trained network makes of them."""
        with torch.no_grad():
            logits = logits_of(net, x)
        target = logits.argmax(1)
        attributions, refused = methods.tried(asked, net, x, target)
        maps = {name: self.likenesses.clean(a) for name, a in attributions.items()}
        bits = torch.stack([entropy(clean.map) for clean in maps.values()], 1).float().cpu()
        return Trained(x, target, logits, maps, bits, refused)

    def same(self, here: Trained) -> Tensor:
        """The likeness of every map to itself, (B, methods, measures)."""
        return torch.stack([self.likenesses.of(clean, clean.map) for clean in here.maps.values()], 1)

    def explained_by(
        self, other: nn.Module, here: Trained, asked: dict[str, Explainer]
    ) -> Iterator[tuple[str, Tensor]]:
        """Each method's attributions (B, c, H, W) of the same pictures in a network that lost weights."""
        logits = alive(other, here.x, here.logits)
        target = here.target if self.target == TARGETS[0] else logits.argmax(1)
        for name, method in asked.items():
            yield name, method(other, here.x, target).detach()

    def frame(self, step: int, here: Trained, maps: dict[str, Tensor]) -> dict[str, Tensor]:
        """The first picture's signed maps, (methods, H, W), each over its largest magnitude.

        That of the trained network has the picture itself too, (C, H, W) uint8, and its edges.
        """
        fixed = {}
        if not step:
            fixed["image"] = torch.from_numpy(levels(here.x[0]))
            fixed["edges"] = shown(heat(edges(nn.Identity(), here.x[:1], here.target[:1]))[0])
        return {"step": torch.tensor(step), "maps": planes(maps), **fixed}

    def summary(
        self, found: Tables, names: list[str], plan: tuple[tuple[Block, ...], ...], asked: list[str]
    ) -> dict[str, Any]:
        """Means with 95 % intervals by measure and method: over the draws of the weights, and over pictures."""
        known = found.bits[:, 0, -1].isfinite().all(1)
        all_lost = len(plan[-1]) == len(plan) - 1
        rises = rise(found.bits[:, :, 0], found.bits[:, :, -1]) if all_lost else found.bits[:, :, -1] * torch.nan
        return {
            "steps": names,
            "curves": self.likenesses.told(found.table, asked),
            "nulls": self.likenesses.told_nulls(found.nulls, asked),
            "entropy": {
                name: [spread(found.bits[:, :, i, m]) for i in range(len(names))] for m, name in enumerate(asked)
            },
            "eMPRT": {name: spread(rises[:, :, m]) for m, name in enumerate(asked)},
            "eMPRT of nulls": {null: interval(found.rises[:, c]) for c, null in enumerate(DRAWN)},
            "pictures": int(known.sum()), "seeds": int(found.bits[:, :, -1].isfinite().all(2).any(0).sum()),
        }  # fmt: skip


def redrawn(null: Callable[[Tensor, int], Tensor], x: Tensor) -> Tensor:
    """The eMPRT score that one draw of a null gets against another, (B,): about none."""
    return rise(*(entropy(null(x, n)) for n in range(2))).float().cpu()


def told(lost: tuple[Block, ...]) -> str:
    """What a step is called: the block that it randomises last."""
    return lost[-1].name if lost else "trained"
