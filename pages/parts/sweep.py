"""Widgets that put a study of many sizes together: which network and pictures, whose map, how far, and how."""

from collections.abc import Iterable
from dataclasses import fields

import streamlit as st

from attrcore.attack.directions import Derivative
from attrcore.balls import LEVELS
from attrcore.data import collections
from attrcore.data.pictures import Pictures
from attrcore.explain import EXPLAINERS
from attrcore.models import find
from attrcore.recipe import Recipe
from attrcore.studies.budget import ATTACKS, Budget
from pages.parts import attacks, cached, knobs, pick
from pages.parts.knobs import LINKED, kept, usual

SMOOTH = {name: cls for name, cls in EXPLAINERS.items() if cls.differentiable}
LABELS = 500  # read of a collection, to see whether a network knows any
# Usual levels, length of a step, top pixels and pictures, of small and of large ones.  The levels of large ones are the
# figure's; with these and 20 steps, the CNN's digits take a minute on two cores.
USUAL = {True: ("2 8 26 77", 4.0, 100, 8), False: ("1 2 4 8", 0.5, 1000, 4)}


def chosen() -> Budget:
    """The study that the widgets describe.  Raises Refused for levels that are none; ends the run without pictures."""
    with st.sidebar:
        model = pick.model()
    pick.weights(model)
    channels, *sides = find(model).size
    levels, size, k, count = USUAL[attacks.small(sides)]
    with st.sidebar:
        there = suiting(model)
        source = st.selectbox("Collection", there, key=kept(f"collection{channels}"), **LINKED)
        most = min(1000, len(there[source].names()))
        count = st.number_input(
            "Pictures", 1, most, min(count, most), key=usual("budget.count", min(count, most)), **LINKED,
            help="Drawn from the collection by the seed. More give narrower intervals and take longer.",
        )  # fmt: skip
        st.caption(there[source].credit)
    with st.container(horizontal=True, gap="small"):
        name = st.selectbox("Method", SMOOTH, key=kept("method"), filter_mode="contains", width=200, **LINKED,
                            help="Those whose map has a derivative, which the attacks climb.")  # fmt: skip
        said = st.text_input(
            "Largest changes, in levels", levels, key=usual("budget.levels", levels), max_chars=200, width=200,
            help="Of the 255 between black and white, with blanks between. 8 can hardly be seen in a photo; in MNIST's "
            "literature 77 (0.3) is common.", **LINKED,
        )  # fmt: skip
        steps = st.number_input("Steps", 1, 1000, 20, key=kept("budget.steps"), width=100, **LINKED)
        size = st.number_input("Length of a step, in levels", 0.01, 64.0, size, 0.5, key=usual("budget.size", size),
                               width=200, **LINKED)  # fmt: skip
        k = attacks.top(k, sides[0] * sides[1], "How many pixels count as most important.")
    with st.expander("More settings: the method's own, how attacks find their way and step along it, the seed"):
        cls = SMOOTH[name]
        explainer = knobs.recipe(cls, across=270) if fields(cls) else cls()
        way = knobs.recipe(Derivative, across=270)
        rule = attacks.rule("budget.climb")
        return knobs.recipe(Budget, across=270, given={
            "model": model, "digest": find(model).digest, "collection": source, "count": count, "explainer": explainer,
            "levels": said, "steps": steps, "k": k, "direction": way, "climb": rule(size=size / LEVELS),
        })  # fmt: skip


def suiting(model: str) -> dict[str, Pictures]:
    """Collections on this machine with what the network knows; where there is none, those it can see at all."""
    entry = find(model)
    seen = {name: c for name, c in collections().items() if c.channels == entry.size[0] and not c.missing()}
    if not seen:
        st.info("No collection on this machine suits this network.")
        raise knobs.Ended
    known = {name: c for name, c in seen.items() if not cached.strange(name, labels(c), cached.classes(model))}
    return known or seen


def labels(collection: Pictures) -> Iterable[str]:
    """What some of its pictures show; reads nothing before it is asked."""
    names = collection.names()
    return map(collection.label, names[:: max(1, len(names) // LABELS)])


def cost(study: Budget) -> str:
    """What it takes, and whether attacks can get as far as they may.  Raises Refused for levels that are none."""
    sizes, size = study.sizes(), study.climb.size * LEVELS
    way = study.steps * size
    short = (
        f" {study.steps} steps of {size:g} levels come no further than {way:g} levels: larger changes are not used up."
    )
    return (
        f"{len(sizes)} sizes, {len(ATTACKS)} ways to change a picture, {study.count} pictures: about "
        f"{passes(study):,} passes of one picture through the network.{short if way < sizes[-1] else ''}"
    )


def passes(study: Budget) -> int:
    """Passes of one picture through the network, about: a step of an attack takes a map, its derivative and a look."""
    explainer: Recipe = study.explainer
    attack, walk = 3 * explainer.passes + 2, explainer.passes + 1
    return study.count * len(study.sizes()) * study.steps * (2 * attack + walk)
