"""Widgets that put a randomisation test together: which network and pictures, which maps, in which order."""

import streamlit as st

from attrcore.explain import EXPLAINERS, GROUPS
from attrcore.models import find
from attrcore.sanity.parameters import GRAINS, ORDERS
from attrcore.studies.methods import named
from attrcore.studies.randomisation import USUAL, Randomisation
from attrcore.studies.selection import Selection
from pages.parts import attacks, knobs, pick, sweep
from pages.parts.knobs import LINKED, kept, usual

PHOTOS = (
    "Gradient, Guided Backprop, Gradient x Input, Grad-CAM"  # cheap ones: a photo takes a hundred times a digit's time
)


def chosen() -> Randomisation:
    """The study that the widgets describe.  Ends the run where no picture or no method is left."""
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
        count = st.number_input("Pictures", 1, most, value, key=usual("randomise.count", value), **LINKED,
                                help="Drawn from the collection by a seed; the first is shown.")  # fmt: skip
        st.caption(there[source].credit)
    asked = [name for name in EXPLAINERS if name not in GROUPS["Control maps"]]
    start = named(USUAL if small else PHOTOS)
    methods = st.multiselect("Methods", asked, start, key=usual("randomise.methods", start), wrap=True,
                             help="Edges and the input itself are shown in any case.", **LINKED)  # fmt: skip
    if not methods:
        st.info("Choose at least one method.")
        raise knobs.Ended
    with st.container(horizontal=True, gap="medium"):
        order = st.segmented_control("Order", ORDERS, default=ORDERS[0], required=True, key=kept("randomise.order"),
                                     help=knobs.help_of(Randomisation, "order"), **LINKED)  # fmt: skip
        grain = st.segmented_control("Lost at a time", GRAINS, default=GRAINS[0], required=True,
                                     key=kept("randomise.grain"), help=knobs.help_of(Randomisation, "grain"),
                                     **LINKED)  # fmt: skip
        value = 5 if small else 2
        seeds = st.number_input("Draws of weights", 1, 50, value, key=usual("randomise.seeds", value), width=150,
                                help="Seeds: error bars are over them.", **LINKED)  # fmt: skip
        k = attacks.top(100 if small else 1000, sides[0] * sides[1], "How many pixels count as most important.")
    with st.expander("More settings: statistics of BatchNorm, the explained class, seeds"):
        few = knobs.recipe(Selection, across=270, given={"picture": "", "collection": source, "count": count})
        return knobs.recipe(Randomisation, across=270, given={
            "model": model, "digest": find(model).digest, "pictures": few, "explained": ", ".join(methods),
            "order": order, "grain": grain, "seeds": seeds, "k": k,
        })  # fmt: skip


def cost(study: Randomisation) -> str:
    """What it takes."""
    passes = sum(max(1, method.passes) for method in study.methods().values())
    return (
        f"{study.seeds} draws of weights, {len(study.methods())} methods, {study.pictures.count} pictures: about "
        f"{passes * study.seeds * study.pictures.count:,} passes of one picture through the network at each step."
    )
