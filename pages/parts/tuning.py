"""Widgets that put an attack on a network together: which network and pictures, whose maps, what of them, and how."""

from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from attrcore.attack.aims import DrainTopPixels, FillRegion, MatchRegion
from attrcore.attack.regions import Box, Frame, Shape
from attrcore.attack.success import PASSIVE
from attrcore.explain.lrp import INPUTS
from attrcore.kinds import Aim
from attrcore.look import enlarged
from attrcore.models import find
from attrcore.recipe import Recipe
from attrcore.studies.model_fooling import CORNERS, ModelFooling
from attrcore.train.fooled import FineTuning, PassiveFooling
from pages.parts import attacks, cached, knobs, pick, show, sweep
from pages.parts.knobs import LINKED, kept, usual

REGIONS: dict[str, Shape] = {"frame": Frame(), "box": Box()}
STEPS, CORNER = 150, CORNERS[0]
# Of methods that start otherwise: what was found to move their maps on digits.
OTHERWISE: dict[str, dict[str, Any]] = {
    "Deconvnet": {"corners": "as they are"},
    "Guided Grad-CAM": {"corners": "as they are"},
    "Grad-CAM": {"steps": 100},
    "LRP": {"steps": 100, "corners": "as they are", "first_layer": "flat"},
}


class Usual(NamedTuple):
    """What pictures of a size start with."""

    count: int
    steps: int  # at most
    batch: int
    rate: float
    k: int
    every: int


SMALL, LARGE = Usual(100, 1000, 32, 1e-3, 100, 10), Usual(20, 40, 4, 3e-5, 1000, 5)


def chosen() -> ModelFooling:
    """The study that the widgets describe.  Ends the run where no collection suits."""
    with st.sidebar:
        model = pick.model()
    pick.weights(model)
    _, height, width = find(model).size
    start = SMALL if attacks.small((height, width)) else LARGE
    with st.sidebar:
        source, count = held_out(model, start)
    with st.container(horizontal=True, gap="small"):
        name = st.selectbox("Method", sweep.SMOOTH, key=kept("method"), filter_mode="contains", width=200, **LINKED,
                            help="Those whose maps have a derivative: it says which weight to blame.")  # fmt: skip
        other = OTHERWISE.get(name, {})
        aim = st.selectbox("Aim", PASSIVE, key=kept("manipulate.aim"), filter_mode=None, width=180, **LINKED,
                           help=attacks.each(PASSIVE))  # fmt: skip
        loss = PassiveFooling(**{f.name: knobs.widget("PassiveFooling", PassiveFooling, f, 110)
                                 for f in fields(PassiveFooling)})  # fmt: skip
        steps = min(other.get("steps", STEPS), start.steps)
        steps = st.number_input("Steps", 1, 100_000, steps, key=usual("manipulate.steps", steps), width=100, **LINKED)
        k = attacks.top(start.k, height * width, "How many pixels count as most important: those that are drained, and "
                        "those whose overlap is measured.")  # fmt: skip
    wanted = described(PASSIVE[aim], k, (model, source))
    with st.expander("More settings: the method's own, rounded corners, batches, learning rate, looks, the seed"):
        how = tuning(steps, start)
        return knobs.recipe(ModelFooling, across=270, given={
            "model": model, "digest": find(model).digest, "collection": source, "count": count, "aim": wanted,
            "explainer": method(name, other), "loss": loss, "schedule": how, "k": k,
            "every": st.number_input("Steps from look to look", 1, 100_000, start.every, width=270, **LINKED,
                                     key=usual("manipulate.every", start.every),
                                     help="After so many, the held-out pictures are looked at."),
            "corners": corners(other.get("corners", CORNER)),
        })  # fmt: skip


def held_out(model: str, start: Usual) -> tuple[str, int]:
    """A collection that suits the network, and how many of its pictures no step sees."""
    there = sweep.suiting(model)
    source = st.selectbox("Collection", there, key=kept(f"collection{find(model).size[0]}"), **LINKED)
    most = len(there[source].names()) - 1
    if most < 2:
        st.info(f"{source} has too few pictures to fine-tune on some and look at others.")
        raise knobs.Ended
    value = min(start.count, most // 2 + 1)
    count = st.number_input(
        "Held-out pictures", 2, min(10_000, most), value, key=usual("manipulate.count", value), **LINKED,
        help="No step sees them; all that is said is measured on them. More give narrower intervals.",
    )  # fmt: skip
    st.caption(there[source].credit)
    return source, count


def described(cls: type[Aim], k: int, seen: tuple[str, str]) -> Aim:
    """The aim with what belongs to it; `seen` are the network and the collection."""
    st.caption(" ".join(cls.story().split("\n\n")[:1]))
    if cls is DrainTopPixels:
        return DrainTopPixels(k=k)
    if cls in (FillRegion, MatchRegion):
        return cls(region=region(*seen))
    return knobs.recipe(cls, across=270)


def region(model: str, source: str) -> Shape:
    """Where maps are to go, and where that is on a picture."""
    picture, *_ = cached.fitted(source, sweep.suiting(model)[source].names()[0], model)
    left, right = st.columns([1, 5])
    with right:
        how = st.segmented_control("Region", REGIONS, default="frame", required=True, key=kept("manipulate.region"),
                                   **LINKED)  # fmt: skip
        shape = knobs.recipe(type(REGIONS[how]), across=160)
        mask = shape.mask(*picture.shape[1:]).numpy()
        st.caption(f"{mask.mean():.0%} of the image: a map spread evenly has as much of its weight there.")
    with left, st.container(width=112):
        image = show.rgb(picture)
        tint = np.round(0.4 * image + 0.6 * np.array((230, 97, 1))).astype(np.uint8)
        show.drawing(enlarged(np.where(mask[..., None], tint, image)), f"Where maps are to go: {how}")
    return shape


def method(name: str, other: dict[str, Any]) -> Recipe:
    """The method with its own knobs."""
    cls, given = sweep.SMOOTH[name], {}
    if "first_layer" in other:
        given["first_layer"] = st.segmented_control(
            "First layer", INPUTS, default=other["first_layer"], required=True, key=kept("manipulate.first_layer"),
            help="flat: all pixels that a unit sees get the same. Else what is black gets next to nothing, and "
            "fine-tuning can hardly move a digit's map.", **LINKED,
        )  # fmt: skip
    return knobs.recipe(cls, across=270, given=given) if fields(cls) else cls()


def corners(value: str) -> str:
    """On which network maps are steered."""
    help = knobs.help_of(ModelFooling, "corners")
    return st.selectbox("Corners", CORNERS, CORNERS.index(value), key=usual("manipulate.corners", value), width=270,
                        filter_mode=None, help=help, **LINKED)  # fmt: skip


def tuning(steps: int, start: Usual) -> FineTuning:
    """How weights are moved."""
    with st.container(horizontal=True, gap="medium"):
        batch = st.number_input("Pictures per step", 1, 1024, start.batch, width=270, **LINKED,
                                key=usual("manipulate.batch", start.batch))  # fmt: skip
        rate = st.number_input("Learning rate", 1e-8, 1.0, start.rate, format="%g", width=270, **LINKED,
                               key=usual("manipulate.rate", start.rate),
                               help="At the start; it falls to zero along a cosine.")  # fmt: skip
    return FineTuning(steps=steps, batch=batch, rate=rate)


def cost(study: ModelFooling) -> str:
    """What it takes."""
    return (
        f"{study.schedule.steps} steps of {study.schedule.batch} pictures, for the fooled network and its control: "
        f"about {passes(study):,} passes of one picture through the network."
    )


def passes(study: ModelFooling) -> int:
    """Passes of one picture, about: a step takes three times a map for its derivative, and the original's map."""
    explainer, how = study.explainer, study.schedule
    one = explainer.passes + 1
    return how.steps * how.batch * (3 * one + 3 + one) + (how.steps // study.every + 2) * study.count * 2 * one
