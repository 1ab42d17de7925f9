"""How alike two maps are, by every measure at once, each beside what chance gives.  Runs in a worker."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from attrcore.maps import heat
from attrcore.metrics import METRICS, SSIM, Cosine, HogPearson, Kendall, Spearman, TopKOverlap
from attrcore.metrics.chance import null
from attrcore.recipe import Recipe

BY_VALUE = (Spearman, Kendall, TopKOverlap, Cosine)  # which ask for values and places together, and no neighbours
KNOW_SIGNS = (Spearman, Kendall, Cosine)
DEAR = (Kendall, SSIM, HogPearson)  # 5 to 10 ms a draw at 224 x 224 pixels, where the others take 0.2
DRAWS, FEW, LARGE = 199, 39, 64 * 64  # draws of the null: of dear measures a few, where maps have more pixels than that
TAIL = 0.025  # share of unrelated maps that lie above the null's interval; and below it
PLANES = {"absolute": heat, "signed": lambda attribution: attribution.sum(1)}


class Likeness(NamedTuple):
    """One measure of two maps."""

    measure: str
    of: str  # "absolute" or "signed"
    value: float
    moved: tuple[float, float, float]  # mean over the second map moved at random, and the middle 95 % of these
    draws: int  # how often it was moved
    reach: tuple[float, float]  # the least and the most that maps with these values can have
    why: str = ""  # there is no value


class Together(NamedTuple):
    """What the measures of one kind say as one."""

    of: str  # "absolute" or "signed"
    count: int  # measures that have a value
    more: int  # of which find the maps more alike than moved ones
    less: int
    chance_more: float  # share of unrelated maps that so many measures find more alike
    chance_less: float

    @property
    def verdict(self) -> str:
        """ "more", "less", or "no more" alike than moved maps; wrong of unrelated ones as often as `verdict` is."""
        return "more" if self.chance_more <= TAIL else "less" if self.chance_less <= TAIL else "no more"


class Compared(NamedTuple):
    """All measures of two maps, and what they say together."""

    rows: list[Likeness]
    together: list[Together]


def likeness(a: np.ndarray, b: np.ndarray, k: int) -> Compared:
    """Two attributions (c, H, W): absolute maps by every measure, signed ones by those that know signs.

    Each stands beside what it gives for the second map moved at random (`attrcore.metrics.moves`).  A measure that
    cannot be had, as of a constant map, is not a number.  Raises ValueError unless heights and widths agree and `k`
    pixels exist.
    """
    if a.shape[1:] != b.shape[1:]:
        raise ValueError(f"maps must be of one size, got {a.shape[1:]} and {b.shape[1:]}")
    rows, together = [], []
    for of, plane in PLANES.items():
        m, n = (plane(torch.tensor(t)[None]) for t in (a, b))
        nulls = []
        for name, metric in measures(of, k):
            row, draws = measured(name, of, metric, m, n)
            rows.append(row)
            if not row.why:
                nulls.append(np.concatenate([[row.value], draws]))
        together.append(jointly(of, nulls))
    return Compared(rows, together)


def measures(of: str, k: int) -> Iterator[tuple[str, Recipe]]:
    """Those that suit absolute or signed maps."""
    for name, cls in METRICS.items():
        if of == "absolute" or cls in KNOW_SIGNS:
            yield name, TopKOverlap(k=k) if cls is TopKOverlap else cls()


def measured(name: str, of: str, metric: Recipe, m: Tensor, n: Tensor) -> tuple[Likeness, np.ndarray]:
    """One measure of two maps (1, H, W) beside its null, and the null's draws."""
    why, value = "", math.nan
    try:
        value = metric(m, n).item()
        if math.isnan(value):
            flat = any(t.amax() == t.amin() for t in (m, n))
            why = "a map that is the same everywhere marks no place" if flat else "a map without edges to compare"
    except ValueError:
        why = "the maps are too small for it"
    if why:
        return Likeness(name, of, value, (math.nan,) * 3, 0, (math.nan,) * 2, why), np.empty(0)
    draws = null(metric, m, n, FEW if isinstance(metric, DEAR) and m[0].numel() > LARGE else DRAWS)[:, 0].numpy()
    known = draws[np.isfinite(draws)]
    return Likeness(name, of, value, interval(known), len(known), reach(metric, m, n)), draws


def interval(draws: np.ndarray) -> tuple[float, float, float]:
    """Mean of the draws and the middle of them, which one more of their kind misses with TAIL on either side.

    That is exact where the count of draws and one are a multiple of 40, as they are here.
    """
    beyond = max(1, int(TAIL * (len(draws) + 1)))  # draws that may lie at a bound or beyond it
    ordered = np.sort(draws)
    return float(draws.mean()), float(ordered[beyond - 1]), float(ordered[-beyond])


def jointly(of: str, nulls: list[np.ndarray]) -> Together:
    """What measures say together: each row is a value and then its draws, the same moves in all.

    Of every move one can ask how many measures it convinces.  Where the maps are unrelated, theirs is one more move,
    so the share of moves that convince as many is their chance, however much the measures repeat each other.
    """
    common = min(map(len, nulls), default=0)
    if not common:
        return Together(of, 0, 0, 0, 1.0, 1.0)
    pool = np.stack([draws[:common] for draws in nulls])  # (measures, 1 + draws)
    places = int(TAIL * common)
    more, less = (
        (np.nan_to_num(side, nan=-np.inf) > np.sort(np.nan_to_num(side, nan=-np.inf))[:, -places - 1][:, None]).sum(0)
        for side in (pool, -pool)
    )
    shares = ((counts >= counts[0]).mean() for counts in (more, less))
    return Together(of, len(nulls), int(more[0]), int(less[0]), *map(float, shares))


def reach(metric: Recipe, m: Tensor, n: Tensor) -> tuple[float, float]:
    """What a measure gives where the values of both maps are in opposite, and in the same order: ties narrow that."""
    if not isinstance(metric, BY_VALUE):
        return -1.0, 1.0
    up, same = (t.flatten(1).sort(dim=1).values.view_as(t) for t in (m, n))
    return metric(up, same.flip(1, 2)).item(), metric(up, same).item()


def beside(a: np.ndarray, others: np.ndarray, k: int) -> list[tuple[float, float, float] | None]:
    """Mean, least and most of each measure of `likeness` over the first map and (n, c, H, W) maps of other pictures.

    In the order of its rows; None where there is no value.  Raises ValueError unless heights and widths agree.
    """
    if others.shape[2:] != a.shape[1:]:
        raise ValueError(f"maps must be of one size, got {a.shape[1:]} and {others.shape[2:]}")
    found: list[tuple[float, float, float] | None] = []
    for of, plane in PLANES.items():
        m, strangers = plane(torch.tensor(a)[None]), plane(torch.tensor(others))
        for _, metric in measures(of, k):
            try:
                values = metric(m.expand_as(strangers), strangers)
            except ValueError:  # too small for it
                values = torch.full((1,), math.nan)
            known = values[values.isfinite()]
            found.append((known.mean().item(), known.min().item(), known.max().item()) if len(known) else None)
    return found


def verdict(one: Likeness) -> str:
    """ "more", "less" or "no more" alike than moved maps; "none" where there is no value.

    By any one measure, two unrelated maps are "more" alike, and "less", in 2.5 % of cases each.  Where edges do not
    join, as a map's need not, these are 3 to 4 %; up to 7 % where a map is hardly larger than what it shows (measured
    on independent smooth fields of 28 x 28 pixels, blurred by 3 and by 5 pixels).
    """
    if one.why:
        return "none"
    return "more" if one.value > one.moved[2] else "less" if one.value < one.moved[1] else "no more"


def share(one: Likeness) -> float:
    """How far the value is on the way from what moved maps have to the most, or the least, it can be: in [0, 1]."""
    end = one.reach[1] if one.value > one.moved[0] else one.reach[0]
    way = end - one.moved[0]
    return min(1.0, max(0.0, (one.value - one.moved[0]) / way)) if way else 0.0
