"""Integrated gradients opened up: what happens on the way from the baseline to the image.

Runs in a worker, like `attrcore.quick`; takes and returns plain values and arrays.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from attrcore.baselines import Baseline
from attrcore.batches import in_chunks, wanted
from attrcore.explain.integrated_gradients import RULES, quadrature
from attrcore.quick import loaded, pixels, still_wanted
from attrcore.recipe import Recipe

STEPS = (4, 8, 16, 32, 64)  # of the chart of gaps


class Opened(NamedTuple):
    """The path to one image, point by point."""

    points: np.ndarray  # (n,) in [0, 1], where the rule looks
    weights: np.ndarray  # (n,), how much each counts
    scores: np.ndarray  # (n + 2,), the logit at the baseline, at the points, and at the image
    chances: np.ndarray  # (n + 2,), the probability there
    slopes: np.ndarray  # (n,), how fast the logit changes along the path, by the gradient
    gradients: np.ndarray  # (n, H, W) float32, channels added up
    parts: np.ndarray  # (n, H, W) float32, what each point adds to the map, channels added up
    target: int


def start_of(image: np.ndarray, baseline: dict[str, Any]) -> np.ndarray:
    """The baseline of an image (C, H, W) uint8 by the settings of a Baseline, as a picture like it."""
    start = Recipe.from_dict(baseline)
    if not isinstance(start, Baseline):
        raise ValueError(f"settings must describe a baseline, got {baseline['kind']}")
    return (start(pixels(image))[0] * 255).round().byte().numpy()


def opened(
    model: str, digest: str, image: np.ndarray, target: int | None, start: np.ndarray, rule: tuple[str, int]
) -> Opened:
    """The path from `start` to `image`, (C, H, W) uint8 both, at the points of a rule and its number of steps."""
    net, x, x0, t = scene(model, digest, image, target, start)
    points, weights = quadrature(*rule)
    g, scores, chances = along(net, x, x0, t, points)
    ends = np.array([0.0, 1.0])
    _, at_ends, chances_at_ends = along(net, x, x0, t, ends, gradients=False)
    way = (x - x0).double()
    slopes = (g.double() * way).sum((1, 2, 3)).numpy()
    parts = (g * way * torch.as_tensor(weights)[:, None, None, None]).sum(1).float().numpy()
    join = lambda ends, middle: np.concatenate([ends[:1], middle, ends[1:]])  # noqa: E731
    return Opened(points, weights, join(at_ends, scores), join(chances_at_ends, chances), slopes,
                  g.sum(1).numpy(), parts, int(t))  # fmt: skip


def gaps(model: str, digest: str, image: np.ndarray, target: int | None, start: np.ndarray) -> dict[str, list[float]]:
    """For each rule of integration, how far its map is from complete after `STEPS` steps, as a share of the change."""
    net, x, x0, t = scene(model, digest, image, target, start)
    _, (first, last), _ = along(net, x, x0, t, np.array([0.0, 1.0]), gradients=False)
    found = {}
    for rule in RULES:
        found[rule] = []
        for steps in STEPS:
            points, weights = quadrature(rule, steps)
            g, _, _ = along(net, x, x0, t, points)
            total = float(weights @ (g.double() * (x - x0).double()).sum((1, 2, 3)).numpy())
            found[rule].append(abs(total - (last - first)) / max(abs(last - first), 1e-12))
    return found


def scene(
    model: str, digest: str, image: np.ndarray, target: int | None, start: np.ndarray
) -> tuple[torch.nn.Module, Tensor, Tensor, Tensor]:
    """The network, image and baseline (1, C, H, W), and the class (1,), the predicted one where none is given."""
    wanted.set(still_wanted)
    net, x, x0 = loaded(model, digest).net, pixels(image), pixels(start)
    if x0.shape != x.shape:
        raise ValueError(f"a baseline must be of the image's shape {tuple(x.shape[1:])}, got {tuple(x0.shape[1:])}")
    with torch.no_grad():
        return net, x, x0, net(x).argmax(1) if target is None else torch.tensor([target])


def along(
    net: torch.nn.Module, x: Tensor, x0: Tensor, t: Tensor, points: np.ndarray, gradients: bool = True
) -> tuple[Tensor, np.ndarray, np.ndarray]:
    """Gradients (n, C, H, W), logits (n,) and probabilities (n,) of the class at points of the path."""
    a = torch.as_tensor(points, dtype=x.dtype)[:, None, None, None]

    def look(rows: slice) -> tuple[Tensor, Tensor, Tensor]:
        z = (x0 + a[rows] * (x - x0)).requires_grad_(gradients)
        with torch.set_grad_enabled(gradients):
            logits = net(z)
            scores = logits[:, t[0]]
            g = torch.autograd.grad(scores.sum(), z)[0] if gradients else z[:, :0]
        return g, scores.detach(), logits.detach().softmax(1)[:, t[0]]

    pieces = [piece for _, piece in in_chunks(look, len(points), net, x)]
    g, scores, chances = (torch.cat(p) for p in zip(*pieces, strict=True))
    return g, scores.double().numpy(), chances.double().numpy()


def saturated(points: np.ndarray, scores: np.ndarray, within: float = 0.1) -> float:
    """From where on the path the score stays within a tenth of its whole change from its last value; 1 if nowhere.

    `points` (n,) with both ends, `scores` (n,) there.  What the gradient says in this stretch hardly counts.
    """
    far = np.abs(scores - scores[-1]) > within * abs(scores[-1] - scores[0])
    return float(points[far.nonzero()[0].max() + 1]) if far.any() else float(points[0])
