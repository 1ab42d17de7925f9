"""A training while it runs and ever after: the terms of its loss, and how accurate and robust it has become."""

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from attrcore import grown
from attrcore.folder import Look as Run
from attrcore.kinds import Refused
from attrcore.studies.glance import MAPS, STEPS, TOP
from attrcore.studies.training import Training
from pages.parts import charts, pick, watch
from pages.parts.knobs import escaped
from pages.parts.strokes import CHANCE, COLOURS, DASHES

CARD = 420  # px of a chart
SMOOTH = 20  # steps over which terms are averaged: one batch says little
PIXELS = 28 * 28  # of what these networks see
POINTS = 300  # of a curve
LOOKED = {
    "NA": ("NA: right", "Share of the watched test images that are predicted right."),
    "AA": ("AA: right under attack", f"Share that still is after {STEPS} gradient steps on the prediction."),
    "IN": (f"IN: top {TOP} kept", f"Overlap of the {TOP} most important pixels of Integrated Gradients before and "
           f"after an attack of {STEPS} steps on the map, of up to {MAPS} images that are predicted right."),
    "CO": ("CO: Kendall", "Rank correlation of all pixels of the same maps."),
}  # fmt: skip
STROKES = dict(zip(LOOKED, zip(COLOURS, ("solid", "dash", "longdash", "dashdot"), strict=False), strict=True))


def shown(study: Training, seen: Run) -> None:
    """Curves as far as they have come."""
    every = {fact.done: fact.facts for fact in watch.facts(seen)}
    looks = {n: said["held out"] for n, said in every.items() if "held out" in said}
    facts = {n: said for n, said in every.items() if "terms" in said}
    if not facts:
        if seen.state == "running":
            st.caption("The first step is being computed …")
        return
    with st.container(horizontal=True):
        with st.container(width=CARD, gap="xsmall"):
            st.markdown("**What is minimised**", help=f"Each term's mean over the last {SMOOTH} batches.")
            terms(study, facts, seen.total)
        with st.container(width=CARD, gap="xsmall"):
            each = "\n\n".join(f"**{title}**: {help}" for title, help in LOOKED.values())
            st.markdown(
                "**On images that it does not learn**", help=f"Before the first epoch and after each.\n\n{each}"
            )
            robustness(looks, seen.total)
    if looks:
        st.caption(said(looks[max(looks)]))


def terms(study: Training, facts: dict[int, dict[str, Any]], total: int) -> None:
    """A line for each term of the loss."""
    steps, figure = sorted(facts), go.Figure()
    shown = steps[:: max(1, len(steps) // POINTS)]
    for i, name in enumerate(facts[steps[0]]["terms"]):
        run = [facts[n]["terms"][name] for n in steps]
        at = {n: j for j, n in enumerate(steps)}
        means = [sum(last := run[max(0, at[n] - SMOOTH + 1) : at[n] + 1]) / len(last) for n in shown]
        figure.add_scatter(x=shown, y=means, name=name, mode="lines", hovertemplate=f"{name}, step %{{x}}: %{{y:.3g}}",
                           line={"color": COLOURS[i], "dash": list(DASHES)[i], "width": 2})  # fmt: skip
    figure.update_xaxes(range=[0, total], title={"text": "steps", "standoff": 8})
    figure.update_yaxes(rangemode="tozero")
    figure.update_layout(showlegend=True, hovermode="closest")
    ends = facts[steps[-1]]["terms"].items()
    charts.draw(figure, 240, "Terms of the loss now: " + ", ".join(f"{k} {v:.3g}" for k, v in ends), "train.terms")


def robustness(looks: dict[int, dict[str, Any]], total: int) -> None:
    """A line for each of NA, AA, IN and CO."""
    figure = go.Figure()
    for name, (title, _) in LOOKED.items():
        colour, dash = STROKES[name]
        figure.add_scatter(x=list(looks), y=[look[name] for look in looks.values()], name=name, mode="lines+markers",
                           line={"color": colour, "dash": dash, "width": 2}, marker_size=6,
                           hovertemplate=f"{title}, step %{{x}}: %{{y:.2f}}<extra></extra>")  # fmt: skip
    figure.update_xaxes(range=[0, total * 1.03], title={"text": "steps", "standoff": 8})
    figure.add_hline(TOP / PIXELS, line={"color": CHANCE.colour, "width": 1.5, "dash": CHANCE.dash})
    figure.update_yaxes(range=[-0.05, 1.05], tickvals=[0, 0.25, 0.5, 0.75, 1])
    figure.update_layout(showlegend=True, hovermode="closest")
    charts.draw(figure, 240, said(looks[max(looks)]) if looks else "Nothing yet", "train.looks")


def said(look: dict[str, Any]) -> str:
    """One look in words."""
    rows = ", ".join(f"{name} {look[name]:.2f}" for name in LOOKED if look[name] is not None)
    chance = f"Dotted: chance of IN, {TOP / PIXELS:.2f}."
    return f"Last look: {rows}. {chance} Short attacks on few images: an evaluation has the numbers that count."


def offer(seen: Run) -> None:
    """The network as it is, to be looked at on every page."""
    if not (seen.state == "done" or seen.resumable):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if not st.button("Offer this network on every page", key="train.offer", type="primary"):
            st.caption("It joins the menu of models, as it is now.")
            return
    try:
        entry = grown.network(seen.key)
    except (Refused, OSError) as e:
        st.error(str(e))
        return
    pick.next_is(entry.name)
    st.success(f"“{escaped(entry.title)}” is in the menu of models now, and chosen on the next page that you open.")
