"""Twins while they learn: how much each knows by now, and their maps of one digit, epoch by epoch."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from attrcore import kept
from attrcore.folder import Look as Run
from attrcore.look import picture as rgb
from attrcore.studies.data_randomisation import DataRandomisation
from pages.parts import charts, fooled, knobs, theatre, watch
from pages.parts.knobs import LINKED
from pages.parts.strokes import ATTACK, CHANCE, DASHES, RANDOM
from pages.parts.theatre import Frame, Play
from pages.parts.unlearned import painted

STAGE = "labels.stage"
STROKES = {"true": ("true labels", *ATTACK), "permuted": ("permuted labels", *RANDOM)}
CARD = 420  # px of a chart


def watched(study: DataRandomisation) -> str:
    """Whose maps are on the stage, of a pair that is trained; nothing of one that ships."""
    if not study.twins.steps():
        return ""
    names = list(study.methods())
    return st.selectbox("Method on the stage", names, key=knobs.usual("labels.watched", names), width=300, **LINKED)


def shown(study: DataRandomisation, seen: Run, method: str) -> None:
    """As far as they have come."""
    facts = [fact.facts for fact in watch.facts(seen) if "epoch" in fact.facts]
    if not facts:
        return
    if method not in facts[0]["methods"]:
        st.caption(f"There are no maps by {method} of this network.")
        curves(facts)
        return
    name, place = called(study, seen, method), facts[0]["methods"].index(method)
    numbers = kept.frames(seen.key, theatre.had(STAGE, name) + 1)[: fooled.AT_ONCE]
    frames = [frame(n, place, f) for n in numbers if (f := kept.frame(seen.key, n))]
    panes = ("Digit", f"{method}, true labels", f"{method}, permuted labels")
    play = Play(name, panes, (), (28, 28), study.twins.steps())
    theatre.stage(STAGE, play, frames, live=seen.live or more(study, seen, method))
    curves(facts)


def called(study: DataRandomisation, seen: Run, method: str) -> str:
    """What the stage calls this run's maps by one method."""
    return f"{fooled.name(study, seen)}.{method}"


def more(study: DataRandomisation, seen: Run, method: str) -> bool:
    """Are there frames that this visitor's browser has not got yet?"""
    return bool(method) and seen.frame is not None and theatre.had(STAGE, called(study, seen, method)) < seen.frame


def frame(n: int, method: int, seen: dict[str, np.ndarray]) -> Frame:
    """One epoch as the stage shows it."""
    maps = [painted(seen[f"maps.{label}"][method].astype(np.float32), "absolute") for label in STROKES]
    return Frame(n, (rgb(seen["image"]), *maps), {})


def curves(facts: list[dict[str, Any]]) -> None:
    """Accuracy by epoch of both twins."""
    items = [f'<span><i style="color: {colour}; --dash: {DASHES[dash]}"></i>{called}</span>'
             for called, colour, dash in STROKES.values()]  # fmt: skip
    st.html(f'<p class="lines">{"".join(items)}<span><i class="chance" style="--dash: {DASHES[CHANCE.dash]}"></i>'
            "chance</span></p>")  # fmt: skip
    with st.container(horizontal=True):
        for what, title in (("learned", "Knows what it learned"), ("held out", "Knows what it never saw")):
            with st.container(width=CARD, gap="xsmall"):
                st.markdown(f"**{title}**", help="Share of up to 500 digits with the label it was given, or has.")
                figure = go.Figure()
                for label, (called, colour, dash) in STROKES.items():
                    figure.add_scatter(
                        x=[f["epoch"] for f in facts], y=[f[label][what] for f in facts], name=called, mode="lines",
                        line={"color": colour, "dash": dash, "width": 3}, hovertemplate="epoch %{x}: %{y:.1%}",
                    )  # fmt: skip
                figure.add_hline(0.1, line={"color": CHANCE.colour, "dash": CHANCE.dash, "width": 2})
                figure.update_yaxes(range=[0, 1.02], tickformat=".0%")
                figure.update_xaxes(title="epoch", rangemode="tozero")
                figure.update_layout(showlegend=False)
                charts.draw(figure, 230, f"{title}, by epoch, of both twins", key=f"labels.{what}")
