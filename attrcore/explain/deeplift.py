"""DeepLIFT with the rescale rule: a backward pass over the differences between image and baseline."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from attrcore.backward import Rule, Step, backward, of_class, pull
from attrcore.baselines import Baseline, Black
from attrcore.batches import in_chunks
from attrcore.nodes import CURVED, ELEMENTWISE, pooling
from attrcore.recipe import Recipe, part
from attrcore.rewrite import plain


def secant(rise: Tensor, run: Tensor, slope: Tensor, scale: Tensor) -> Tensor:
    """rise / run, and `slope` where `run` is so small beside `scale` that rounding decides the ratio."""
    flat = run.abs() <= 16 * torch.finfo(run.dtype).eps * (1 + scale.abs())
    return torch.where(flat, slope, rise / torch.where(flat, torch.ones_like(run), run))


def rescale(message: Tensor, step: Step, other: Step) -> Sequence[Tensor]:
    """Any function of single values: the slope of its secant between image and baseline in place of its derivative."""
    (z,), (z0,) = step.inputs, other.inputs
    (slope,) = step.gradient(torch.ones_like(message))
    return (message * secant(step.output - other.output, z - z0, slope, z),)


def rescale_relu(message: Tensor, step: Step, other: Step) -> Sequence[Tensor]:
    """The same secant in closed form, which costs half as much and loses no digits where image and baseline agree."""
    (z,), (z0,) = step.inputs, other.inputs
    return (message * (step.output + other.output) / (z.abs() + z0.abs() + torch.finfo(z.dtype).tiny),)


def rescale_pool(message: Tensor, step: Step, other: Step) -> Sequence[Tensor]:
    """Max-pooling.  The paper has no rule for it; this one is ours.

    Of each window those pixels that decide get the change: the image's largest where the image's maximum is the
    larger one, else the baseline's largest; pixels that tie share evenly, so that no corner of a flat window is
    preferred.  The maximum never changes by more than such a pixel does, so multipliers are in [0, 1] and the sum is
    kept.
    """
    (z,), (z0,), high, high0 = step.inputs, other.inputs, step.output, other.output
    k, s, p, d = pooling(step.module.function)
    rim: list[int] = []  # left, right, above, below
    for i in (1, 0):
        side, count = z.shape[2 + i], high.shape[2 + i]
        rim += [p[i], max(0, (count - 1) * s[i] + d[i] * (k[i] - 1) + 1 - side - p[i])]

    def corners(t: Tensor) -> list[Tensor]:  # the first pixels of all windows, the second ones, ..., the rim far below
        padded = F.pad(t, rim, value=torch.finfo(t.dtype).min / 4)
        rows, columns = (
            [slice(at * d[i], at * d[i] + (high.shape[2 + i] - 1) * s[i] + 1, s[i]) for at in range(k[i])]
            for i in (0, 1)
        )
        return [padded[:, :, row, column] for row in rows for column in columns]

    up = high >= high0
    sign = torch.where(up, 1.0, -1.0).to(z.dtype)
    seen = list(zip(corners(z), corners(z0), strict=True))
    decides = [torch.where(up, a == high, b == high0) for a, b in seen]
    # the quotient of two changes of the same sign; where both are nothing but rounding it is 1
    trifle = 16 * torch.finfo(z.dtype).eps * (1 + high.abs() + high0.abs())
    share = message / sum(decides) * ((high - high0).abs() + trifle)
    sent = [
        share / torch.where(its, torch.addcmul(trifle, a - b, sign), torch.inf)
        for its, (a, b) in zip(decides, seen, strict=True)
    ]
    left, right, above, below = rim
    whole = z.shape[2] + above + below, z.shape[3] + left + right
    summed = F.fold(torch.stack(sent, 2).flatten(3).flatten(1, 2), whole, k, d, 0, s)
    return (summed[:, :, above : above + z.shape[2], left : left + z.shape[3]],)


def product(message: Tensor, step: Step, other: Step) -> Sequence[Tensor]:
    """A product of two: each factor counts with the mean of the other's two values, which keeps the sum exactly."""
    if len(step.inputs) != 2:  # with a constant
        return step.gradient(message)
    (a, b), (a0, b0) = step.inputs, other.inputs
    (by_a,) = pull(lambda z: step.function(z, (b + b0) / 2), [a], message)
    (by_b,) = pull(lambda z: step.function((a + a0) / 2, z), [b], message)
    return by_a, by_b


def rescale_softmax(message: Tensor, step: Step, other: Step) -> Sequence[Tensor]:
    """e^z times 1 / sum e^z: the secants of both, and the rule for products."""
    (z,), (z0,) = step.inputs, other.inputs
    dim = step.module.dim if step.module else step.given[1]
    top = torch.maximum(z, z0).amax(dim, keepdim=True)  # taken off both, which changes neither softmax
    e, e0 = (z - top).exp(), (z0 - top).exp()
    total, total0 = e.sum(dim, keepdim=True), e0.sum(dim, keepdim=True)
    to_inverse = (message * (e + e0) / 2).sum(dim, keepdim=True)
    to_e = message * (1 / total + 1 / total0) / 2 - to_inverse / (total * total0)
    return (to_e * secant(e - e0, z - z0, e, z),)


def rescale_layer_norm(message: Tensor, step: Step, other: Step) -> Sequence[Tensor]:
    """(z - mean) times (var + eps)^-1/2: the secants of square and root, and the rule for products."""
    (z,), (z0,) = step.inputs, other.inputs
    m = step.module
    shape, weight, eps = (m.normalized_shape, m.weight, m.eps) if m else (step.given[i] for i in (1, 2, 4))
    dims = tuple(range(-len(shape), 0))
    c, c0 = (t - t.mean(dims, keepdim=True) for t in (z, z0))
    v, v0 = (t.square().mean(dims, keepdim=True) + eps for t in (c, c0))
    r, r0 = v.rsqrt(), v0.rsqrt()
    message = message if weight is None else message * weight
    to_root = (message * (c + c0) / 2).sum(dims, keepdim=True)
    # of r = v^-1/2 the secant is -1 / (sqrt(v v0) (sqrt(v) + sqrt(v0))); of the mean of c^2 it is (c + c0) / n
    to_variance = -to_root * r * r0 / (1 / r + 1 / r0)
    to_c = message * (r + r0) / 2 + to_variance * (c + c0) / math.prod(shape)
    return (to_c - to_c.mean(dims, keepdim=True),)


CURVES = ELEMENTWISE | (CURVED - {"softmax", "log_softmax", "glu", "maximum", "minimum", "where"})
RULES: dict[str, Rule] = {
    **dict.fromkeys(CURVES, rescale),
    "relu": rescale_relu,
    "max_pool2d": rescale_pool,
    "mul": product,
    "matmul": product,
    "softmax": rescale_softmax,
    "layer_norm": rescale_layer_norm,
}


@dataclass(frozen=True)
class DeepLift(Recipe):
    """DeepLIFT, rescale rule (Shrikumar et al., 2017, arXiv:1704.02685).

    (x - x') times multipliers that each activation passes on by its finite difference between x and x' in place of
    its derivative.  Sums to F(x) - F(x').  The rules for max-pooling, products, softmax and layer normalisation, for
    which the paper has none, are this project's own.
    """

    passes: ClassVar[int] = 2
    differentiable: ClassVar[bool] = True
    promises: ClassVar[dict[str, float]] = {"completeness": 0.01}

    baseline: Baseline = part(Black(), "The image that x is compared with.")

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, C, H, W)."""
        start = self.reference(x)
        same = not start.requires_grad and (start == start[:1]).all()  # one pass of it serves all images

        def multipliers(rows: slice) -> Tensor:
            other = start[:1] if same else start[rows]
            return backward(plain(net), x[rows], of_class(target[rows]), RULES, other)

        return (x - start) * torch.cat([m for _, m in in_chunks(multipliers, len(x), net, x)])

    def reference(self, x: Tensor) -> Tensor:
        """The baseline of each image: (B, C, H, W) in [0, 1]."""
        return self.baseline(x)
