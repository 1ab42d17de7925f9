"""Integrated gradients opened up: what happens on the way from the baseline to the image.

Runs in a worker, like `attrcore.quick`; takes and returns plain values and arrays.  Images are (C, H, W) uint8,
baselines (C, H, W) float32 in [0, 1].
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from attrcore.baselines import Baseline
from attrcore.batches import in_chunks, wanted
from attrcore.data import others  # noqa: F401 - baselines of the menu
from attrcore.explain.integrated_gradients import QUADRATURES, IntegratedGradients, quadrature
from attrcore.explain.patches import patches_of
from attrcore.explain.validity import Check, gap, something
from attrcore.look import limit
from attrcore.quick import loaded, pixels, still_wanted
from attrcore.recipe import Recipe

STEPS = (4, 8, 16, 32, 64)  # of the chart of gaps
STOPS = 32  # points that are kept as pictures: a photo's take 0.4 MB each
PATCHES = 50  # to click on, about
CLIP = 99.5  # percentile of the gradients that gets the strongest colour, as in attrcore.look


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
    strongest: float  # of the gradients, the value that gets the strongest colour
    checks: list[Check]  # what the gate says of the finished map
    target: int


class Halves(NamedTuple):
    """The path in two: until the score has nearly come to rest, and the saturated stretch after that."""

    bend: float  # where the second begins, in [0, 1]
    sums: tuple[float, float]  # what each adds to the map's sum
    sizes: tuple[float, float]  # the sum of the sizes of what each adds to the map, pixel by pixel


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
    points, weights = quadrature(*rule)
    stops = np.unique(np.linspace(0, len(points) - 1, min(len(points), STOPS)).round().astype(int))
    way, total = x - x0, torch.zeros_like(x)
    gradients, parts = (torch.zeros(len(stops), *x.shape[2:]) for _ in range(2))
    scores, chances, slopes = np.zeros((3, len(points)))
    for rows, g, logits in along(net, x, x0, t, points):
        weighted = g * torch.as_tensor(weights[rows], dtype=g.dtype)[:, None, None, None]
        total += weighted.sum(0)
        numbers = np.arange(len(points))[rows]
        stop, here = np.searchsorted(stops, numbers), np.isin(numbers, stops)
        parts.index_add_(0, torch.from_numpy(stop), (weighted * way).sum(1))
        gradients[stop[here]] = g.sum(1)[here]
        slopes[rows] = (g.double() * way.double()).sum((1, 2, 3)).numpy()
        scores[rows], chances[rows] = logits[:, t].numpy(), logits.softmax(1)[:, t].numpy()
    first, last = ends[:, t].double().tolist()
    join = lambda ends, middle: np.array([ends[0], *middle, ends[1]])  # noqa: E731
    return Opened(
        points, weights, join((first, last), scores), join(ends.softmax(1)[:, t].tolist(), chances), slopes,
        stops, gradients.numpy(), parts.numpy(), limit([gradients.numpy()], CLIP), checks(way, total, last - first), t,
    )  # fmt: skip


def checks(way: Tensor, total: Tensor, change: float) -> list[Check]:
    """What the gate says of `way * total`, (1, C, H, W), whose score changes by `change` along the way."""
    a = way * total
    first, same = something(a[0]), bool(way.abs().max() < 1e-5)
    if not first.holds and not same:
        return [first]
    bound = IntegratedGradients.promises["completeness"]
    return [first, gap(same, a.double().sum().item(), a.double().abs().sum().item(), change, bound, steps=True)]


def gaps(model: str, digest: str, image: np.ndarray, target: int | None, start: np.ndarray) -> dict[str, list[float]]:
    """For each rule of integration, how far its map is from complete after `STEPS` steps, as a share of the change."""
    net, x, x0, ends = scene(model, digest, image, start)
    t = int(ends[1].argmax()) if target is None else target
    points, slopes, way = looks(), np.zeros(len(looks())), (x - x0).double()
    for rows, g, _ in along(net, x, x0, t, points):
        slopes[rows] = (g.double() * way).sum((1, 2, 3)).numpy()
    first, last = ends[:, t].double().tolist()

    def off(rule: str, steps: int) -> float:
        places, weights = quadrature(rule, steps)
        total = weights @ slopes[np.searchsorted(points, places.round(12))]
        return float(abs(total - (last - first)) / max(abs(last - first), 1e-12))

    return {rule: [off(rule, steps) for steps in STEPS] for rule in QUADRATURES}


def gaps_from(
    model: str, digest: str, image: np.ndarray, target: int | None, baseline: dict[str, Any]
) -> dict[str, list[float]]:
    """The same from the baseline that settings describe."""
    return gaps(model, digest, image, target, start_of(image, baseline))


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
    a = torch.as_tensor(points, dtype=x.dtype)[:, None, None, None]

    def look(rows: slice) -> tuple[Tensor, Tensor]:
        z = (x0 + a[rows] * (x - x0)).requires_grad_()
        with torch.enable_grad():
            logits = net(z)
            (g,) = torch.autograd.grad(logits[:, t].sum(), z)
        return g, logits.detach()

    for rows, (g, logits) in in_chunks(look, len(points), net, x):
        yield rows, g, logits


def saturated(points: np.ndarray, scores: np.ndarray, within: float = 0.1) -> float:
    """From where on the path the score stays within a tenth of its whole change from its last value; 1 if nowhere.

    `points` (n,) with both ends, `scores` (n,) there.  What the gradient says in this stretch hardly counts.
    """
    far = np.abs(scores - scores[-1]) > within * abs(scores[-1] - scores[0])
    return float(points[far.nonzero()[0].max() + 1]) if far.any() else float(points[0])


def halves(found: Opened) -> Halves:
    """A path before and in its saturated stretch (Miglani et al., 2020, arXiv:2010.12697)."""
    bend = saturated(np.array([0, *found.points, 1]), found.scores)
    late, late_stops = found.points >= bend, found.points[found.stops] >= bend
    added = found.weights * found.slopes
    sizes = [float(np.abs(found.parts[where].sum(0)).sum()) for where in (~late_stops, late_stops)]
    return Halves(bend, (float(added[~late].sum()), float(added[late].sum())), (sizes[0], sizes[1]))
