"""The validity gate: every attribution is checked against what its method promises, before it is drawn.

A method promises laws by name (`promises`, law -> bound).  All must be finite and not zero everywhere.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from attrcore.batches import over_batch
from attrcore.explain.gradient import input_gradient
from attrcore.kinds import Explainer


class Check(NamedTuple):
    """One law, for one image."""

    law: str
    holds: bool
    figure: str  # short, stands on the map: "gap 0.3 %"
    says: str  # one sentence with the numbers and the bound


def validity(explain: Explainer, net: nn.Module, x: Tensor, target: Tensor, a: Tensor) -> list[list[Check]]:
    """The checks of each image's attribution in `a`, (B, 1 or C, H, W), as `explain` made it.

    Where an attribution is not finite, or zero, its other laws are not looked at.
    """
    with torch.no_grad():
        alive = [something(one) for one in a]
        promised = [LAWS[law](explain, net, x, target, a, bound) for law, bound in explain.promises.items()]
        return [[first] + [law[i] for law in promised if first.holds] for i, first in enumerate(alive)]


def something(one: Tensor) -> Check:
    """Finite and not zero everywhere."""
    if not one.isfinite().all():
        count = int((~one.isfinite()).sum())
        return Check("finite", False, "not finite", f"{count} of {one.numel()} values are infinite or not a number.")
    if not one.any():
        return Check("not zero", False, "all zero", "The map is zero everywhere: it says nothing about this image.")
    return Check("finite", True, "finite, not zero", "Every value is finite and some are not zero.")


def completeness(explain: Explainer, net: nn.Module, x: Tensor, target: Tensor, a: Tensor, bound: float) -> list[Check]:
    """Sundararajan et al. (2017, axiom 1): an attribution sums to F(x) - F(x')."""
    sums = a.double().sum((1, 2, 3))
    scores = [over_batch(lambda net, z, t: net(z).gather(1, t[:, None])[:, 0], net, z, target).double()
              for z in (x, explain.reference(x))]  # fmt: skip
    checks = []
    sizes = (scores[0].abs() + scores[1].abs()).clamp_min(1e-12)
    for total, change, scale in zip(sums.tolist(), (scores[0] - scores[1]).tolist(), sizes.tolist(), strict=True):
        # An image that is its own baseline has nothing to explain: what rounding leaves must not count as a gap.
        gap = abs(total - change) / max(abs(change), 1e-4 * scale)
        says = (
            f"The map sums to {total:.4g}; the score changes by {change:.4g} from baseline to image: "
            f"{percent(gap)} off (bound {percent(bound)})."
        )
        figure = f"sum gap {percent(gap)}" + f", bound {percent(bound)}" * (gap > bound)
        checks.append(Check("completeness", gap <= bound, figure, says))
    return checks


def differs(explain: Explainer, net: nn.Module, x: Tensor, target: Tensor, a: Tensor, bound: float) -> list[Check]:
    """A modified gradient that equals the plain one was never modified."""
    plain = over_batch(input_gradient, net, x, target)
    far = (a - plain).flatten(1).norm(dim=1) / plain.flatten(1).norm(dim=1).clamp_min(1e-12)
    return [
        Check("differs from the gradient", d >= bound, f"differs {percent(d)} from gradient",
              f"Its distance from the plain gradient is {percent(d)} of the gradient's length (at least {bound:.1%}).")
        for d in far.tolist()
    ]  # fmt: skip


def settled(explain: Explainer, net: nn.Module, x: Tensor, target: Tensor, a: Tensor, bound: float) -> list[Check]:
    """A mean over random draws moves with the seed: its standard error, as a share of the map's own length.

    Measured against a second mean, over a quarter as many draws of the next seed: the squared distance of means over
    n and m draws is on average n + m times the squared error of one draw over n m.
    """
    n, m = explain.samples, max(1, explain.samples // 4)
    other = replace(explain, samples=m, seed=(explain.seed + 1) % 2**31)(net, x, target)
    error = (a - other).flatten(1).norm(dim=1) * (m / (n + m)) ** 0.5
    share = error / a.flatten(1).norm(dim=1).clamp_min(1e-12)
    return [
        Check(
            "settled",
            s <= bound,
            f"seed noise {percent(s)}" + f", bound {percent(bound)}" * (s > bound),
            f"The standard error over {n} draws is {percent(s)} of the map's length (bound {percent(bound)}): as much "
            "of it is chance. It falls with the square root of the draws.",
        )
        for s in share.tolist()
    ]


def percent(share: float) -> str:
    """Two digits: 0.03 %, 4.2 %, 310 %."""
    if 0 < share < 1e-4:
        return "below 0.01 %"
    if share > 10:
        return "over 1000 %"
    return f"{100 * share:.2g} %" if share < 0.0995 else f"{100 * share:.0f} %"


LAWS: dict[str, Callable[..., list[Check]]] = {
    "completeness": completeness,
    "differs from the gradient": differs,
    "settled": settled,
}
