"""One perturbation, every method: does what breaks one method's map break the others' too?"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from attrcore.attack.aims import DrainTopPixels
from attrcore.attack.ascent import Ascent
from attrcore.attack.random_sign import RandomSign
from attrcore.attack.seen import predicted, seen
from attrcore.balls import Linf
from attrcore.explain import EXPLAINERS
from attrcore.kinds import Progress, Refused, Result
from attrcore.models.loaded import loaded
from attrcore.origin import made_by
from attrcore.png import reopened
from attrcore.recipe import Recipe, knob
from attrcore.studies.matrix import Matrix, Row
from attrcore.studies.methods import named
from attrcore.studies.running import Run, best_device, in_batches
from attrcore.studies.selection import Selection

FOUR = "Gradient, Integrated Gradients, SmoothGrad, Grad-CAM"
DEARER = 3  # times: a step with a derivative of the map, beside one that only looks at the map


@dataclass(frozen=True)
class Transfer(Recipe):
    """Attacks on one method's map, seen by every method (Zhang et al., 2020, arXiv:1812.00891: transfer).

    A row is an attack on one method's map of each picture, a column what a method makes of the images that it leaves,
    rounded to 8 bits and read again; all explain the class that is predicted of the clean picture.  In a cell stands
    the likeness of the column's own maps before and after.  The last rows are controls in the same ball: one random
    change, and for each attack a random walk of as many steps, of which the best is kept as the attack keeps it.  An
    attack reaches another method where the difference to the random change, of the same pictures, lies below zero.
    Two caveats: the intervals are over pictures, not over draws of the random change; and a walk of small steps stays
    well inside the ball, where it breaks less than the one change, which goes to the rim.
    """

    model: str = knob("", help="Name in the menu of models.")
    digest: str = knob("", help="sha256 of its weights.")
    pictures: Selection = field(default=Selection())
    attacked: str = knob(FOUR, help="Explainers that are attacked, by menu name with commas between; may be none.")
    explained: str = knob(f"{FOUR}, Sobel edges", help="Explainers that look at every image, likewise; at least one.")
    attack: Ascent = field(default=Ascent(aim=DrainTopPixels(), ball=Linf()))
    walks: bool = knob(True, help="A random walk for each attack too, the best step kept as the attack keeps it.")
    k: int = knob(100, 1, 100_000, "How many pixels count as most important where maps are compared.")
    seed: int = knob(0, 0, 2**31 - 1, "Of the random change and the walks.", label="Seed of random changes")

    def rows(self) -> list[Row]:
        """Attacks, then their controls."""
        methods = named(self.attacked) if self.attacked.strip() else []
        walks = [Row("walk", method) for method in methods if self.walks]
        return [*(Row("attack", method) for method in methods), Row("random", ""), *walks]

    def run(self, state: dict[str, Tensor] | None = None) -> Run:
        """Batch by batch, all rows of each, the cheapest first: the random change, which the others are compared with.

        Progress counts passes through the network, about.  The facts of a finished row are the matrix so far;
        in later batches only those of the last row.
        """
        device = torch.device(best_device())
        net = loaded(self.model, self.digest, str(device), differentiated=True).net
        rows, columns, pictures = self.rows(), named(self.explained), self.pictures.opened(self.model)
        matrix = Matrix(rows, columns, self.refusals(net, pictures[:1].to(device)), pictures, self.k)
        if state is not None:
            matrix.go_on(state)
        costs = [0 if reason else self.cost(row) for row, reason in zip(rows, matrix.reasons["rows"], strict=True)]
        done, total = 0, len(pictures) * sum(costs)
        most = max([EXPLAINERS[row.method]().passes for row in rows if row.method], default=1)
        yield Progress(0, total, matrix.facts())
        for batch in in_batches(pictures, net, device, most):
            left, first = sorted(matrix.left(batch), key=costs.__getitem__), 0 in batch
            done += len(batch) * (sum(costs) - sum(costs[i] for i in left))
            if not left:
                continue
            x = pictures[batch].to(device)
            label = predicted(net, x)
            clean = self.maps(net, x, label, matrix)
            matrix.begin(batch, clean)
            for i in left:
                for n, best in self.moved(rows[i], batch, net, x, label):
                    yield Progress(done + len(batch) * costs[i] * n // (self.attack.steps + 1), total)
                    moved = best
                z = reopened(moved)
                matrix.fill(batch, i, z, predicted(net, z) == label, clean, self.maps(net, z, label, matrix))
                done += len(batch) * costs[i]
                told = matrix.facts() if first or i == left[-1] else {}
                yield Progress(done, total, told, matrix.frame(i) if first else {}, matrix.state)
        return Result(self, matrix.facts(), matrix.state(), made_by(device))

    def ascent(self, row: Row) -> Ascent:
        """The attack of a row, or the walk that takes as many steps."""
        return self.attack.walk(self.seed) if row.kind == "walk" else self.attack

    def moved(self, row: Row, batch: Tensor, net: nn.Module, x: Tensor, label: Tensor) -> Iterator[tuple[int, Tensor]]:
        """Number of the step and the best images so far, (B, C, H, W), of the pictures of those numbers (B,)."""
        if row.kind == "random":
            yield self.attack.steps, RandomSign(ball=self.attack.ball, seed=self.seed).each(x, batch)
            return
        for step in self.ascent(row).iterate(net, EXPLAINERS[row.method](), x, label):
            yield step.n, step.x

    def maps(self, net: nn.Module, x: Tensor, label: Tensor, matrix: Matrix) -> dict[int, Tensor]:
        """What each column that can makes of (B, C, H, W), by its number: (B, H, W)."""
        can = [j for j, reason in enumerate(matrix.reasons["columns"]) if not reason]
        return {j: seen(net, EXPLAINERS[matrix.columns[j]](), x, label, label).maps for j in can}

    def refusals(self, net: nn.Module, x: Tensor) -> dict[str, list[str]]:
        """Why a row or a column must stay empty, or nothing: each is tried on one picture, an attack for one step."""
        label = predicted(net, x)

        def attacked(method: str) -> None:
            self.attack.begin(net, EXPLAINERS[method](), x, label).step()

        tried = {row.method: refusal(attacked, row.method) for row in self.rows() if row.kind == "attack"}
        return {
            "rows": [tried.get(row.method, "") for row in self.rows()],
            "columns": [refusal(lambda name: EXPLAINERS[name]()(net, x, label), n) for n in named(self.explained)],
        }

    def cost(self, row: Row) -> int:
        """Passes that a row takes per picture, about: what is left to do is told by them."""
        looks = sum(EXPLAINERS[name]().passes for name in named(self.explained))
        dear = {"attack": DEARER, "walk": 1, "random": 0}[row.kind]
        steps = self.attack.steps * self.attack.restarts * dear
        return 1 + looks + (steps * max(1, EXPLAINERS[row.method]().passes) if row.method else 0)


def refusal(work: Callable[[Any], Any], what: Any) -> str:
    """Why `work(what)` cannot be had; nothing where it can."""
    try:
        work(what)
    except Refused as e:
        return str(e)
    return ""
