"""Maps that walk away, step by step, from those of a trained network, and what likeness is left at every step."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from attrcore.attack.seen import logits_of
from attrcore.kinds import Explainer, Progress
from attrcore.maps import heat
from attrcore.png import levels
from attrcore.sanity.complexity import entropy, rise
from attrcore.sanity.nulls import input_mask, random_map
from attrcore.studies import methods
from attrcore.studies.likeness import NULLS, Likenesses, Pictured, edges, planes
from attrcore.studies.running import shown

DRAWN = {"random map": random_map, "input mask": input_mask}


class Trained(NamedTuple):
    """What a trained network makes of pictures, beside its maps."""

    seen: Pictured
    logits: Tensor  # (B, N)
    same: Tensor  # (B, methods, measures), the likeness of each map to itself
    bits: Tensor  # (B, methods), the entropy of each map
    refused: dict[str, str]  # why other methods have none, by name


class Tables(NamedTuple):
    """What is measured, not a number where it is still to come."""

    table: Tensor  # likenesses (pictures, draws, steps, methods, measures)
    bits: Tensor  # entropies (pictures, draws, steps, methods)
    nulls: Tensor  # (pictures, methods, NULLS, measures)
    rises: Tensor  # (pictures, DRAWN), by how much the entropy of what owes nothing to weights rises when drawn anew

    def state(self) -> dict[str, Tensor]:
        """As it is now."""
        return {name: values.clone() for name, values in self._asdict().items()}

    def pictures(self) -> int:
        """How many are through all steps of the first draw."""
        return int(self.bits[:, 0, -1].isfinite().all(1).sum())

    def draws(self) -> int:
        """How many have begun to come to their last step."""
        return int(self.bits[:, :, -1].isfinite().all(2).any(0).sum())


Maps = Callable[[int, int, Trained, dict[str, Explainer]], Iterator[tuple[str, Tensor]]]
Summary = Callable[[Tables, list[str]], dict[str, Any]]  # of the tables, whose methods are these


@dataclass(frozen=True)
class Walk:
    """What walks: pictures, methods, steps, and how often it is drawn anew."""

    net: nn.Module
    x: Tensor  # (N, C, H, W)
    methods: dict[str, Explainer]
    likenesses: Likenesses
    steps: tuple[int, int]  # how many, the first of which is the trained network; how many draws of each
    maps: Maps  # of draw and step, each method's attributions (B, c, H, W) of pictures that are known as trained

    def run(
        self, summary: Summary, state: dict[str, Tensor] | None
    ) -> Generator[Progress, None, tuple[dict[str, Any], Tables]]:
        """Draw by draw, step by step, method by method; returns the summary and its tables.

        The first picture goes through all steps before the others: it is the one that is shown.  A run's state are the
        tables as far as they are filled.
        """
        count, draws = self.steps
        seen = {0: self.trained(slice(0, 1), self.methods)}  # by the first of its pictures
        asked, refused = {name: self.methods[name] for name in seen[0].seen.maps}, seen[0].refused
        found, done = self.tables((len(self.x), draws, count, len(asked)), state), 0
        total = len(self.x) * draws * (count - 1) * len(asked)

        def said() -> dict[str, Any]:
            return {**summary(found, list(asked)), "refused": refused}

        for draw, rows in self.rounds(draws):
            here = seen.get(rows.start) or seen.setdefault(rows.start, self.trained(rows, asked))
            found.table[rows, :, 0], found.bits[rows, :, 0] = here.same[:, None], here.bits[:, None]
            if not done:
                clean = {name: c.map for name, c in here.seen.maps.items()}
                yield Progress(0, total, said(), frame(0, here, clean))
            for i in range(1, count):
                if found.bits[rows, draw, i].isfinite().all():
                    done += len(here.seen.x) * len(asked)
                    continue
                maps = {}
                for m, (name, a) in enumerate(self.maps(draw, i, here, asked)):
                    maps[name] = a
                    found.table[rows, draw, i, m] = self.likenesses.of(here.seen.maps[name], a)
                    found.bits[rows, draw, i, m] = entropy(a).float().cpu()
                    done += len(here.seen.x)
                    if m + 1 < len(asked):
                        yield Progress(done, total, {"draw": draw, "step": i})
                if i == count - 1 and found.rises[rows].isnan().all():
                    found.nulls[rows] = self.likenesses.nulls(self.net, here.seen, asked)
                    found.rises[rows] = torch.stack([redrawn(null, here.seen) for null in DRAWN.values()], 1)
                pictured = frame(i, here, maps) if draw == rows.start == 0 else {}
                yield Progress(done, total, {**said(), "draw": draw, "step": i}, pictured, found.state)
        return said(), found

    def rounds(self, draws: int) -> Iterator[tuple[int, slice]]:
        """Under every draw the first picture, then the others."""
        for draw in range(draws):
            yield draw, slice(0, 1)
            if len(self.x) > 1:
                yield draw, slice(1, len(self.x))

    def tables(self, shape: tuple[int, int, int, int], state: dict[str, Tensor] | None) -> Tables:
        """As far as they are filled; `shape` counts pictures, draws, steps and methods."""
        if state is not None:
            return Tables(**{name: values.clone() for name, values in state.items()})
        count, *_, some = shape
        m = len(self.likenesses)
        shapes = (*shape, m), shape, (count, some, len(NULLS), m), (count, len(DRAWN))
        return Tables(*(torch.full(s, torch.nan) for s in shapes))

    def trained(self, rows: slice, asked: dict[str, Explainer]) -> Trained:
        """These pictures with what the trained network makes of them."""
        x = self.x[rows]
        with torch.no_grad():
            logits = logits_of(self.net, x)
        target = logits.argmax(1)
        attributions, refused = methods.tried(asked, self.net, x, target)
        maps = {name: self.likenesses.clean(a) for name, a in attributions.items()}
        same = torch.stack([self.likenesses.between(clean, clean) for clean in maps.values()], 1)
        bits = torch.stack([entropy(clean.map) for clean in maps.values()], 1).float().cpu()
        return Trained(Pictured(rows.start, x, target, maps), logits, same, bits, refused)


def frame(step: int, here: Trained, maps: dict[str, Tensor]) -> dict[str, Tensor]:
    """The first picture's signed maps, (methods, H, W), each over its largest magnitude.

    That of the trained network has the picture itself too, (C, H, W) uint8, and its edges.
    """
    fixed = {}
    if not step:
        x, target = here.seen.x, here.seen.target
        fixed["image"] = torch.from_numpy(levels(x[0]))
        fixed["edges"] = shown(heat(edges(nn.Identity(), x[:1], target[:1]))[0])
    return {"step": torch.tensor(step), "maps": planes(maps), **fixed}


def redrawn(null: Callable[[Tensor, int, int], Tensor], seen: Pictured) -> Tensor:
    """The eMPRT score that one draw of a null gets against another, (B,): about none."""
    return rise(*(entropy(null(seen.x, n, seen.first)) for n in range(2))).float().cpu()
