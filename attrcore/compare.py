"""How alike two maps are, by every measure at once, each beside what chance gives.  Runs in a worker."""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from attrcore.maps import heat
from attrcore.metrics import METRICS, Cosine, Kendall, Spearman, TopKOverlap, null
from attrcore.recipe import Recipe

BY_VALUE = (Spearman, Kendall, TopKOverlap, Cosine)  # which ask for values and places together, and no neighbours
DRAWS = 20  # shuffles of the null


class Likeness(NamedTuple):
    """One measure of two maps."""

    measure: str
    of: str  # "absolute" or "signed"
    value: float
    chance: tuple[float, float, float]  # mean, lowest and highest over shuffled pixels
    others: tuple[float, float, float] | None  # the same over maps of other pictures, where there are some
    ceiling: float  # the most that maps with these values can reach; not a number where places decide too


def likeness(a: np.ndarray, b: np.ndarray, others: np.ndarray, k: int) -> list[Likeness]:
    """Two attributions (c, H, W), and (n, c, H, W) of the second one's kind for other pictures; n may be zero.

    Absolute maps by every measure, signed ones by those that know signs.  A measure that cannot be had, as of a
    constant map, is not a number.  Raises ValueError unless heights and widths agree and `k` pixels exist.
    """
    if a.shape[1:] != b.shape[1:] or (len(others) and others.shape[2:] != a.shape[1:]):
        raise ValueError(f"maps must be of one size, got {a.shape[1:]}, {b.shape[1:]} and {others.shape[2:]}")
    planes = {
        "absolute": lambda t: heat(t),
        "signed": lambda t: t.sum(1),
    }
    found = []
    for of, plane in planes.items():
        m, n = (plane(torch.tensor(t)[None]) for t in (a, b))
        strangers = plane(torch.tensor(others)) if len(others) else None
        for name, cls in METRICS.items():
            if of == "signed" and name not in ("Spearman", "Kendall", "Cosine"):
                continue
            metric = TopKOverlap(k=k) if cls is TopKOverlap else cls()
            try:
                beside = None if strangers is None else spread(metric(m.expand_as(strangers), strangers))
                chance = spread(null(metric, m, n, DRAWS)[:, 0])
                found.append(Likeness(name, of, metric(m, n).item(), chance, beside, ceiling(metric, m, n)))
            except ValueError:  # maps too small for it
                found.append(Likeness(name, of, math.nan, (math.nan,) * 3, None, math.nan))
    return found


def ceiling(metric: Recipe, m: Tensor, n: Tensor) -> float:
    """What a measure gives where the values of both maps are in the same order: below 1 where one has ties."""
    if not isinstance(metric, BY_VALUE):
        return math.nan
    flat = (t.flatten(1).sort(dim=1).values.view_as(t) for t in (m, n))
    return metric(*flat).item()


def spread(values: Tensor) -> tuple[float, float, float]:
    """Mean, lowest and highest."""
    return values.mean().item(), values.min().item(), values.max().item()


def verdict(one: Likeness) -> str:
    """Whether a value lies beyond what chance, and what other pictures, give."""
    if not np.isfinite(one.value):
        return "not a number"
    if one.chance[1] <= one.value <= one.chance[2]:
        return "no more alike than shuffled pixels"
    if one.value < one.chance[1]:
        return "less alike than shuffled pixels"
    if one.others is not None and one.value <= one.others[2]:
        return "no more alike than maps of other pictures"
    return "more alike than chance" if one.others is None else "more alike than chance and other pictures"
