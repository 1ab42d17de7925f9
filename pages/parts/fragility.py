"""Figure 3 of Ghorbani et al., of a study of many sizes, beside their own: small charts, one for each measure."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from attrcore.balls import LEVELS
from attrcore.explain import EXPLAINERS
from attrcore.published import FRAGILITY, Curve
from attrcore.studies.budget import ATTACKS, SHIFT, Budget
from pages.parts import charts, knobs
from pages.parts.breakage import Found
from pages.parts.strokes import ATTACK, CENTRE, CHANCE, DASHES, RANDOM, WALK

CARD = 284  # px of a chart: three beside the sidebar at 1280, one on a phone
MARKS = ("circle", "square", "diamond", "triangle-up")
STYLES = {a: (*s, m) for a, s, m in zip(ATTACKS, (RANDOM, WALK, ATTACK, CENTRE), MARKS, strict=True)}
# What they call random is, by their code, the walk: it stands beside ours.
OVERLAP = "Top-k overlap"
OURS = {"Random sign": "Random walk", "Top-k": "Top-k", "Mass centre": "Mass centre"}
LEAVES = {
    "Top-k": "the top-k attack", "Mass centre": "the attack on the centre", "Random sign": "one random change",
    "Random walk": "the best of a random walk",
}  # fmt: skip
ABOUT = {
    "Top-k overlap": "Share of the k most important pixels that stay among the k most important.",
    "Spearman": "Rank correlation of all pixels.",
    "Kendall": "Share of pixel pairs in the same order, less those reversed; ties lower it.",
    "Cosine": "Of the angle between both maps; 1 is the same direction.",
    "LENS-recall": "Top-k overlap that also counts pixels next to one of the other map's top.",
    "Centre shift": "How far the map's centre of mass moves, in pixels.",
    "Prediction kept": "Share of pictures whose predicted class stays.",
}


def shown(study: Budget, found: Found) -> dict[str, tuple[Curve, ...]]:
    """Draw it; their curves that stand beside it, by measure."""
    with st.container(horizontal=True, vertical_alignment="center"):
        beside = overlay(study, found.numbers["pixels"])
    measures = [name for name in ABOUT if name in (found.numbers["curves"] or beside)]
    if not measures:
        return beside
    if found.numbers["curves"]:
        st.markdown(verdict(study, found.numbers, beside.get(OVERLAP, ())))
    st.html(legend(found, beside))
    with st.container(horizontal=True):
        for name in measures:
            with st.container(width=CARD, gap="xsmall"):
                st.markdown(f"**{name}**", help=ABOUT[name])
                panel(name, found.numbers, beside.get(name, ()))
    if found.numbers["curves"]:
        st.caption(caption(study, found.numbers))
    return beside


def verdict(study: Budget, numbers: dict[str, Any], theirs: tuple[Curve, ...]) -> str:
    """What came out at the largest change of which there is anything yet, in a sentence."""
    ours = known(OVERLAP, numbers)
    most = max(max(points) for points in ours.values())
    at = {attack: points[most] for attack, points in ours.items() if most in points}
    says = [f"{LEAVES[attack]} {share(at[attack])}" for attack in (*ATTACKS[2:], *ATTACKS[:2]) if attack in at]
    beside = {OURS[c.attack]: c.values[levels(c).index(most)] for c in theirs if most in levels(c)}
    said = [f"{LEAVES[attack]} {beside[attack]:.0%}" for attack in at if attack in beside]
    return (
        f"**Of the {study.k:,} most important pixels, changes of up to {most:g} level{'' if most == 1 else 's'} leave: "
        f"{'; '.join(says)}.** Of pixels picked at random {numbers['chance'][OVERLAP]:.0%} are among them. "
        "In brackets 95 % intervals over pictures." + (f" Theirs: {'; '.join(said)}." if said else "")
    )


def share(point: dict[str, Any]) -> str:
    """A point as a share, with its interval cut to what a share can be."""
    ends = "" if point["low"] is None else f" ({max(0.0, point['low']):.0%} to {min(1.0, point['high']):.0%})"
    return f"{point['mean']:.0%}{ends}"


def overlay(study: Budget, pixels: int) -> dict[str, tuple[Curve, ...]]:
    """Their curves of this explainer, where there are any and they are wanted, and what they are."""
    theirs = published(study, pixels)
    if not theirs:
        return {}
    wanted = near(study, pixels)
    on = st.toggle("Beside it: figure 3 of Ghorbani et al.", wanted, key=knobs.usual("budget.theirs", wanted),
                   **knobs.LINKED)  # fmt: skip
    with st.popover("What theirs is"):
        st.markdown(
            "**Another network and other pictures than here**, so equal numbers are not to be expected; a curve's "
            f"course can be compared.\n\n**Source.** {FRAGILITY.source}\n\n**Read from.** {FRAGILITY.read_from}\n\n"
            f"**Their protocol.** {FRAGILITY.protocol}\n\n"
            + "\n\n".join(f"**To know.** {words}" for words in FRAGILITY.caveats)
            + "\n\nSo their random stands beside our *Random walk*, which is the best of as many steps as an attack "
            "takes, and not beside *Random sign*, which is one random change.\n\n"
            f"**Chance.** Two unrelated maps share {FRAGILITY.k / FRAGILITY.pixels:.1%} of their top there, and "
            f"{study.k / pixels:.1%} here."
            + ("" if SHIFT in theirs else "\n\nTheir centre shift is left out: it counts pixels of larger pictures.")
        )
    return theirs if on else {}


def published(study: Budget, pixels: int) -> dict[str, tuple[Curve, ...]]:
    """Their curves of this explainer, by measure; shifts, in pixels, only where pictures are about as wide."""
    explainer = next(name for name, cls in EXPLAINERS.items() if cls is type(study.explainer))
    found = {name: FRAGILITY.of(name, explainer) for name in ABOUT if name != SHIFT or alike(pixels)}
    return {name: curves for name, curves in found.items() if curves}


def near(study: Budget, pixels: int) -> bool:
    """Is the network of their family, and are pictures as large as theirs, so that curves compare?"""
    return study.model.startswith("SqueezeNet") and alike(pixels)


def alike(pixels: int) -> bool:
    """Are pictures about as large as theirs?"""
    return abs(pixels / FRAGILITY.pixels - 1) < 0.1


def panel(measure: str, numbers: dict[str, Any], theirs: tuple[Curve, ...]) -> None:
    """One measure against the size of the change: a line for each attack, those published thin and with open marks."""
    figure, ours = go.Figure(), known(measure, numbers)
    for curve in theirs:
        colour, _, mark = STYLES[OURS[curve.attack]]
        figure.add_scatter(
            x=levels(curve), y=list(curve.values), name=f"theirs: {OURS[curve.attack]}", mode="lines+markers",
            line={"color": colour, "width": 1}, marker={"symbol": f"{mark}-open", "size": 7},
            hovertemplate="%{fullData.name}<br>%{x:g} levels: <b>%{y:.2f}</b><extra></extra>",
        )  # fmt: skip
    for attack, points in ours.items():
        curve_of(figure, attack, points)
    chance = numbers["chance"].get(measure)
    if chance is not None:
        figure.add_hline(chance, line={"color": CHANCE.colour, "width": 1.5, "dash": CHANCE.dash})
    axes(figure, measure, sorted({*numbers["levels"], *(level for curve in theirs for level in levels(curve))}))
    figure.update_layout(showlegend=False, hovermode="closest")
    charts.draw(figure, 230, words(measure, ours, theirs), f"budget.{measure}")


def known(measure: str, numbers: dict[str, Any]) -> dict[str, dict[float, dict[str, Any]]]:
    """Points that are there, by attack and level."""
    curves = numbers["curves"].get(measure, {})
    there = {
        attack: {level: p for level, p in zip(numbers["levels"], points, strict=True) if p["count"]}
        for attack, points in curves.items()
    }
    return {attack: points for attack, points in there.items() if points}


def curve_of(figure: go.Figure, attack: str, points: dict[float, dict[str, Any]]) -> None:
    """Means, with bars for the interval where there is one."""
    colour, dash, mark = STYLES[attack]
    rows = list(points.values())
    says = [between(p) for p in rows]
    ends = {side: [None if p["low"] is None else abs(p[side] - p["mean"]) for p in rows] for side in ("low", "high")}
    bars = {"type": "data", "array": ends["high"], "arrayminus": ends["low"], "thickness": 1.2, "width": 3}
    figure.add_scatter(
        x=list(points), y=[p["mean"] for p in rows], name=attack, mode="lines+markers", customdata=says,
        line={"color": colour, "dash": dash, "width": 2}, marker={"symbol": mark, "size": 7},
        error_y=bars if any(p["count"] > 1 for p in rows) else None,
        hovertemplate="%{fullData.name}<br>%{x:g} levels: <b>%{y:.3f}</b><br>%{customdata}<extra></extra>",
    )  # fmt: skip


def between(point: dict[str, Any]) -> str:
    """A point's interval in words."""
    if point["low"] is None:
        return "one picture"
    return f"{point['low']:.3f} to {point['high']:.3f} (95 %, {point['count']} pictures)"


def levels(curve: Curve) -> list[float]:
    """The sizes of a published curve, in levels."""
    return [round(eps * LEVELS, 6) for eps in curve.eps]


def axes(figure: go.Figure, measure: str, ticks: list[float]) -> None:
    """Sizes on a logarithmic axis unless one is zero; every likeness on one scale."""
    kind = "log" if ticks[0] > 0 else "linear"
    low, high = (np.log10(t) if kind == "log" else t for t in (ticks[0], ticks[-1]))
    margin = 0.07 * (high - low) or 0.5
    figure.update_xaxes(
        type=kind, tickvals=ticks, ticktext=[f"{t:g}" for t in ticks], tickangle=0,
        title={"text": "largest change, levels", "standoff": 10}, range=[low - margin, high + margin],
    )  # fmt: skip
    if measure == SHIFT:
        figure.update_yaxes(rangemode="tozero", title="pixels")
        return
    least = min((v for trace in figure.data for v in trace.y if v is not None), default=0.0)
    figure.update_yaxes(range=[min(-0.03, least - 0.05), 1.06], tickvals=[0, 0.25, 0.5, 0.75, 1])


def words(measure: str, ours: dict[str, dict[float, dict[str, Any]]], theirs: tuple[Curve, ...]) -> str:
    """The chart for those who do not see it."""
    said = [
        f"{attack} from {points[min(points)]['mean']:.2f} at {min(points):g} levels to "
        f"{points[max(points)]['mean']:.2f} at {max(points):g}"
        for attack, points in ours.items()
    ]
    beside = ["beside the published curves"] if theirs else []
    return f"{measure} by size of the change: {'; '.join(said + beside)}. The table has every number."


def legend(found: Found, beside: dict[str, tuple[Curve, ...]]) -> str:
    """Lines and what they mean, once for all charts, as HTML."""
    items = [
        f'<span><i style="color: {colour}; --dash: {DASHES[dash]}"></i>{attack}</span>'
        for attack, (colour, dash, _) in STYLES.items()
    ]
    if any(level is not None for level in found.numbers["chance"].values()):
        items.append(f'<span><i class="chance" style="--dash: {DASHES[CHANCE.dash]}"></i>chance: unrelated maps</span>')
    if beside:
        items.append('<span><i class="thin"></i>theirs: thin, with open marks, in the same colour</span>')
    return f'<p class="lines">{"".join(items)}</p>'


def caption(study: Budget, numbers: dict[str, Any]) -> str:
    """What points and bars are."""
    counts = sorted({p["count"] for curve in known("Top-k overlap", numbers).values() for p in curve.values()})
    over = " to ".join(map(str, dict.fromkeys((counts[0], counts[-1])))) if counts else "0"
    bars = (
        "bars: 95 % intervals over pictures (Student's t; of shares Wilson's)"
        if counts and counts[-1] > 1
        else "no intervals of one"
    )
    return (
        f"Points: means over {over} picture{'' if over == '1' else 's'}; {bars}, for one seed ({study.seed}). An "
        "interval may reach beyond what a measure can be. Controls: Random sign is one random change, which goes to "
        "the rim of the ball; Random walk is the step that breaks the map most, of as many random ones as an attack "
        "takes, and stays further inside. All is measured of images rounded to 8 bits."
    )
