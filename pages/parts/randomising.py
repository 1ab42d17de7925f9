"""Widgets that put a test of weights or of classes together: which network and pictures, which maps, in which order."""

from typing import NamedTuple

import streamlit as st

from attrcore.explain import EXPLAINERS, GROUPS
from attrcore.models import find
from attrcore.sanity.parameters import GRAINS, ORDERS
from attrcore.studies import class_randomisation, randomisation
from attrcore.studies.class_randomisation import ClassRandomisation
from attrcore.studies.likeness import ALL
from attrcore.studies.methods import named
from attrcore.studies.randomisation import Randomisation
from attrcore.studies.selection import Selection
from pages.parts import attacks, knobs, pick, sweep
from pages.parts.knobs import LINKED, kept, usual

PHOTOS = (
    "Gradient, Guided Backprop, Gradient x Input, Grad-CAM"  # cheap ones: a photo takes a hundred times a digit's time
)


class Asked(NamedTuple):
    """What both tests ask for."""

    model: str
    collection: str
    count: int
    methods: list[str]
    small: bool  # pictures
    pixels: int


def asked(page: str, methods: str) -> Asked:
    """From the sidebar and the first widget.  Ends the run where no picture or no method is left."""
    with st.sidebar:
        model = pick.model()
    pick.weights(model)
    channels, *sides = find(model).size
    small = attacks.small(sides)
    with st.sidebar:
        there = sweep.suiting(model)
        source = st.selectbox("Collection", there, key=kept(f"collection{channels}"), **LINKED)
        most = min(1000, len(there[source].names()))
        value = min(20 if small else 2, most)
        count = st.number_input("Pictures", 1, most, value, key=usual(f"{page}.count", value), **LINKED,
                                help="Drawn from the collection by a seed; the first is shown.")  # fmt: skip
        st.caption(there[source].credit)
    every = [name for name in EXPLAINERS if name not in GROUPS["Control maps"]]
    start = named(methods if small else PHOTOS)
    chosen = st.multiselect("Methods", every, start, key=usual(f"{page}.methods", start), wrap=True,
                            help="Edges and the input itself are shown in any case.", **LINKED)  # fmt: skip
    if not chosen:
        st.info("Choose at least one method.")
        raise knobs.Ended
    return Asked(model, source, count, chosen, small, sides[0] * sides[1])


def selection(what: Asked) -> Selection:
    """Which pictures of the collection."""
    return knobs.recipe(
        Selection, across=270, given={"picture": "", "collection": what.collection, "count": what.count}
    )


def top(what: Asked) -> int:
    """How many pixels count as most important."""
    return attacks.top(100 if what.small else 1000, what.pixels, "How many pixels count as most important.")


def chosen() -> Randomisation:
    """The test of weights that the widgets describe."""
    what = asked("randomise", randomisation.USUAL)
    with st.container(horizontal=True, gap="medium"):
        order = st.segmented_control("Order", ORDERS, default=ORDERS[0], required=True, key=kept("randomise.order"),
                                     help=knobs.help_of(Randomisation, "order"), **LINKED)  # fmt: skip
        grain = st.segmented_control("Lost at a time", GRAINS, default=GRAINS[0], required=True,
                                     key=kept("randomise.grain"), help=knobs.help_of(Randomisation, "grain"),
                                     **LINKED)  # fmt: skip
        value = 5 if what.small else 2
        seeds = st.number_input("Draws of weights", 1, 50, value, key=usual("randomise.seeds", value), width=150,
                                help="Seeds: error bars are over them.", **LINKED)  # fmt: skip
        k = top(what)
    with st.expander("More settings: competition of classes, statistics of BatchNorm, the explained class, noisy "
                     "copies, seeds"):  # fmt: skip
        few = selection(what)
        return knobs.recipe(Randomisation, across=270, given={
            "model": what.model, "digest": find(what.model).digest, "pictures": few,
            "explained": ", ".join(what.methods), "order": order, "grain": grain, "seeds": seeds, "k": k,
            "measured": ALL,
        })  # fmt: skip


def classes() -> ClassRandomisation:
    """The test of classes that the widgets describe."""
    what = asked("classes", class_randomisation.USUAL)
    k = top(what)
    with st.expander("More settings: competition of classes, the seed"):
        few = selection(what)
        return knobs.recipe(ClassRandomisation, across=270, given={
            "model": what.model, "digest": find(what.model).digest, "pictures": few,
            "explained": ", ".join(what.methods), "measured": ALL, "k": k,
        })  # fmt: skip


def cost(study: Randomisation | ClassRandomisation) -> str:
    """What it takes."""
    draws = study.seeds if isinstance(study, Randomisation) else 1
    passes = sum(max(1, method.passes) for method in study.methods().values())
    of = f"{draws} draws of weights, " if isinstance(study, Randomisation) else ""
    return (
        f"{of}{len(study.methods())} methods, {study.pictures.count} pictures: about "
        f"{passes * draws * study.pictures.count:,} passes of one picture through the network at each step."
    )
