"""Likenesses of many maps to those of a trained network, by every measure at once, and the nulls beside them."""

import math
from dataclasses import fields, is_dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from attrcore.compare import PLANES, measures
from attrcore.explain import EXPLAINERS
from attrcore.kinds import Explainer, Refused
from attrcore.metrics.products import PixelProduct
from attrcore.sanity.nulls import input_mask, random_map
from attrcore.studies.running import intervals

NULLS = ("random map", "input mask", "another seed", "edges")
DRAWS = 3  # of each null that is drawn
ALL = "all"


class Measure(NamedTuple):
    """One way to compare two maps."""

    name: str
    of: str  # "absolute" or "signed"
    metric: Any

    @property
    def title(self) -> str:
        """How results name it."""
        return f"{self.name}, {self.of}"

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """Two batches of planes (B, H, W): (B,); not a number where they are too small for it."""
        try:
            return self.metric(a, b)
        except ValueError:
            return torch.full((len(a),), torch.nan)


class Clean(NamedTuple):
    """Maps by one method, ready to be compared with many."""

    map: Tensor  # the attribution, (B, c, H, W)
    planes: dict[str, Tensor]  # absolute and signed, (B, H, W)
    ready: list[Tensor | None]  # what a measure makes of them by themselves, where it does


class Pictured(NamedTuple):
    """Pictures with their maps by a trained network."""

    first: int  # the number of the first among all pictures
    x: Tensor  # (B, C, H, W)
    target: Tensor  # (B,)
    maps: dict[str, Clean]  # by method


class Likenesses(list[Measure]):
    """Every measure: of absolute maps, then of signed ones those that know signs.

    Raises Refused where `only` names none of them.
    """

    def __init__(self, k: int, only: str = ALL) -> None:
        every = [Measure(name, of, metric) for of in PLANES for name, metric in measures(of, k)]
        super().__init__(m for m in every if only in (ALL, m.title))
        if not self:
            raise Refused(f"measured must be {ALL}, or one of {'; '.join(m.title for m in every)}; got {only!r}.")

    def clean(self, a: Tensor) -> Clean:
        """Attributions (B, c, H, W), ready to be compared."""
        planes = {of: plane(a) for of, plane in PLANES.items()}
        ready = [m.metric.prepared(planes[m.of]) if isinstance(m.metric, PixelProduct) else None for m in self]
        return Clean(a, planes, ready)

    def of(self, clean: Clean, a: Tensor) -> Tensor:
        """Every measure of clean attributions beside others (B, c, H, W): see `between`."""
        return self.between(clean, self.clean(a))

    def between(self, a: Clean, b: Clean) -> Tensor:
        """Every measure of two batches: (B, measures), on the CPU.

        Not a number where there is none, as of a constant map or of one too small for a measure.
        """
        found = [
            m(a.planes[m.of], b.planes[m.of]) if p is None else (p * q).sum(1)
            for m, p, q in zip(self, a.ready, b.ready, strict=True)
        ]
        return torch.stack([values.float().cpu() for values in found], 1)

    def beside(self, clean: Clean, others: list[Clean]) -> Tensor:
        """The mean likeness to each of these, (B, measures); not a number where there is none."""
        if not others:
            return torch.full((len(clean.map), len(self)), torch.nan)
        return torch.stack([self.between(clean, other) for other in others]).nanmean(0)

    def nulls(self, net: nn.Module, here: Pictured, methods: dict[str, Explainer]) -> Tensor:
        """What maps that owe nothing to the weights score beside each method's, (B, methods, NULLS, measures)."""
        x, target = here.x, here.target
        drawn = {
            "random map": [self.clean(random_map(x, n, here.first)) for n in range(DRAWS)],
            "input mask": [self.clean(input_mask(x, n, here.first)) for n in range(DRAWS)],
            "edges": [self.clean(edges(net, x, target))],
        }
        found = []
        for name, method in methods.items():
            others = {**drawn, "another seed": [self.clean(a) for a in again(method, net, x, target)]}
            found.append(torch.stack([self.beside(here.maps[name], others[null]) for null in NULLS], 1))
        return torch.stack(found, 1)

    def told(self, table: Tensor, methods: list[str]) -> dict[str, dict[str, list[dict[str, Any]]]]:
        """Of (B, draws, steps, methods, measures), by measure and method: a point for each step, see `spread`."""
        points = spread(table)
        return {
            m.title: {name: [points[i][n][j] for i in range(len(points))] for n, name in enumerate(methods)}
            for j, m in enumerate(self)
        }

    def told_nulls(self, nulls: Tensor, methods: list[str]) -> dict[str, dict[str, dict[str, Any]]]:
        """The same of (B, methods, NULLS, measures): by measure, method and null, means with intervals."""
        found = intervals(nulls)
        return {
            m.title: {name: {null: found[n][c][j] for c, null in enumerate(NULLS)} for n, name in enumerate(methods)}
            for j, m in enumerate(self)
        }


def edges(net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    """What an edge detector draws of (B, C, H, W): (B, 1, H, W)."""
    return EXPLAINERS["Sobel edges"]()(net, x, target)


def again(method: Explainer, net: nn.Module, x: Tensor, target: Tensor) -> list[Tensor]:
    """The same method's maps with other seeds, its parts' too, where anything is drawn."""
    other = reseeded(method)
    return [] if other == method else [other(net, x, target).detach()]


def reseeded(method: Any) -> Any:
    """It with the next seed wherever it, or a part of it, has one."""
    new = {}
    for f in fields(method):
        value = getattr(method, f.name)
        new[f.name] = value + 1 if f.name == "seed" else reseeded(value) if is_dataclass(value) else value
    return replace(method, **new)


def spread(values: Tensor) -> Any:
    """Of likenesses (pictures, draws, ...): nested lists of points.

    A point has mean and interval over draws, under `draws` the mean of each, and under `pictures` the interval over
    pictures.
    """
    each = values.nanmean(0)
    return joined(intervals(each), intervals(values.nanmean(1)), each.double().movedim(0, -1).tolist())


def joined(points: Any, over: Any, each: Any) -> Any:
    """Points with the ends of others and with what they are the means of, of nested lists of one shape."""
    if isinstance(points, list):
        return [joined(*parts) for parts in zip(points, over, each, strict=True)]
    known = [None if math.isnan(v) else v for v in each]
    return {**points, "draws": known, "pictures": [over["low"], over["high"]]}


def planes(maps: dict[str, Tensor], picture: int = 0) -> Tensor:
    """One picture's signed maps, (methods, H, W), each over its largest magnitude, in half precision on the CPU."""
    found = torch.stack([PLANES["signed"](a[picture : picture + 1])[0] for a in maps.values()])
    top = found.abs().amax((1, 2), keepdim=True).clamp_min(torch.finfo(found.dtype).tiny)
    return (found / top).half().cpu()
