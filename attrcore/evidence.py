"""What an attack did, measured on the file that it leaves: rounded to 8 bits, saved, read again, explained again.

Beside every figure stand its chance level and what random changes of the same size do.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from attrcore.attack.random_sign import RandomSign
from attrcore.attack.seen import Seen, predicted, seen
from attrcore.compare import FEW, interval
from attrcore.kinds import Ball, Explainer, Metric
from attrcore.maps import centre_shift, mass_centre
from attrcore.metrics import Cosine, Kendall, LensRecall, Spearman, TopKOverlap
from attrcore.metrics.chance import null
from attrcore.png import reopened

MOVES = 19  # of a map over itself, where a measure has no chance level of its own


class Measured(NamedTuple):
    """One measure of a clean map beside others, in numbers that JSON holds."""

    measure: str
    attacked: float  # likeness of the clean and the attacked image's maps
    walk: float  # of the clean and the random walk's
    random: list[float]  # of the clean and each randomly changed image's
    chance: float  # of unrelated maps
    ceiling: float  # of the clean map and itself: less than 1 where its pixels tie
    moved: list[float]  # over the attacked map moved at random: low end, mean and high end of 95 %


@dataclass(frozen=True)
class Change:
    """How far an image has moved, in 8-bit levels."""

    largest: int
    mean: float
    share: float  # of the values that moved at all
    length: float  # Euclidean, in [0, 1] units

    @classmethod
    def between(cls, x: Tensor, z: Tensor) -> "Change":
        """Of one image (1, C, H, W)."""
        steps = ((z - x) * 255).round().abs()
        return cls(int(steps.max()), float(steps.mean()), float((steps > 0).float().mean()), float((z - x).norm()))


class Case(NamedTuple):
    """What is attacked: images of one network by one explainer."""

    net: nn.Module
    explain: Explainer
    x: Tensor  # (B, C, H, W)
    target: Tensor  # (B,), the explained classes


def measures(k: int, side: int) -> dict[str, Metric]:
    """Those of the fragility literature, by name; `k` pixels of a map so many pixels wide count as most important."""
    window = max(1, side // 75)  # a digit's neighbours, and two pixels of 224
    return {
        "Top-k overlap": TopKOverlap(k=k),
        "Kendall": Kendall(),
        "Spearman": Spearman(),
        "Cosine": Cosine(),
        "LENS-recall": LensRecall(k=k, w=window),
    }


def likeness(clean: Tensor, after: Tensor, k: int) -> Tensor:
    """Every measure of maps beside the clean ones, (B, H, W), (B, H, W) -> (B, measures)."""
    return torch.stack([measure(clean, after) for measure in measures(k, clean.shape[-1]).values()], 1)


def chance(measure: Metric, maps: Tensor) -> Tensor:
    """What unrelated maps score on average beside each of (B, H, W): (B,).

    Where no law says it, each map beside itself moved at random: two maps without a negative value have a cosine well
    above zero whatever they show.
    """
    if isinstance(measure, TopKOverlap | LensRecall):
        return measure.chance(maps)
    if isinstance(measure, Kendall | Spearman):
        return maps.new_zeros(len(maps))
    return null(measure, maps, maps, MOVES).nanmean(0)


class Changed(NamedTuple):
    """One image, changed in two ways, each (1, C, H, W)."""

    attacked: Tensor
    walk: Tensor  # where a random walk of as many steps got


def evidence(
    case: Case, images: Changed, ball: Ball, k: int, draws: int, aim: Callable[[Tensor], Tensor]
) -> Iterator[dict[str, Any]]:
    """Of one image: yields after every random change, at last with everything.

    Random changes are as large as the attack's own was, in the ball's norm: it may have stayed well inside.

    `aim` is what the attack was after, (B, H, W) -> (B,): beside all others stands how far it got there.
    Numbers are plain, so that JSON holds them; tensors are under "tensors".
    """
    label = predicted(case.net, case.x)
    clean = look(case, case.x, label)
    files = {side: reopened(image) for side, image in images._asdict().items()}
    sides = {side: look(case, file, label) for side, file in files.items()}
    file, after = files["attacked"], sides["attacked"]
    controls, moved, control = [], [], ball.reached(file, case.x)
    for seed in range(draws):
        moved.append(reopened(RandomSign(ball=control, seed=seed).moved(case.x)))
        controls.append(look(case, moved[-1], label))
        yield {"draws": seed + 1}
    others = torch.cat([c.maps for c in controls])
    reached = aim(others).masked_fill(~others.flatten(1).any(1), torch.nan)  # a map of nothing has reached nothing
    rows = []
    for name, measure in measures(k, case.x.shape[-1]).items():
        random = measure(clean.maps.expand_as(others), others)
        mean, low, high = interval(null(measure, clean.maps, after.maps, FEW)[:, 0].numpy(force=True))
        both = [float(measure(clean.maps, side.maps)) for side in sides.values()]
        level = float(chance(measure, clean.maps))
        ceiling = float(measure(clean.maps, clean.maps))
        rows.append(Measured(name, *both, random.tolist(), level, ceiling, [low, mean, high]))

    def shift(maps: Tensor) -> Tensor:
        return centre_shift(clean.maps.expand_as(maps), maps)

    yield {
        "aim": {"clean": float(aim(clean.maps)), **{side: float(aim(s.maps)) for side, s in sides.items()},
                "random": reached.tolist()},
        "likeness": [row._asdict() for row in rows],
        "centre": [mass_centre(m)[0].tolist() for m in (clean.maps, after.maps)],
        "shift": {**{side: float(shift(s.maps)) for side, s in sides.items()}, "random": shift(others).tolist()},
        "label": int(label),
        "chances": {"clean": float(clean.chances), **{side: float(s.chances) for side, s in sides.items()},
                    "random": [float(c.chances) for c in controls]},
        "kept": {**{side: bool(s.kept) for side, s in sides.items()}, "random": [bool(c.kept) for c in controls]},
        "predicted": int(predicted(case.net, file)),
        "change": {side: vars(Change.between(case.x, z)) for side, z in {**files, "random": moved[0]}.items()},
        "tensors": {"clean map": clean.maps[0], "attacked map": after.maps[0], "random map": others[0],
                    "attacked": file[0], "random": moved[0][0]},
    }  # fmt: skip


def look(case: Case, x: Tensor, label: Tensor) -> Seen:
    """What the network makes of one image (1, C, H, W)."""
    return seen(case.net, case.explain, x, case.target, label)
