"""How much a map breaks for how much change: attacks and random changes of many sizes, over many pictures."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attrcore.attack.aims import DrainTopPixels, MoveCentre
from attrcore.attack.ascent import Ascent
from attrcore.attack.climbs import Climb, Signed
from attrcore.attack.directions import Derivative, Direction
from attrcore.attack.random_sign import RandomSign
from attrcore.attack.seen import predicted, seen
from attrcore.balls import LEVELS, Linf
from attrcore.evidence import Case, chance, likeness, measures
from attrcore.explain import EXPLAINERS
from attrcore.explain.gradient import Gradient
from attrcore.kinds import Progress, Refused, Result
from attrcore.maps import centre_shift
from attrcore.metrics import TopKOverlap
from attrcore.models import find
from attrcore.models.loaded import loaded
from attrcore.origin import made_by
from attrcore.png import reopened
from attrcore.recipe import Recipe, knob, part
from attrcore.studies.running import Run, best_device, in_batches, interval, plain, proportion
from attrcore.studies.selection import Selection

ATTACKS = ("Random sign", "Random walk", "Top-k", "Mass centre")
SHIFT, KEPT = "Centre shift", "Prediction kept"


@dataclass(frozen=True)
class Budget(Recipe):
    """Sizes of change x attacks for one explainer (Ghorbani et al., 2019, arXiv:1710.10547, figure 3).

    Of each picture the map of the predicted class, before and after; every image is rounded to 8 bits and read again.
    The attack keeps its best step by the overlap of the most important pixels, as the authors' code does.  Random sign
    is one random change, another for each picture; the random walk is the authors' control, the best of as many steps
    as the attack takes.
    """

    model: str = knob("", help="Name in the menu of models.")
    digest: str = knob("", help="sha256 of its weights.")
    collection: str = knob("Packaged digits", help="Where the pictures are taken from.")
    count: int = knob(16, 1, 1000, "How many pictures are drawn from the collection.")
    explainer: Recipe = part(Gradient(), "The method whose map is attacked.", EXPLAINERS)
    levels: str = knob("1 2 4 8", help="Largest changes of a pixel, in levels of 255, with blanks between.")
    steps: int = knob(100, 1, 10_000, "Steps of each attack and of the walk.")
    direction: Direction = part(Derivative(), "How attacks find their way.")
    climb: Climb = part(Signed(size=0.5 / LEVELS), "How attacks step along it.")
    k: int = knob(1000, 1, 100_000, "How many pixels count as most important.")
    seed: int = knob(0, 0, 2**31 - 1, "Which pictures are drawn, random changes and starts.")

    def sizes(self) -> list[float]:
        """Levels as numbers, in order.  Raises Refused for what are none."""
        try:
            found = sorted({float(int(word)) for word in self.levels.split()})
        except ValueError:
            found = []
        if not found or not all(0 <= level <= LEVELS for level in found) or len(found) > 20:
            raise Refused(f"Levels must be one to twenty whole numbers from 0 to {LEVELS}, got {self.levels!r}")
        return found

    def run(self, state: dict[str, Tensor] | None = None) -> Run:
        """Batch by batch, all sizes and attacks of each; the state is the table as far as it is filled."""
        device = torch.device(best_device())
        sizes, classifier = self.sizes(), loaded(self.model, self.digest, str(device), True)
        pictures = Selection(collection=self.collection, count=self.count, seed=self.seed).opened(self.model)
        names = [*measures(self.k, pictures.shape[-1]), SHIFT, KEPT]
        table = torch.full((len(pictures), len(ATTACKS), len(sizes), len(names)), torch.nan)
        level = torch.full((len(pictures), len(names)), torch.nan)
        if state is not None:
            table, level = state["table"].clone(), state["chance"].clone()
        batches = in_batches(pictures, classifier.net, device, self.explainer.passes)
        cells = list(product(range(len(sizes)), range(len(ATTACKS))))
        done, total = 0, len(batches) * len(cells) * self.steps
        for rows in batches:
            # A run that was broken off may have had other batches; the last measure is never not a number.
            left = [(i, j) for j, i in cells if table[rows, i, j, -1].isnan().any()]
            done += (len(cells) - len(left)) * self.steps
            if not left:
                continue
            x = pictures[rows].to(device)
            batch = Case(classifier.net, self.explainer, x, predicted(classifier.net, x))
            clean = seen(*batch, batch.target).maps
            level[rows] = self.chances(clean, len(names))
            for i, j in left:
                for n, best in self.moved(batch, rows, ATTACKS[i], sizes[j] / LEVELS):
                    yield Progress(done + n, total, {"attack": ATTACKS[i], "level": sizes[j]})
                    moved = best
                table[rows, i, j] = self.compared(batch, clean, reopened(moved))
                done += self.steps
                yield Progress(
                    done, total, self.summary(table, level, sizes, names),
                    state=lambda: {"table": table.clone(), "chance": level.clone()},
                )  # fmt: skip
        return Result(
            self, self.summary(table, level, sizes, names), {"table": table, "chance": level}, made_by(device)
        )

    def moved(self, batch: Case, rows: Tensor, attack: str, eps: float) -> Iterator[tuple[int, Tensor]]:
        """Number of the step and the best images so far, of the pictures of those numbers."""
        ball = Linf(eps=eps)
        if attack == "Random sign":
            yield self.steps, RandomSign(ball=ball, seed=self.seed).each(batch.x, rows)
            return
        how = Ascent(
            aim=MoveCentre() if attack == "Mass centre" else DrainTopPixels(k=self.k),
            ball=ball,
            direction=self.direction,
            climb=self.climb,
            steps=self.steps,
            criterion=TopKOverlap(k=self.k),
            seed=self.seed,
        )
        for step in (how.walk(self.seed) if attack == "Random walk" else how).iterate(*batch):
            yield step.n, step.x

    def compared(self, batch: Case, clean: Tensor, moved: Tensor) -> Tensor:
        """Every measure of every picture, (B, measures)."""
        after = seen(batch.net, batch.explain, moved, batch.target, batch.target)
        shift = centre_shift(clean, after.maps)
        return torch.cat([likeness(clean, after.maps, self.k), torch.stack([shift, after.kept.to(shift)], 1)], 1).cpu()

    def chances(self, clean: Tensor, count: int) -> Tensor:
        """Chance levels beside every clean map, (B, measures)."""
        found = [chance(measure, clean) for measure in measures(self.k, clean.shape[-1]).values()]
        none = clean.new_full((len(clean),), torch.nan)
        return torch.stack([*found, *[none] * (count - len(found))], 1).cpu()

    def summary(self, table: Tensor, level: Tensor, sizes: list[float], names: list[str]) -> dict[str, Any]:
        """Means over pictures with their 95 % intervals, per measure, attack and size."""
        curves = {
            name: {
                attack: [(proportion if name == KEPT else interval)(table[:, i, j, m]) for j in range(len(sizes))]
                for i, attack in enumerate(ATTACKS)
            }
            for m, name in enumerate(names)
        }
        chances = {name: plain(level[:, m].nanmean()) for m, name in enumerate(names)}
        pixels = int(np.prod(find(self.model).size[1:]))
        return {"levels": sizes, "curves": curves, "chance": chances, "pixels": pixels}
