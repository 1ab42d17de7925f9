"""Widgets that put an attack together: whose map, what it wants, how far it may go, and how it climbs."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from attrcore.attack.aims import CopyMap, DrainTopPixels, FillRegion, MoveCentre, ReorderPixels, TurnAway
from attrcore.attack.ascent import Ascent
from attrcore.attack.climbs import Climb
from attrcore.attack.directions import DIRECTIONS, SPSA, Derivative
from attrcore.attack.regions import Box, Frame, Painted, Shape
from attrcore.balls import BALLS, L2, LEVELS, Linf
from attrcore.explain import EXPLAINERS
from attrcore.kinds import Aim, Ball
from attrcore.models import find
from attrcore.png import in_letters
from attrcore.recipe import Recipe, called, family
from attrcore.studies.fooling import Fooling, Subject
from pages.parts import canvas, knobs, pick, pictures, show
from pages.parts.knobs import LINKED, kept, usual

# What an attack wants, as the menu says it.
AIMS: dict[str, type[Aim]] = {
    "Drain the top pixels": DrainTopPixels,
    "Move the centre": MoveCentre,
    "Fill a region": FillRegion,
    "Copy another map": CopyMap,
    "Turn away (cosine)": TurnAway,
    "Reorder the pixels (Kendall)": ReorderPixels,
}
REGIONS = ("box", "polygon", "lines", "frame")
SMALL = 64  # px: pictures up to that wide are digits and signs
WIDTH = 190  # px of a short widget
CANVAS = 300  # px of the surface on which a region is drawn: the button that starts stays in sight


class Places(NamedTuple):
    """Where the widgets of an attack stand."""

    row: Any
    about: Any
    more: Any


class Wanted(NamedTuple):
    """What an attack wants, how far and how often it may go, and how many pixels count as most important."""

    aim: Aim
    ball: Ball
    steps: int
    k: int


def chosen(scene: pick.Scene) -> Fooling:
    """The study that the widgets describe."""
    at = places("the ball, the method's own, how it climbs, where it starts, what it keeps")
    with at.row:
        name = explainer()
    wants = described(scene, at, 100)
    with at.more:
        method = knobs.recipe(EXPLAINERS[name], across=270)
        how = climbing(method.differentiable, wants, not small(scene.picture.pixels.shape))
        draws = st.slider("Random changes to compare with", 39, 239, 39, 40, key=kept("draws"), width=270, **LINKED,
                          help="So many that one more lies between the ends that are told with 95 %.")  # fmt: skip
    target = -1 if scene.wanted is None else scene.wanted
    picture = in_letters(scene.picture.pixels)
    subject = Subject(scene.model, find(scene.model).digest, picture, target, method)
    return Fooling(subject=subject, attack=how, k=wants.k, draws=draws)


def places(inside: str) -> Places:
    """A row, a place for words below it, and an expander that says what is `inside`."""
    row, about = st.container(horizontal=True, gap="small"), st.container()
    return Places(row, about, st.expander(f"More settings: {inside}"))


def described(scene: pick.Scene, at: Places, steps: int) -> Wanted:
    """Aim, ball, steps (usually so many) and k, as the widgets say."""
    with at.more:
        norm = st.segmented_control(
            "Ball", BALLS, default="L-inf", required=True, key=kept("ball"), **LINKED,
            help="L-inf: every pixel may change by so much. L2: the whole change may be so long.",
        )  # fmt: skip
    with at.row:
        aim_name = st.selectbox("Aim", AIMS, key=kept("aim"), filter_mode=None, width=215, **LINKED,
                                help=each(AIMS))  # fmt: skip
        eps = size(norm, small(scene.picture.pixels.shape))
        steps = st.number_input("Steps", 1, 1000, steps, key=usual("steps", steps), width=90, **LINKED)
        k, pixels = important(scene)
    with at.about:
        words = " ".join(AIMS[aim_name].story().split("\n\n")[:1])
        st.caption(f"{words} Of {k:,} pixels picked at random {k / pixels:.1%} would be the same.")
        return Wanted(wanted(AIMS[aim_name], scene, k), ball(norm, eps), steps, k)


def explainer() -> str:
    """A method by menu name: those with a derivative first."""
    smooth = [name for name, cls in EXPLAINERS.items() if cls.differentiable]
    names = [*smooth, *(name for name in EXPLAINERS if name not in smooth)]
    help = "Methods without a derivative come last: they are attacked by trial, which takes many more maps."
    return st.selectbox("Method", names, key=kept("method"), filter_mode="contains", help=help, width=200, **LINKED)


def small(shape: Sequence[int]) -> bool:
    """Is an image of this shape a digit or a sign, and no photo?"""
    return max(shape) <= SMALL


def size(norm: str, digit: bool) -> float:
    """The ball's radius: levels of 255 for L-inf, a length in [0, 1] units for L2."""
    if norm == "L2":
        value = 2.0 if digit else 4.0
        return st.number_input("Largest change", 0.0, 100.0, value, 0.5, key=usual("length", value),
                               width=150, help="Euclidean, pixels counted from 0 to 1.", **LINKED)  # fmt: skip
    value = 26 if digit else 8
    return st.number_input("Largest change", 0, LEVELS, value, key=usual("levels", value), width=150,
                           help="In levels, of the 255 between black and white. 8 can hardly be seen in a photo; in "
                           "MNIST's literature 77 (0.3) is common.", **LINKED)  # fmt: skip


def ball(norm: str, eps: float) -> Ball:
    """How far the image may move."""
    return L2(eps=float(eps)) if norm == "L2" else Linf(eps=eps / LEVELS)


def important(scene: pick.Scene) -> tuple[int, int]:
    """How many pixels count as most important, and of how many."""
    value, pixels = 100 if small(scene.picture.pixels.shape) else 1000, int(np.prod(scene.picture.pixels.shape[1:]))
    help = (
        "How many pixels count as most important: those that the first aim drains, and those whose overlap is measured."
    )
    return top(value, pixels, help), pixels


def top(value: int, pixels: int, help: str) -> int:
    """How many pixels of a map count as most important, usually so many."""
    most = pixels - 1
    value = min(value, most)
    return st.number_input("Top pixels k", 1, most, value, key=usual("k", value, most), width=120, help=help, **LINKED)


def wanted(cls: type[Aim], scene: pick.Scene, k: int) -> Aim:
    """The aim with what belongs to it: a region drawn on the image, another picture, or a switch."""
    if cls is DrainTopPixels:
        return DrainTopPixels(k=k)
    if cls is FillRegion:
        return FillRegion(region=region(scene))
    if cls is CopyMap:
        return CopyMap(picture=other(scene))
    return knobs.recipe(cls, across=270)


def region(scene: pick.Scene) -> Shape:
    """Where the map is to go, drawn with mouse, finger or keys."""
    left, right = st.columns(2)
    image = show.rgb(scene.picture.pixels)
    with right:
        how = st.segmented_control("Draw a", REGIONS, default="box", required=True, key=kept("region"), **LINKED)
        if how == "frame":
            return knobs.recipe(Frame)
        st.markdown("Draw on the image where the map is to go. Until you do, it is the upper left quarter, as tinted.")
    with left:
        tint = np.round(0.4 * image + 0.6 * np.array((230, 97, 1))).astype(np.uint8)
        usually = Box(0.0, 0.0, 0.5, 0.5)
        inside = usually.mask(*image.shape[:2]).numpy()[..., None]
        blank = np.where(inside, tint, image)
        mask = canvas.mask(image, tint, "fool.canvas", how, "Draw where the map is to go", blank, CANVAS)
    if mask.any():
        right.caption(f"{mask.mean():.0%} of the image: a map spread evenly has as much of its weight there.")
        return Painted.of(mask)
    return usually


def other(scene: pick.Scene) -> str:
    """The picture whose map is to be copied, as a recipe holds it; empty for the mirrored image."""
    left, right = st.columns([1, 3])
    with right:
        found = pictures.picture(scene.model, " to copy", scene.picture)
    if found is None:
        st.info("Choose the picture whose map is to be copied.")
        raise knobs.Ended
    with left, st.container(width=112, key=show.sized(found.pixels, "wanted")):
        show.drawing(show.rgb(found.pixels), "The picture whose map is to be copied")
    return in_letters(found.pixels)


def climbing(smooth: bool, wants: Wanted, photo: bool) -> Ascent:
    """How it climbs: the direction that `smooth` maps have or others, the rule for steps, starts, what is best.

    A photo's prediction, one of a thousand, is lost within some steps, and never found again, where nothing holds it.
    """
    usual_one = called(Derivative if smooth else SPSA)
    with st.container(horizontal=True, gap="medium"):
        at = list(DIRECTIONS).index(usual_one)
        direction = DIRECTIONS[st.selectbox("Direction", DIRECTIONS, at, key=usual("direction", usual_one), width=WIDTH,
                                            filter_mode=None, help=each(DIRECTIONS), **LINKED)]  # fmt: skip
        stepping = rule("climb")
        share = st.number_input("Step (share of the largest change)", 0.001, 2.0, 0.1, 0.05, key=kept("step"),
                                width=270, help="Ten steps of 0.1 in a row reach the rim of the ball.",
                                **LINKED)  # fmt: skip
        usually = 0.1 if photo else 0.0
        hold = st.number_input(
            "Hold", 0.0, 1e6, usually, 0.1, key=usual("hold", usually), width=150, **LINKED,
            help="Weight of staying at the clean image's logits (their mean squared change). The more, the more steps "
            "keep the prediction, and the less they move the map.",
        )  # fmt: skip
    way = knobs.recipe(direction, across=270)
    lo, hi = next((f.metadata["lo"], f.metadata["hi"]) for f in fields(stepping) if f.name == "size")
    climb = stepping(size=min(max(share * wants.ball.eps, lo), hi))
    return knobs.recipe(Ascent, across=270, given={
        "aim": wants.aim, "ball": wants.ball, "direction": way, "climb": climb, "steps": wants.steps,
        "hold": hold,
    })  # fmt: skip


def rule(key: str) -> type[Climb]:
    """How attacks step along their slope."""
    rules = family(Climb)
    return rules[st.selectbox("Climb", rules, list(rules).index("Signed"), key=kept(key), filter_mode=None,
                              width=WIDTH, help=each(rules), **LINKED)]  # fmt: skip


def each(kinds: dict[str, type[Recipe]]) -> str:
    """What a menu's entries are, a paragraph each."""
    return "\n\n".join(f"**{name}**: {cls.title()}" for name, cls in kinds.items())
