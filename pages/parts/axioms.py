"""What is shown of each axiom: a sentence with the numbers, a chart, and a table of verdicts."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import streamlit as st

from attrcore.answers import Answer
from attrcore.axioms import Axiom, twin
from attrcore.axioms import completeness as complete
from attrcore.axioms import invariance as invariant
from attrcore.axioms import linearity as linear
from attrcore.axioms import sensitivity as sensitive
from pages.parts import cached, charts


def all_of(*asked: Answer) -> list[Any]:
    """Every answer, with a word while it is computed."""
    cached.soon(asked, 0.4)
    ready = all(answer.soon(0) for answer in asked)
    with nullcontext() if ready else st.spinner("Computing for every position of the controls …"):
        return [cached.awaited(answer) for answer in asked]


def axiom(asked: Axiom, draw: Callable[[], None]) -> None:
    """The axiom in words and as a formula, what is measured, and what follows from it."""
    st.markdown(asked.says)
    st.latex(rf"\begin{{gathered}} {asked.formula} \end{{gathered}}")
    draw()
    st.markdown(f"**What to conclude.** {asked.conclude}")


def sensitivity(found: sensitive.Curves, at: int) -> None:
    """Every method along the slider."""
    x = found.x[at]
    st.markdown(
        f"One pixel, baseline 0, and the paper's network **f(x) = 1 - relu(1 - x)**. At x = {x:.2f} the score is "
        f"**{found.score[at]:.2f}**; at the baseline it is {found.score[0]:.2f}. A map is one number here:"
    )
    charts.lines(found.x, {"f(x)": found.score, **found.bundles()}, at, "Score and attributions along x")
    rows = [found.verdict(name, at) for name in found.attributions]
    charts.verdicts(rows, f"at x = {x:.2f}", "zero on", "farthest from f(x) - f(0)")
    st.caption(
        f"Kept: nowhere zero (smaller than {sensitive.BOUND:g}) where the score has changed. Integrated Gradients "
        f"looks at {sensitive.STEPS} points of the path; where the kink lies between two of them its sum is a little "
        "off, which the last column shows; Adaptive IG puts points there. Guided Backprop and Deconvnet are zero "
        "everywhere: what comes back to the ReLU passes a minus sign first, and they let nothing negative through."
    )


def two_pixels(found: invariant.Ways, x1: float, x2: float) -> None:
    """Three networks at one point."""
    i, j = (int(np.abs(invariant.STOPS - x).argmin()) for x in (x1, x2))
    written = [f"**{n}** = {f} = **{found.scores[k, i, j]:g}**" for k, (n, f) in enumerate(invariant.FORMULAS.items())]
    st.markdown("Three ways to write one function:  \n" + "  \n".join(written))
    st.caption(f"Over {invariant.POINTS:,} random points of [-1, 3]² the scores differ by at most {found.apart:.1g}.")
    for pixel, column in enumerate(st.columns(2)):
        series = {name: [maps[k, i, j, pixel] for maps in found.maps.values()] for k, name in enumerate("fgh")}
        with column:
            charts.dots(list(found.maps), series, f"attribution of x{'₁₂'[pixel]}")
    charts.verdicts(found.verdicts, "g against f", "h against f")
    st.caption(
        f"Largest difference of two maps over the same {invariant.POINTS:,} points, as a share of the largest value in "
        f"f's maps; kept: at most {invariant.BOUND:g}. g is the paper's (figure 7); h writes relu(x₂) as "
        "x₂ + relu(-x₂). At (3, 1) DeepLIFT gives 1.5 and -0.5 for f, but 2 and -1 for g."
    )


def twins(pixels: np.ndarray, method: str, maps: np.ndarray, measured: twin.Measured) -> None:
    """One method's maps of a network and of its twin, and how far all methods are off."""
    st.markdown(
        f"The MNIST MLP and a twin of it. Between two of its first hidden units, of inputs u and v, the twin moves "
        f"{twin.WEIGHT:g} times **relu(max(u, v)) + relu(min(u, v)) - relu(u) - relu(v)**, which is zero; and it keeps "
        f"them one higher, which the next layer's bias takes off. Over {twin.DIGITS} digits the logits of the two "
        f"differ by at most **{measured.apart:.0e}**."
    )
    network, other = maps
    charts.signed_maps(pixels, {f"{method}, network": network, f"{method}, twin": other, "Difference": other - network})
    charts.verdicts(measured.verdicts, "twin against network")
    st.caption(
        f"Largest difference of two maps over {twin.EXPLAINED} digits, as a share of the largest value in the maps of "
        f"the network, in double precision; kept: at most {invariant.BOUND:g}."
    )


def completeness(pixels: np.ndarray, sums: list[complete.Sum]) -> None:
    """What every map of one digit adds up to."""
    due = sums[-1].due
    charts.beside(pixels, f"The score of the predicted class rises by **{due:.2f}** from black to this image.")
    rows = [s.verdict for s in sums]
    series = {
        words: [s.total if row.kept == kept else None for s, row in zip(sums, rows, strict=True)]
        for words, kept in ((charts.KEPT, True), (charts.BROKEN, False))
    }
    charts.dots([s.method for s in sums], series | {"asked for": [s.due for s in sums]}, "sum of the map", due)
    charts.verdicts(rows, "promises", "sum", "asked for", "off by", "bound")
    st.caption(
        "Asked for is F(x) - F(x') with the method's own baseline x', which is black where it has none; “off by” is a "
        "share of it. F(noise) is the mean over 20 images of noise. What holds in the long run only is the mean of "
        f"{complete.SEEDS} maps with its standard error, two of which are allowed for. LRP and Deep Taylor promise the "
        "whole score F(x), which is another sum. Methods without a sign, and those that give one value to a whole "
        "patch, are left out."
    )


def linearity(pixels: np.ndarray, method: str, found: dict[str, linear.Mixed], w: float) -> None:
    """Both sides of the equation for one method, and how far all methods are off."""
    at = linear.WEIGHTS.index(w)
    of_mixture, mixture = found[method].maps[at]
    st.markdown(f"F = {w:g} x MNIST CNN {'-' if w > 1 else '+'} {abs(1 - w):g} x MNIST MLP. For {method}:")
    charts.signed_maps(
        pixels,
        {"Map of the mixture": of_mixture, "Mixture of the maps": mixture, "Difference": of_mixture - mixture},
    )
    rows = [linear.verdict(name, mixed.off, at) for name, mixed in found.items()]
    off = [mixed.off[at] for mixed in found.values()]
    charts.differences(rows, off, linear.BOUND, linear.ROUNDING, "largest difference, relative")
    charts.verdicts(rows, f"at w = {w:g}", "at the worst w")
    st.caption(
        f"Largest difference of the two maps, as a share of the largest value; kept: at most {linear.BOUND:.0e}, "
        "which is a thousand times the rounding of single precision. No difference at all stands at the left edge, "
        "as at w = 0 and w = 1, where only one network is left."
    )
