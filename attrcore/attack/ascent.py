"""The attack: climb an aim within a ball, and keep the best that the network itself confirms."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from attrcore.attack.aims import DrainTopPixels
from attrcore.attack.climbs import Climb, Signed
from attrcore.attack.directions import Derivative, Direction, Lot
from attrcore.attack.seen import Seen, logits_of, predicted, seen
from attrcore.balls import Linf
from attrcore.draws import generator
from attrcore.kinds import Aim, Ball, Explainer, Metric, Step
from attrcore.maps import heat
from attrcore.recipe import Recipe, knob, menu, part


@dataclass(frozen=True)
class Aimed(Metric):
    """The aim itself: the best is what reaches it best (Ghorbani et al., 2019, arXiv:1710.10547, Algorithm 1)."""


menu({"The aim itself": Aimed})


@dataclass(frozen=True)
class Ascent(Recipe):
    """Climb an aim step by step within a ball, the predicted class kept (Ghorbani et al., 2019, arXiv:1710.10547).

    Every step's image is brought to whole 8-bit levels and judged on the network itself, whatever network the slope was
    found on: what is kept is what a file holds.  Kept is the best step by the criterion whose predicted class is still
    the clean image's; the clean image itself is the first candidate, so that the result is never worse.
    """

    aim: Aim = part(DrainTopPixels(), "What the attack wants of the map.")
    ball: Ball = part(Linf(), "How far the image may move.")
    direction: Direction = part(Derivative(), "How the way is found.")
    climb: Climb = part(Signed(), "How it steps along it.")
    steps: int = knob(100, 1, 10_000, "How often it steps.")
    restarts: int = knob(1, 1, 50, "Attempts side by side, from different points; the best counts.")
    random_start: bool = knob(
        False,
        help="Start from a random point of the ball. All attempts but the first, and aims without a slope at the "
        "image, do so in any case.",
    )
    hold: float = knob(0.0, 0.0, 1e6, "Weight of staying at the clean image's logits (mean squared change).")
    criterion: Metric = part(Aimed(), "What the best step is best by: the aim, or least likeness to the clean map.")
    seed: int = knob(0, 0, 2**31 - 1, "Where random starts are.", label="Seed of random starts")

    def begin(self, net: nn.Module, explain: Explainer, x: Tensor, target: Tensor) -> "Climbing":
        """An attack on (B, C, H, W) images and the classes (B,) that are explained, before its first step."""
        return Climbing(self, net, explain, x, target)

    def iterate(self, net: nn.Module, explain: Explainer, x: Tensor, target: Tensor) -> Iterator[Step]:
        """The clean images, and then every step."""
        climbing = self.begin(net, explain, x, target)
        yield climbing.first
        while climbing.n < self.steps:
            yield climbing.step()

    def walk(self, seed: int) -> "Ascent":
        """Its control: as many steps of the same length, each pixel's by lot, of which the same criterion keeps one.

        The random attack of the authors' code (Ghorbani et al., 2019, arXiv:1710.10547).
        """
        return replace(self, direction=Lot(seed=seed), climb=Signed(size=self.climb.size), hold=0.0)

    def __call__(self, net: nn.Module, explain: Explainer, x: Tensor, target: Tensor) -> Tensor:
        """The best images, (B, C, H, W)."""
        for step in self.iterate(net, explain, x, target):
            found = step.x
        return found


class Climbing:
    """An attack under way.  The attempts of all images are rows of one batch: attempt r of image b is row r B + b."""

    def __init__(self, how: Ascent, net: nn.Module, explain: Explainer, x: Tensor, target: Tensor) -> None:
        self.how, self.net, self.explain, self.x, self.target = how, net, explain, x.detach(), target
        self.label = predicted(net, x)
        self.n, self.memory = 0, {}
        clean = seen(net, explain, x, target, self.label)
        self.clean = clean.maps
        self.goal = how.aim.against(net, explain, x, clean.maps).detach()
        with torch.no_grad():
            self.logits = logits_of(net, self.x) if how.hold else None
        self.slope = how.direction.slope(net, explain, self.objective, how.steps)
        self.z = self.starts()
        aim = self.aimed(clean.maps)
        self.best, self.score = self.x.clone(), self.scored(clean, aim)
        flat = torch.zeros_like(clean.kept)
        self.first = Step(0, self.best, self.score, self.x, clean.maps, aim, clean.chances, clean.kept, flat)

    def starts(self) -> Tensor:
        """Where each attempt starts, (R B, C, H, W); the same change for every image."""
        found = []
        for r in range(self.how.restarts):
            drawn = self.how.random_start or r > 0 or self.how.aim.rests
            g = generator(f"random start {r}", self.how.seed)
            found.append(self.how.ball.start(self.x, g) if drawn else self.x)
        return torch.cat(found)

    def objective(self, net: nn.Module, z: Tensor, rows: slice) -> Tensor:
        """What grows: the aim of rows of the batch, less what their logits have moved."""
        which = torch.arange(rows.start, rows.stop, device=z.device) % len(self.x)
        value = self.how.aim(heat(self.explain(net, z, self.target[which])), self.goal[which])
        if self.logits is None:
            return value
        moved = logits_of(self.net, z) - self.logits[which]  # of the network itself: a rounded one says something else
        return value - self.how.hold * moved.square().mean(1)

    def step(self) -> Step:
        """The next one."""
        self.n += 1
        how, copies = self.how, self.how.restarts
        origin = self.x.repeat(copies, 1, 1, 1)
        slope = self.slope(self.n, self.z)
        flat = (slope == 0).flatten(1).all(1).view(copies, -1).all(0)
        self.z = how.ball.project(self.z + how.climb.move(slope, how.ball, self.memory), origin)
        now = how.ball.rounded(self.z, origin)
        found = seen(self.net, self.explain, now, self.target.repeat(copies), self.label.repeat(copies))
        aim = self.aimed(found.maps)
        score = self.scored(found, aim)
        leader = score.view(copies, -1).argmax(0) * len(self.x) + torch.arange(len(self.x), device=score.device)
        now, score, aim, maps, chances, kept = (t[leader] for t in (now, score, aim, *found))
        better = score > self.score
        self.score = torch.where(better, score, self.score)
        self.best = torch.where(better[:, None, None, None], now, self.best)
        return Step(self.n, self.best, self.score, now, maps, aim, chances, kept, flat)

    def aimed(self, maps: Tensor) -> Tensor:
        """The aim of one map per attempt, (R B,)."""
        return self.how.aim(maps, self.goal.repeat(len(maps) // len(self.x), 1, 1))

    def scored(self, found: Seen, aim: Tensor) -> Tensor:
        """What the criterion gives, (R B,); nothing where the predicted class is lost or the map is empty."""
        if isinstance(self.how.criterion, Aimed):
            value = aim
        else:
            value = -self.how.criterion(self.clean.repeat(len(aim) // len(self.x), 1, 1), found.maps)
        empty = ~found.maps.flatten(1).any(1)  # a map of nothing is nowhere, and no centre of it has moved
        return value.nan_to_num(nan=-torch.inf).masked_fill(~found.kept | empty, -torch.inf)

    def state(self) -> dict[str, Tensor]:
        """Everything that the next steps depend on."""
        memory = {f"memory.{name}": value for name, value in self.memory.items()}
        return {"n": torch.tensor(self.n), "z": self.z, "best": self.best, "score": self.score, **memory}

    def go_on(self, state: dict[str, Tensor]) -> None:
        """Take up an attack of the same settings where `state` left it."""
        at = {name: value.to(self.x.device) for name, value in state.items()}
        self.n, self.z, self.best, self.score = int(at["n"]), at["z"], at["best"], at["score"]
        self.memory = {k.removeprefix("memory."): v for k, v in at.items() if k.startswith("memory.")}
