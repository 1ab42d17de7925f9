"""Elements that show.  Each takes what it shows and returns nothing, or a place to show more in."""

import re
from collections.abc import Callable
from dataclasses import fields
from html import escape
from typing import Any

import numpy as np
import streamlit as st

from attrcore.answers import Answer
from attrcore.explain.validity import Check
from attrcore.kinds import Refused
from attrcore.look import Look, ends, ramp, shown
from attrcore.look import picture as rgb
from attrcore.quick import Drawn, Prediction
from attrcore.recipe import Recipe, parts
from pages.parts import lens
from pages.parts.badges import Badge, advice, found
from pages.parts.cached import Painted, awaited
from pages.parts.knobs import escaped
from pages.parts.pick import Scene

MOST = 7  # maps under the lens, beside the image
WORDY = 60  # letters of a setting that are still shown: digests and pictures have more, and say nothing
CARD = 205  # px: four fit beside the sidebar at 1280, seven at 1920


def grid(scene: Scene) -> Any:
    """Where the cards stand."""
    return st.container(horizontal=True, key=sized(scene.picture.pixels))


def sized(pixels: np.ndarray, more: str = "") -> str:
    """The key of a container of such pictures: the browser keeps the pixels of small ones square (`style.css`).

    `more` tells containers of one page apart.
    """
    return f"{'small' if max(pixels.shape) < CARD else 'large'}-pictures{more and f'-{more}'}"


def image(scene: Scene, below: Callable[[Scene], Any] | None = None) -> None:
    """The picture as the network sees it; where something is to stand `below`, also what the network says of it."""
    pixels = scene.picture.pixels
    label = f"label: {scene.picture.label} · " if scene.picture.label else ""
    how = f": {scene.picture.how}" if scene.picture.how else ""
    about = f"{label}{pixels.shape[2]} x {pixels.shape[1]} px, as the network gets it{how}"
    with st.container(width=CARD, gap="xsmall"):
        st.markdown("**Image**")
        drawing(rgb(pixels), f"The image: {scene.picture.label}")
        st.html(f'<p class="about">{escape(about)}</p>{chances(scene) if below else ""}')
        if below:
            below(scene)
        if scene.picture.credit:
            st.caption(scene.picture.credit)


def prediction(scene: Scene, below: Callable[[Scene], Any]) -> None:
    """What the network says of the picture, in a card of its own, and what stands `below` that."""
    with st.container(width=CARD, gap="xsmall"):
        says = (
            "The most probable classes. A map explains a class's logit, the network's score before scores are made "
            "into probabilities that sum to 100 %."
        )
        st.markdown("**Prediction**", help=says)
        st.html(chances(scene))
        below(scene)


def drawing(picture: np.ndarray | bytes, alt: str) -> None:
    """A picture as wide as its card."""
    st.image(picture, width="stretch", output_format="PNG", alt=alt)


def chances(scene: Scene) -> str:
    """The most probable classes of the picture, and the explained one, as HTML bars with their numbers."""
    return bars(awaited(scene.prediction), scene.target, scene.classes)


def bars(found: Prediction, target: int, classes: tuple[str, ...], count: int = 5) -> str:
    """The same of any prediction; the explained class too where it is not among the first."""
    chosen = found.chances.argsort()[::-1][:count].tolist()
    if target not in chosen:
        chosen.append(target)
    rows = []
    for i in chosen:
        share = float(found.chances[i])
        mark = " ◂ explained" if i == target else ""
        words = f"{escape(classes[i])} · {share:.1%}{mark}"
        rows.append(f'<li style="--share: {share:.1%}">{words} <small>logit {found.logits[i]:.1f}</small></li>')
    return f'<ul class="chances" aria-label="Prediction">{"".join(rows)}</ul>'


def card(name: str, method: Recipe, answer: Answer, scene: Scene) -> Callable[[], Any]:
    """The place of one map with its name; call what is returned to draw in it.

    While it is computed, a word stands there, as high as the map and its badges will be.
    """
    place = st.container(width=CARD, gap="xsmall", key=f"card.{name}")
    place.markdown(f"**{name}**", help=f"{linked(method.title())}\n\n{method.story()}")
    only = place.empty()  # one element: whatever stood here for another method goes with it
    if not answer.soon(0):
        h, w = scene.picture.pixels.shape[1:]
        says = f"computing, {method.passes} passes through the network …" if method.passes > 1 else "computing …"
        only.html(f'<div class="pending" style="aspect-ratio: {w} / {h}">{says}</div><div class="pending-under"></div>')
    return lambda: only.container(gap="xsmall", key=f"map.{name}")


def panel(name: str, painted: Painted, answer: Drawn, method: Recipe) -> None:
    """One map with its badges, and what to do about much chance."""
    drawing(painted.png, painted.words)
    with st.container(gap=None, key=f"under.{name}"):
        for badge in found(answer.checks, method):
            # Without the blank Streamlit shows the help only to a mouse over the badge, and no question mark.
            st.markdown(f"{worded(badge)}&nbsp;", help=f"{badge.help}\n\n**Colours:** {painted.scale}")
        if todo := advice(answer.checks, method):
            st.caption(todo)
        if painted.empty:
            st.caption(painted.scale)


def refusal(reason: Exception) -> None:
    """In the place of a map that this network cannot have, or that could not be computed now."""
    st.badge("no map" if isinstance(reason, Refused) else "no answer", color="gray")
    st.caption(str(reason))


def worded(badge: Badge) -> str:
    """A badge as Markdown."""
    return f":{badge.colour}-badge[{badge.words}]"


def badges(checks: list[Check], method: Recipe | None = None) -> str:
    """All badges of a map as Markdown."""
    return " ".join(map(worded, found(checks, method)))


def reading() -> None:
    """How maps and badges are read."""
    with st.popover("How to read this"):
        st.markdown(
            "**Map.** Each pixel's colour says how much it counts for the class's score (its logit), by that method. "
            "Each map has its own scale. Methods answer different questions: where they differ, none need be wrong.\n\n"
            "**Badges** say whether a method did what it promises on this very image. No badge says that a map shows "
            "the network's reasons. :blue-badge[kept], :orange-badge[much of it random], :red-badge[broken]\n\n"
            "**Sum kept, 0.1 % off.** The map's values add up to the change of the score from a baseline, such as a "
            "black image, to the image; they miss it by 0.1 %. *Score kept* is the same without a baseline.\n\n"
            "**Random part 12 %.** The method draws at random. 12 % of the map's strength (of its squared values) is "
            "due to these draws and would differ with others: chance, no explanation.\n\n"
            "**Differs from the gradient.** The method's own rule was applied.\n\n"
            "**Control map.** Edges, noise or the image itself: made without the network. A map that looks like one "
            "may show the image more than the network."
        )


def legend(look: Look, common: float | None) -> None:
    """The colour scale in words and colours, in numbers too where all maps share it."""
    left, right = ends(look)
    if common is not None:
        left, right = (f"{left} (-{common:.3g})" if look.drawn == "signed" else left), f"{right} ({common:.3g})"
    colours = ", ".join(steps(look))
    st.html(
        f'<p class="legend">{left} <span role="img" aria-label="Colour scale from {left} to {right}" '
        f'style="background: linear-gradient(to right, {colours})"></span> {right}</p>'
    )


def steps(look: Look) -> list[str]:
    """The colour scale in 18 steps, as CSS writes them."""
    return [f"rgb({r}, {g}, {b})" for r, g, b in ramp(look).tolist()]


def closely(
    scene: Scene, methods: dict[str, Recipe], maps: dict[str, Drawn], painted: dict[str, Painted], look: Look
) -> None:
    """The image and the first seven maps under one lens, and what each is and what the gate found."""
    if len(maps) > MOST:
        st.caption(f"Here are the first {MOST}: there is no room for more under the lens.")
        maps = dict(list(maps.items())[:MOST])
    panes = [lens.Pane("Image", rgb(scene.picture.pixels))]
    for name, drawn in maps.items():
        plane = shown(drawn.attribution, look.drawn).astype(np.float32)
        panes.append(lens.Pane(name, painted[name].png, plane, painted[name].words))
    lens.viewer(panes, "closely")
    for name, drawn in maps.items():
        with st.expander(name, expanded=len(maps) == 1):
            st.markdown(f"**{linked(methods[name].title())}**\n\n{methods[name].story()}")
            for badge in found(drawn.checks, methods[name]):
                st.markdown(f"{worded(badge)}\n\n{badge.help}")
            st.caption(
                f"{painted[name].scale} Explains “{escaped(scene.classes[drawn.target])}”. "
                f"Settings: {settings(methods[name])}. "
                f"Computed in {drawn.seconds * 1000:.0f} ms on {drawn.made_by['device']}."
            )


def linked(title: str) -> str:
    """A method's title with its paper as a link."""
    return re.sub(r"arXiv:(\d{4}\.\d{4,5})", r"[arXiv:\1](https://arxiv.org/abs/\1)", title)


def settings(method: Recipe) -> str:
    """A method's knobs in words: steps 32, baseline blurred (width 0.05)."""
    said = []
    for f in fields(method):
        value = getattr(method, f.name)
        if isinstance(value, Recipe) and "part" not in f.metadata:  # no choice: its knobs are the method's
            said.append(settings(value))
            continue
        if isinstance(value, Recipe):
            menu = {cls: name for name, cls in parts(type(method), f.name).items()}
            value = menu[type(value)] + (f" ({settings(value)})" if fields(value) else "")
        elif isinstance(value, str) and not 0 < len(value) <= WORDY:
            continue
        elif isinstance(value, bool):
            value = "on" if value else "off"
        label = f.metadata.get("label") or f.name.replace("_", " ")
        said.append(f"{label[:1].lower()}{label[1:]}: {value}")
    return ", ".join(said) or "none"
