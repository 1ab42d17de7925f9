"""Integrated gradients opened up: what happens on the way from the baseline to the image.

Runs in a worker, like `attrcore.quick`; takes and returns plain values and arrays.  Images are (C, H, W) uint8,
baselines (C, H, W) float32 in [0, 1].
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from attrcore.baselines import Baseline
from attrcore.batches import in_chunks, wanted
from attrcore.data import others  # noqa: F401 - baselines of the menu
from attrcore.explain.gradient import logits_and_gradient
from attrcore.explain.integrated_gradients import IntegratedGradients
from attrcore.explain.patches import patches_of
from attrcore.explain.validity import Check, gap, something
from attrcore.look import limit
from attrcore.quadrature import QUADRATURES, quadrature
from attrcore.quick import Prediction, loaded, pixels, still_wanted
from attrcore.recipe import Recipe

STEPS = (4, 8, 16, 32, 64)  # of the chart of gaps
STOPS = 32  # points that are kept as pictures: a photo's take 0.4 MB each
PATCHES = 50  # to click on, about
CLIP = 99.5  # percentile of the gradients that gets the strongest colour, as in attrcore.look
NEAR = 0.1  # of the score's whole change: so near to its last value it has come to rest
SLOW = 0.5  # of a straight line's speed: so slow, on average, a stretch of the path is saturated
PARTS = 12  # in which the passes for the chart of gaps are asked for, so that little is lost where one is given up


class Opened(NamedTuple):
    """The path to one image, point by point; pictures at its stops, which are all points where these are few."""

    points: np.ndarray  # (n,) in [0, 1], where the rule looks
    weights: np.ndarray  # (n,), how much each counts
    scores: np.ndarray  # (n + 2,), the logit at the baseline, at the points, and at the image
    chances: np.ndarray  # (n + 2,), the probability there
    slopes: np.ndarray  # (n,), how fast the logit changes along the path, by the gradient
    stops: np.ndarray  # (m,), numbers of the points that have pictures; the last is the last point
    gradients: np.ndarray  # (m, H, W) float32, at the stops, channels added up
    parts: np.ndarray  # (m, H, W) float32, what is added to the map from stop to stop, channels added up
    late: np.ndarray  # (H, W) float32, what is added after the score has come to rest, channels added up
    strongest: float  # of the gradients, the value that gets the strongest colour
    checks: list[Check]  # what the gate says of the finished map
    target: int
    before: Prediction  # what the model says of the baseline
    seconds: float  # that the gradients took


class Halves(NamedTuple):
    """The path in two: until the score has nearly come to rest, and after that."""

    bend: float  # where the second begins, in [0, 1]
    sums: tuple[float, float]  # what each adds to the map's sum
    sizes: tuple[float, float]  # the sum of the sizes of what each adds to the map, pixel by pixel

    @property
    def saturated(self) -> bool:
        """Does a score that moves at all rest for `1 / SLOW` times as long as a straight line is so near its end?"""
        return any(self.sizes) and SLOW * (1 - self.bend) > NEAR - 1e-9


def start_of(image: np.ndarray, baseline: dict[str, Any], replaced: np.ndarray | None = None) -> np.ndarray:
    """The baseline of an image by the settings of a Baseline; the image itself but where `replaced`, (H, W) bool."""
    start = Recipe.from_dict(baseline)
    if not isinstance(start, Baseline):
        raise ValueError(f"settings must describe a baseline, got {baseline['kind']}")
    x = pixels(image)
    x0 = start(x)
    if replaced is None:
        return x0[0].numpy()
    if replaced.shape != image.shape[1:]:
        raise ValueError(f"replaced must be of the image's height and width {image.shape[1:]}, got {replaced.shape}")
    return torch.where(torch.tensor(replaced), x0, x)[0].numpy()


def patches(image: np.ndarray) -> np.ndarray:
    """About `PATCHES` patches of like colour to click on, numbered from 0: (H, W) int64."""
    return patches_of(pixels(image)[0], PATCHES).numpy()


def opened(
    model: str, digest: str, image: np.ndarray, target: int | None, start: np.ndarray, rule: tuple[str, int]
) -> Opened:
    """The path from the baseline `start` to an image, at the points of a rule with its number of steps."""
    net, x, x0, ends = scene(model, digest, image, start)
    t = int(ends[1].argmax()) if target is None else target
    first, last = ends[:, t].double().tolist()
    points, weights = quadrature(*rule)
    stops = np.unique(np.linspace(0, len(points) - 1, min(len(points), STOPS)).round().astype(int))
    way, total, late = x - x0, torch.zeros_like(x), torch.zeros(x.shape[2:])
    gradients, parts = (torch.zeros(len(stops), *x.shape[2:]) for _ in range(2))
    scores, chances, slopes = np.zeros((3, len(points)))
    begin = time.perf_counter()
    for rows, g, logits in along(net, x, x0, t, points):
        weighted = g * torch.as_tensor(weights[rows], dtype=g.dtype)[:, None, None, None]
        total += weighted.sum(0)
        added = (weighted * way).sum(1)
        numbers = np.arange(len(points))[rows]
        stop, here = np.searchsorted(stops, numbers), np.isin(numbers, stops)
        parts.index_add_(0, torch.from_numpy(stop), added)
        gradients[stop[here]] = g.sum(1)[here]
        slopes[rows] = (g.double() * way.double()).sum((1, 2, 3)).numpy()
        scores[rows], chances[rows] = logits[:, t].numpy(), logits.softmax(1)[:, t].numpy()
        rest = after(far(scores[rows], first, last))
        late = added[rest:].sum(0) + (0 if rest else late)  # a score that moves on has not come to rest before
    seconds = time.perf_counter() - begin
    join = lambda ends, middle: np.array([ends[0], *middle, ends[1]])  # noqa: E731
    return Opened(
        points, weights, join((first, last), scores), join(ends.softmax(1)[:, t].tolist(), chances), slopes,
        stops, gradients.numpy(), parts.numpy(), late.numpy(), limit([gradients.numpy()], CLIP),
        checks(way, total, last - first), t, Prediction(ends.softmax(1)[0].numpy(), ends[0].numpy()), seconds,
    )  # fmt: skip


def checks(way: Tensor, total: Tensor, change: float) -> list[Check]:
    """What the gate says of `way * total`, (1, C, H, W), whose score changes by `change` along the way."""
    a = way * total
    first, same = something(a[0]), bool(way.abs().max() < 1e-5)
    if not first.holds and not same:
        return [first]
    bound = IntegratedGradients.promises["completeness"]
    return [first, gap(same, a.double().sum().item(), a.double().abs().sum().item(), change, bound, steps=True)]


def slopes(
    model: str, digest: str, image: np.ndarray, target: int | None, start: np.ndarray | dict[str, Any], part: int
) -> tuple[np.ndarray, float]:
    """How fast the logit changes in one of the `PARTS` of `looks()`, (k,), and by how much on the whole path.

    The baseline is an image, or the settings of one.
    """
    start = start if isinstance(start, np.ndarray) else start_of(image, start)
    net, x, x0, ends = scene(model, digest, image, start)
    t = int(ends[1].argmax()) if target is None else target
    points, way = np.array_split(looks(), PARTS)[part], (x - x0).double()
    found = [(g.double() * way).sum((1, 2, 3)).numpy() for _, g, _ in along(net, x, x0, t, points)]
    first, last = ends[:, t].double().tolist()
    return np.concatenate(found), last - first


def gaps(found: Sequence[tuple[np.ndarray, float]]) -> dict[str, list[float]]:
    """For each rule of integration, how far its map is from complete after `STEPS` steps, as a share of the change.

    From what `slopes` gives for each of the `PARTS`, in order.
    """
    points, every, change = looks(), np.concatenate([slopes for slopes, _ in found]), found[0][1]

    def off(rule: str, steps: int) -> float:
        places, weights = quadrature(rule, steps)
        total = weights @ every[np.searchsorted(points, places.round(12))]
        return float(abs(total - change) / max(abs(change), 1e-12))

    return {rule: [off(rule, steps) for steps in STEPS] for rule in QUADRATURES}


def looks() -> np.ndarray:
    """Where the rules look in all, each place once, in order: many share theirs."""
    return np.unique(np.concatenate([quadrature(rule, n)[0] for rule in QUADRATURES for n in STEPS]).round(12))


def scene(
    model: str, digest: str, image: np.ndarray, start: np.ndarray
) -> tuple[torch.nn.Module, Tensor, Tensor, Tensor]:
    """The network, image and baseline (1, C, H, W), and the scores (2, N) at the baseline and at the image."""
    wanted.set(still_wanted)
    net, x, x0 = loaded(model, digest).net, pixels(image), torch.tensor(start, dtype=torch.float32)[None]
    if x0.shape != x.shape:
        raise ValueError(f"a baseline must be of the image's shape {tuple(x.shape[1:])}, got {tuple(x0.shape[1:])}")
    if not (x0.min() >= 0 and x0.max() <= 1):
        raise ValueError(f"a baseline must be in [0, 1], got [{x0.min():.3g}, {x0.max():.3g}]")
    with torch.no_grad():
        return net, x, x0, torch.cat([net(x0), net(x)])


def along(
    net: torch.nn.Module, x: Tensor, x0: Tensor, t: int, points: np.ndarray
) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Slices of the points of a path, with the gradients (k, C, H, W) of class `t` and all scores (k, N) there."""
    a, target = torch.as_tensor(points, dtype=x.dtype)[:, None, None, None], torch.full((len(points),), t)

    def look(rows: slice) -> tuple[Tensor, Tensor]:
        return logits_and_gradient(net, x0 + a[rows] * (x - x0), target[rows])

    for rows, (logits, g) in in_chunks(look, len(points), net, x):
        yield rows, g, logits


def far(scores: np.ndarray, first: float, last: float) -> np.ndarray:
    """Where a score that goes from `first` to `last` is not yet near its last value, or not any more: bool."""
    return np.abs(scores - last) > NEAR * abs(last - first)


def after(far: np.ndarray) -> int:
    """The number of the first point after the last that is far."""
    return int(far.nonzero()[0].max()) + 1 if far.any() else 0


def resting(points: np.ndarray, scores: np.ndarray) -> float:
    """From where on the path, in [0, 1], the score stays within `NEAR` of its whole change from its last value.

    `points` (n,) with both ends, `scores` (n,) there, which are taken to be joined by straight lines.  On a straight
    line this is 1 - NEAR.
    """
    first, last = scores[[0, -1]]
    i = after(far(scores, first, last))
    if i == 0:
        return float(points[0])
    side, near = np.sign(scores[i - 1] - last), NEAR * abs(last - first)
    start, end = side * (scores[[i - 1, i]] - last)
    return float(points[i - 1] + (points[i] - points[i - 1]) * (start - near) / (start - end))


def halves(found: Opened) -> Halves:
    """A path before and after its score has come to rest.

    Miglani et al. (2020, arXiv:2010.12697) cut it where the output has come nine tenths of its way; here the score
    must also not leave that tenth on the other side.  That alone does not mean saturation, which is a stretch "where
    model output changes minimally": `Halves.saturated` asks whether the second half is long too.
    """
    rest = max(0, after(far(found.scores, *found.scores[[0, -1]])) - 1)  # of the points without the two ends
    added, whole = found.weights * found.slopes, found.parts.sum(0)
    sizes = [float(np.abs(plane).sum()) for plane in (whole - found.late, found.late)]
    bend = resting(np.array([0, *found.points, 1]), found.scores)
    return Halves(bend, (float(added[:rest].sum()), float(added[rest:].sum())), (sizes[0], sizes[1]))
