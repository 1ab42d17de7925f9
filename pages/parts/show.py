"""Elements that show.  Each takes what it shows and returns nothing, or a place to show more in."""

import re
from collections.abc import Callable
from dataclasses import fields
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from attrcore.answers import Answer
from attrcore.explain.validity import Check
from attrcore.kinds import Refused
from attrcore.look import Look, in_words, ramp, shown
from attrcore.look import picture as rgb
from attrcore.quick import Drawn
from attrcore.recipe import Recipe
from pages.parts.cached import Painted
from pages.parts.knobs import escaped
from pages.parts.pick import Scene

CARD = 205  # px: four fit beside the sidebar at 1280, seven at 1920


def grid(scene: Scene) -> Any:
    """Where the cards stand.  The browser keeps the pixels of small pictures square (`assets/style.css`)."""
    size = "small" if max(scene.picture.pixels.shape) < CARD else "large"
    return st.container(horizontal=True, key=f"{size}-pictures")


def image(scene: Scene, below: Callable[[Scene], Any]) -> None:
    """The picture as the network sees it, what the network says of it, and what stands `below` that."""
    pixels = scene.picture.pixels
    label = f"label: {scene.picture.label} · " if scene.picture.label else ""
    how = f": {scene.picture.how}" if scene.picture.how else ""
    about = f"{label}{pixels.shape[2]} x {pixels.shape[1]} px, as the network gets it{how}"
    with st.container(width=CARD, gap="xsmall"):
        st.markdown("**Image**")
        drawing(rgb(pixels), f"The image: {scene.picture.label}")
        st.html(f'<p class="about">{escape(about)}</p>{chances(scene)}')
        below(scene)
        if scene.picture.credit:
            st.caption(scene.picture.credit)


def drawing(picture: np.ndarray | bytes, alt: str) -> None:
    """A picture as wide as its card."""
    st.image(picture, width="stretch", output_format="PNG", alt=alt)


def chances(scene: Scene, count: int = 5) -> str:
    """The most probable classes, as HTML bars with their numbers; the explained one too where it is not among them."""
    chosen = scene.chances.argsort()[::-1][:count].tolist()
    if scene.target not in chosen:
        chosen.append(scene.target)
    rows = []
    for i in chosen:
        share = float(scene.chances[i])
        mark = " ◂ explained" if i == scene.target else ""
        rows.append(f'<li style="--share: {share:.1%}">{escape(scene.classes[i])} · {share:.1%}{mark}</li>')
    return f'<ul class="chances" aria-label="Prediction">{"".join(rows)}</ul>'


def card(name: str, method: Recipe, answer: Answer) -> Callable[[], Any]:
    """The place of one map with its name, and a word while it is computed; call what is returned to draw in it."""
    place = st.container(width=CARD, gap="xsmall")
    place.markdown(f"**{name}**", help=f"{linked(method.title())}\n\n{method.story()}")
    if answer.soon(0):
        return lambda: place
    empty = place.empty()
    empty.caption(f"computing, {method.passes} passes through the network …" if method.passes > 1 else "computing …")
    return lambda: empty.container(gap="xsmall")


def panel(painted: Painted, answer: Drawn) -> None:
    """One map with its badges and its scale."""
    drawing(painted.png, painted.words)
    said = "\n\n".join(check.says for check in answer.checks)
    st.markdown(f"{badges(answer.checks)}  \n:small[:gray[{painted.scale}]]", help=said)


def refusal(reason: Exception) -> None:
    """In the place of a map that this network cannot have, or that could not be computed now."""
    st.badge("no map" if isinstance(reason, Refused) else "no answer", color="gray")
    st.caption(str(reason))


def badges(checks: list[Check]) -> str:
    """What the validity gate says: the figure of each law, green where it holds and red where it does not."""
    first, *laws = checks
    dull = first.holds and not laws
    colours = ["gray" if dull else "green" if check.holds else "red" for check in laws or [first]]
    return " ".join(f":{colour}-badge[{mark}]" for colour, mark in zip(colours, marks(checks), strict=True))


def marks(checks: list[Check]) -> list[str]:
    """The figure of each law with its verdict; or that a method promises none."""
    first, *laws = checks
    if first.holds and not laws:
        return ["no law to check"]  # no tick: nothing was promised, so nothing was kept
    return [f"{'✓' if check.holds else '✗'} {check.figure}" for check in laws or [first]]


def legend(look: Look, common: float | None) -> None:
    """The colour scale in words and colours, in numbers too where all maps share it."""
    ends = {
        "absolute": ("zero", "strongest"),
        "signed": ("negative", "positive"),
        "positive": ("zero", "positive"),
        "negative": ("zero", "negative"),
    }
    left, right = ends[look.drawn]
    if common is not None:
        left, right = (f"{left} (-{common:.3g})" if look.drawn == "signed" else left), f"{right} ({common:.3g})"
    colours = ", ".join(steps(look))
    st.html(
        f'<p class="legend">{left} <span role="img" aria-label="Colour scale from {left} to {right}" '
        f'style="background: linear-gradient(to right, {colours})"></span> {right}</p>'
    )


def steps(look: Look) -> list[str]:
    """The colour scale in 18 steps, as CSS and Plotly write them."""
    return [f"rgb({r}, {g}, {b})" for r, g, b in ramp(look).tolist()]


def inspection(name: str, method: Recipe, answer: Drawn, top: float, look: Look, scene: Scene) -> None:
    """One map large, with its values on hover, and beside it what it is and what the gate found."""
    left, right = st.columns([3, 2])
    with left:
        values(name, shown(answer.attribution, look.drawn), top, look)
    with right:
        st.markdown(f"**{linked(method.title())}**")
        st.markdown(method.story())
        for check in answer.checks:
            st.markdown(f"{'✓' if check.holds else '✗'} {check.says}")
        st.caption(
            f"Explains “{escaped(scene.classes[answer.target])}”. Settings: {settings(method)}. "
            f"Computed in {answer.seconds * 1000:.0f} ms on {answer.made_by['device']}."
        )


def values(name: str, plane: np.ndarray, top: float, look: Look) -> None:
    """A heat map whose values can be read off: row, column, value."""
    top = top or 1
    low = -top if look.drawn == "signed" else 0
    colours = [[i / 17, colour] for i, colour in enumerate(steps(look))]
    figure = go.Figure(go.Heatmap(
        z=plane.astype(np.float32), zmin=low, zmax=top, colorscale=colours,
        colorbar={"orientation": "h", "thickness": 12, "y": 1.01, "yanchor": "bottom"},
        hovertemplate="row %{y}, column %{x}<br><b>%{z:.4g}</b><extra></extra>",
    ))  # fmt: skip
    figure.update_yaxes(autorange="reversed", scaleanchor="x", constrain="domain", constraintoward="top", title="row")
    figure.update_xaxes(constrain="domain", title="column")
    figure.update_layout(height=600, margin={"l": 0, "r": 0, "t": 60, "b": 0}, modebar={"orientation": "v"})
    with st.container(width=600):
        st.plotly_chart(figure, width="stretch", config={"displaylogo": False}, alt=in_words(name, plane))


def linked(title: str) -> str:
    """A method's title with its paper as a link."""
    return re.sub(r"arXiv:(\d{4}\.\d{4,5})", r"[arXiv:\1](https://arxiv.org/abs/\1)", title)


def settings(method: Recipe) -> str:
    """A method's knobs in words: steps 32, baseline Blurred (width 0.05)."""
    said = []
    for f in fields(method):
        value = getattr(method, f.name)
        if isinstance(value, Recipe):
            within = f" ({settings(value)})" if fields(value) else ""
            value = f"{type(value).__name__}{within}"
        said.append(f"{f.name.replace('_', ' ')} {value}")
    return ", ".join(said) or "none"
