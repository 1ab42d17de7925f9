"""The validity gate: every attribution is checked against what its method promises, before it is drawn.

A method promises laws by name (`promises`, law -> bound).  All must be finite and not zero everywhere.
"""

import math
from collections.abc import Callable
from dataclasses import fields, replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from attrcore.batches import over_batch
from attrcore.explain.gradient import input_gradient
from attrcore.kinds import Explainer
from attrcore.recipe import Recipe
from attrcore.rewrite import plain

MOSTLY_CHANCE = 0.5  # the share of a map's squared length beyond which it is mostly its seed's


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
        promised = [LAWS[law](explain, net, x, target, a, bound) for law, bound in laws(explain).items()]
        return [[first] + [law[i] for law in promised if first.holds] for i, first in enumerate(alive)]


def laws(explain: Explainer) -> dict[str, float]:
    """What the explainer promises; and where chance decides a part of it, such as a baseline, that it has settled."""
    return {**explain.promises, **({"settled": MOSTLY_CHANCE} if parts_draw(explain) else {})}


def something(one: Tensor) -> Check:
    """Finite and not zero everywhere."""
    if not one.isfinite().all():
        count = int((~one.isfinite()).sum())
        return Check("finite", False, "not finite", f"{count} of {one.numel()} values are infinite or not a number.")
    if not one.any():
        return Check("not zero", False, "all zero", "The map is zero everywhere: it says nothing about this image.")
    return Check("finite", True, "finite, not zero", "Every value is finite and some are not zero.")


def completeness(explain: Explainer, net: nn.Module, x: Tensor, target: Tensor, a: Tensor, bound: float) -> list[Check]:
    """Sundararajan et al. (2017, proposition 1): an attribution sums to F(x) - F(x').

    Necessary, not sufficient: other maps have the same sum.  And where the score hardly changes, because much for and
    much against it cancel, a gap of many percent may be small beside the map's values; the sentence tells.
    """
    sums, sizes = a.double().sum((1, 2, 3)), a.double().abs().sum((1, 2, 3))
    if hasattr(explain, "background"):  # F(x') is then the mean score of several images
        others, same = explain.background(x), [False] * len(x)
        before = over_batch(lambda net, z, t: net(z), net, others, target).double().mean(0)[target]
    else:
        start = explain.reference(x)
        before, same = scores(net, start, target), ((x - start).abs().amax((1, 2, 3)) < 1e-5).tolist()
    change = scores(net, x, target) - before
    rows = zip(same, sums.tolist(), sizes.tolist(), change.tolist(), strict=True)
    return [gap(*row, bound, "rule" in explain.to_dict()) for row in rows]


def scores(net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    """The logit of each image's class, (B,) float64."""
    return over_batch(lambda net, z, t: net(z).gather(1, t[:, None])[:, 0], net, x, target).double()


def gap(same: bool, total: float, size: float, change: float, bound: float, steps: bool) -> Check:
    """Completeness of one image: its map sums to `total`, its values' sizes to `size`, its score moves by `change`."""
    if same:
        says = "The image is its own baseline: there is nothing to explain, and what is drawn is rounding."
        return Check("completeness", False, "image = baseline", says)
    off = abs(total - change) / max(abs(change), 1e-12)
    holds = off <= bound
    says = (
        f"The map sums to {total:.4g}; the score changes by {change:.4g} from baseline to image: {percent(off)} off "
        f"(bound {percent(bound, 3)}), which is {percent(abs(total - change) / max(size, 1e-12))} of the sum of all "
        "its values' sizes."
    )
    if not holds and steps:
        says += " More steps, or the Gauss-Legendre rule, usually come closer."
    figure = f"sum gap {percent(off)}" if holds else f"sum gap {percent(off, 3)}, bound {percent(bound, 3)}"
    return Check("completeness", holds, figure, says)


def conservation(explain: Explainer, net: nn.Module, x: Tensor, target: Tensor, a: Tensor, bound: float) -> list[Check]:
    """Bach et al. (2015): relevance sums to the score.

    Necessary, not sufficient.  What is missing was absorbed by the stabilising term or by biases, or reached a unit to
    which nothing contributed; what is too much comes from contributions that nearly cancel.
    """
    checks = []
    for total, score in zip(a.double().sum((1, 2, 3)).tolist(), scores(net, x, target).tolist(), strict=True):
        kept = total / score if score else math.inf
        sign = "-" if kept < 0 else ""
        says = (
            f"The map sums to {total:.4g}; the score is {score:.4g}: {sign}{percent(abs(kept), 3)} of it arrives at "
            f"the pixels (bound {percent(1 - bound)} to {percent(1 + bound)})."
        )
        holds = abs(kept - 1) <= bound
        figure = f"keeps {sign}{percent(abs(kept), 3)}"
        if not holds:
            near = abs(kept - 1) < 2 * bound  # where whole percents would say that it is the bound
            figure = f"keeps {100 * kept:.1f} %" if near else figure
            figure += f", bound {percent(1 - bound)} to {percent(1 + bound)}"
        checks.append(Check("conservation", holds, figure, says))
    return checks


def differs(explain: Explainer, net: nn.Module, x: Tensor, target: Tensor, a: Tensor, bound: float) -> list[Check]:
    """A backward pass by other rules must start from the network's scores, and end elsewhere than the gradient.

    Necessary, not sufficient.  A network whose rectifiers let only positive gradients back anyway fails rightly: there
    the method is the gradient.
    """
    gradient = over_batch(input_gradient, net, x, target).flatten(1)
    far = 1 - torch.nn.functional.cosine_similarity(unit(a.flatten(1)), unit(gradient))
    before, after = (over_batch(lambda n, z, t: n(z), n, x, target) for n in (net, plain(net)))
    moved = (after - before).abs().amax(1)
    checks = []
    for d, m in zip(far.tolist(), moved.tolist(), strict=True):
        if m > 1e-3:
            says = (
                f"Taken apart, the network gives other scores than before, by up to {m:.2g}: this is another network."
            )
            checks.append(Check("differs from the gradient", False, "other scores", says))
            continue
        says = (
            f"The cosine of its angle with the plain gradient is {1 - d:.3f} (at most {1 - bound}): a method that "
            "changes what ReLUs send back must not give the gradient back. It started from the scores that the network "
            "gives."
        )
        checks.append(Check("differs from the gradient", d >= bound, f"cosine {1 - d:.2f} to gradient", says))
    return checks


def unit(rows: Tensor) -> Tensor:
    """Each row divided by its largest size, so that the smallest maps have an angle too."""
    return rows / rows.abs().amax(1, keepdim=True).clamp_min(torch.finfo(rows.dtype).tiny)


def settled(explain: Explainer, net: nn.Module, x: Tensor, target: Tensor, a: Tensor, bound: float) -> list[Check]:
    """How much of a map that random draws decide is the seed's: its squared standard error, in its own squared length.

    Measured against a second map with other seeds, those of its parts included.  A mean over draws of its own alone is
    compared with one over a quarter as many: the squared distance of means over n and m draws is on average n + m times
    the squared error of one draw over n m.  Everything else is compared with a map of its own kind and size, of which
    half the squared distance is the error.  At one half, chance and signal are equally long.
    """
    n = getattr(explain, "samples", 1)
    mean = n > 1 and getattr(explain, "a_mean", True) and not parts_draw(explain)
    m = max(4, lowest(explain, "samples"), n // 4) if mean else n
    other = reseeded(explain, **({"samples": m} if n > 1 else {}))(net, x, target)
    error = (a - other).flatten(1).square().sum(1) * m / (n + m)
    share = error / a.flatten(1).square().sum(1).clamp_min(torch.finfo(a.dtype).tiny)
    return [
        Check(
            "settled",
            s <= bound,
            f"seed noise {percent(s)}" + f", bound {percent(bound)}" * (s > bound),
            f"Chance makes up {percent(s)} of the map's squared length (its squared standard error; bound "
            f"{percent(bound)})." + " Twice the draws about halve it." * mean,
        )
        for s in share.tolist()
    ]


def reseeded(explain: Explainer, **changes: int) -> Explainer:
    """The same explainer with other draws, of its own and of its parts."""
    own = {"seed": (explain.seed + 1) % 2**31} if hasattr(explain, "seed") else {}
    inner = {name: reseeded(part) for name, part in recipes(explain).items() if seeds(part)}
    return replace(explain, **own, **inner, **changes)


def recipes(explain: Recipe) -> dict[str, Recipe]:
    """The recipes that it is made of, by the names of its knobs."""
    parts = {f.name: getattr(explain, f.name) for f in fields(explain)}
    return {name: part for name, part in parts.items() if isinstance(part, Recipe)}


def seeds(part: Recipe) -> bool:
    """Does chance decide what it does, or what a part of it does?"""
    return hasattr(part, "seed") or parts_draw(part)


def parts_draw(explain: Recipe) -> bool:
    """Does chance decide what a part of it does?"""
    return any(map(seeds, recipes(explain).values()))


def lowest(explain: Explainer, name: str) -> int:
    """The least that a knob may be."""
    return next(f.metadata["lo"] for f in fields(explain) if f.name == name) if hasattr(explain, name) else 1


def percent(share: float, digits: int = 2) -> str:
    """So many digits below ten percent: 0.03 %, 4.2 %, 310 %."""
    if 0 < share < 1e-4:
        return "below 0.01 %"
    if share > 10:
        return "over 1000 %"
    return f"{100 * share:.{digits}g} %" if share < 0.0995 else f"{100 * share:.0f} %"


LAWS: dict[str, Callable[..., list[Check]]] = {
    "completeness": completeness,
    "conservation": conservation,
    "differs from the gradient": differs,
    "settled": settled,
}
