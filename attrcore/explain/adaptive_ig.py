"""Integrated gradients whose points lie where the path needs them."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from attrcore.baselines import Baseline, Black
from attrcore.batches import in_chunks, over_batch
from attrcore.recipe import Recipe, knob, part

FIRST = 12  # points to begin with, evenly
ROOM = 2**28  # bytes of gradients that are kept at a time


@dataclass(frozen=True)
class AdaptiveIntegratedGradients(Recipe):
    """Integrated gradients with adaptive points (Sundararajan et al., 2017, arXiv:1703.01365; the points are ours).

    Between two points the score's true change is known, so that every part of the path shows its own error.  Points are
    added in the middle of the worst parts, image by image, until the map sums to F(x) - F(x') within the tolerance.
    """

    differentiable: ClassVar[bool] = True

    tolerance: float = knob(0.01, 0.0001, 0.5, "How much the sum may be off, as a share of the change in score.")
    most: int = knob(512, 16, 2048, "Points at most, fewer on huge images; if they are too few, the badge says so.")
    baseline: Baseline = part(Black(), "The image that the path starts from.")

    @property
    def promises(self) -> dict[str, float]:
        """What was asked for, and a little rounding."""
        return {"completeness": 1.05 * self.tolerance}

    @property
    def passes(self) -> int:
        """About; it depends on the image."""
        return min(24, self.most)

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, C, H, W)."""
        start = self.reference(x)
        group = max(1, ROOM // (x[0].nbytes * 64))
        return torch.cat([
            self.together(net, *(t[i : i + group] for t in (x, start, target))) for i in range(0, len(x), group)
        ])  # fmt: skip

    def reference(self, x: Tensor) -> Tensor:
        """The baseline of each image: (B, C, H, W) in [0, 1]."""
        return self.baseline(x)

    def together(self, net: nn.Module, x: Tensor, start: Tensor, target: Tensor) -> Tensor:
        """The same for images whose gradients may be kept at the same time."""
        most = min(self.most, max(FIRST, 4 * ROOM // x.nbytes))
        paths = [Path(x[i], start[i], target[i]) for i in range(len(x))]
        first = [k / FIRST for k in range(1, FIRST + 1)]
        look(net, [(path, first) for path in paths])
        with torch.no_grad():
            scores = over_batch(lambda net, z, t: net(z).gather(1, t[:, None])[:, 0], net, start, target)
        for path, score in zip(paths, scores.tolist(), strict=True):
            path.score_at_start = score
        while wanting := [(p, more) for p in paths if (more := p.worst(self.tolerance, most))]:
            look(net, wanting)
        return torch.stack([path.integral() for path in paths])


class Path:
    """The straight path to one image, and what is known of it: points in (0, 1], gradients, slopes, scores."""

    def __init__(self, end: Tensor, start: Tensor, target: Tensor) -> None:
        self.start, self.way, self.target = start, end - start, target
        self.score_at_start = 0.0
        self.points: list[float] = []
        self.gradients: list[Tensor] = []
        self.slopes: list[float] = []
        self.scores: list[float] = []

    def add(self, point: float, gradient: Tensor, score: float) -> None:
        """One more point."""
        self.points.append(point)
        self.gradients.append(gradient)
        self.slopes.append(float((gradient.detach() * self.way.detach()).sum(dtype=torch.double)))
        self.scores.append(score)

    def parts(self) -> list[tuple[float, float, float, float]]:
        """Left and right end of every part between points, its error, and its true change in score.

        The first part goes by its right end alone: on a black image max-poolings tie and the gradient is none.
        """
        order = sorted(range(len(self.points)), key=self.points.__getitem__)
        found, left, slope, score = [], 0.0, self.slopes[order[0]], self.score_at_start
        for i in order:
            width, change = self.points[i] - left, self.scores[i] - score
            found.append((left, self.points[i], width * (slope + self.slopes[i]) / 2 - change, change))
            left, slope, score = self.points[i], self.slopes[i], self.scores[i]
        return found

    def worst(self, tolerance: float, most: int) -> list[float]:
        """The points to add; none where the sum is right, or where there are `most` points already.

        They are the middles of the parts with the largest errors, without which the others' errors would be tolerable.
        """
        parts = self.parts()
        error, change = (sum(p[i] for p in parts) for i in (2, 3))
        room = most - len(self.points)
        if abs(error) <= tolerance * abs(change) or room <= 0:
            return []
        parts.sort(key=lambda p: -abs(p[2]))
        left_over, count = sum(abs(p[2]) for p in parts), 0
        while left_over > tolerance * abs(change) / 2 and count < min(room, max(2, len(parts) // 4)):
            left_over -= abs(parts[count][2])
            count += 1
        return [(left + right) / 2 for left, right, *_ in parts[:count]]

    def integral(self) -> Tensor:
        """The attribution, (C, H, W)."""
        order = sorted(range(len(self.points)), key=self.points.__getitem__)
        ends = [0.0, *(self.points[i] for i in order)]
        total = torch.zeros_like(self.way)
        for n, i in enumerate(order, 1):
            right = ends[n + 1] if n < len(order) else ends[n]
            weight = (right - ends[n - 1]) / 2 + (ends[n] - ends[n - 1]) / 2 * (n == 1)
            total = total + weight * self.gradients[i]
        return self.way * total


def look(net: nn.Module, wanted: list[tuple[Path, list[float]]]) -> None:
    """Take gradients and scores at points of several paths, in batches across all of them."""
    rows = [(path, point) for path, points in wanted for point in points]
    one = rows[0][0].way[None]
    keep = one.requires_grad

    def gradients(some: slice) -> tuple[Tensor, Tensor]:
        z = torch.stack([path.start + point * path.way for path, point in rows[some]])
        z = z if keep else z.detach().requires_grad_()
        with torch.enable_grad():
            scores = net(z).gather(1, torch.stack([path.target for path, _ in rows[some]])[:, None])[:, 0]
            return torch.autograd.grad(scores.sum(), z, create_graph=keep)[0], scores.detach()

    for some, (found, scores) in in_chunks(gradients, len(rows), net, one):
        for (path, point), gradient, score in zip(rows[some], found, scores.tolist(), strict=True):
            path.add(point, gradient, score)
