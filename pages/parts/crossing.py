"""Widgets that put a study of transfer together: which pictures, which maps are attacked, which look, and how."""

import streamlit as st

from attrcore.data import collections
from attrcore.explain import EXPLAINERS, GROUPS
from attrcore.models import find
from attrcore.png import in_letters
from attrcore.studies.methods import named
from attrcore.studies.selection import Selection
from attrcore.studies.transfer import FOUR, Transfer
from pages.parts import attacks, knobs, pick, show
from pages.parts.knobs import LINKED, Ended, kept

SEVERAL, ONE = "drawn from the collection", "this one picture"
STEPS = 20  # of a tenth of the largest change each: twice the way to the rim
COUNT = 4
CONTROLS = GROUPS["Control maps"]  # made without the network: they look, and nobody attacks them
LOOK_TOO = ("DeepLIFT", "Sobel edges")  # cheap beside those that are attacked
INSIDE = "the ball, how attacks climb, where they start, what they keep, controls, seeds"


def chosen(scene: pick.Scene) -> Transfer:
    """The study that the widgets describe.  Ends the run where no method looks."""
    with st.container(horizontal=True, gap="small"):
        picture, source, count = pictures(scene)
    left, right = st.columns(2)
    with left:
        attacked = st.multiselect("Maps to attack", attackable(), named(FOUR), key=kept("transfer.attacked"),
                                  placeholder="None: only the random change", help="One attack each. Those without a "
                                  "derivative come last: they need a direction by trial (More settings).",
                                  wrap=True, **LINKED)  # fmt: skip
    with right:
        explained = st.multiselect("Methods that look", EXPLAINERS, [*named(FOUR), *LOOK_TOO],
                                   key=kept("transfer.explained"), wrap=True, help="Each explains every changed image. "
                                   "Control maps, such as edges, are made without the network.",
                                   **LINKED)  # fmt: skip
    if not explained:
        st.info("Choose at least one method that looks.")
        raise Ended
    at = attacks.places(INSIDE)
    wants = attacks.described(scene, at, STEPS)
    if scene.wanted is not None:
        at.about.caption("Here all maps explain the predicted class, whichever the sidebar asks for.")
    with at.more:
        how = attacks.climbing(
            not attacked or any(EXPLAINERS[n].differentiable for n in attacked),
            wants,
            not attacks.small(scene.picture.pixels.shape),
        )
        given = {"picture": picture, "collection": source, "count": count}
        few = knobs.recipe(Selection, across=270, given=given | ({"seed": 0} if picture else {}))
        return knobs.recipe(Transfer, across=270, given={
            "model": scene.model, "digest": find(scene.model).digest, "pictures": few, "attack": how, "k": wants.k,
            "attacked": ", ".join(attacked), "explained": ", ".join(explained),
        })  # fmt: skip


def pictures(scene: pick.Scene) -> tuple[str, str, int]:
    """One picture in letters, or the collection of the scene's and how many of it."""
    source, usual = scene.picture.source, Selection()
    there = source in collections()
    how = st.segmented_control("Pictures", (SEVERAL, ONE), default=SEVERAL if there else ONE, required=True,
                               key=kept("transfer.pictures" if there else "transfer.own"), disabled=not there,
                               help="Only several pictures have intervals. The collection is that of the sidebar.",
                               **LINKED)  # fmt: skip
    most = min(1000, len(collections()[source].names())) if there else 0
    if how == ONE or most < 2:
        return in_letters(scene.picture.pixels), usual.collection, 1
    count = st.number_input("How many", 2, most, min(COUNT, most), key=kept("transfer.count"), width=110, **LINKED)
    return "", source, count


def attackable() -> list[str]:
    """Methods that ask the network: those with a derivative first."""
    names = [name for name in EXPLAINERS if name not in CONTROLS]
    return sorted(names, key=lambda name: not EXPLAINERS[name].differentiable)


def cost(study: Transfer) -> str:
    """What it takes."""
    rows, columns = study.rows(), named(study.explained)
    passes = (1 if study.pictures.picture else study.pictures.count) * sum(map(study.cost, rows))
    return (
        f"{len(rows)} ways to change {counted(study)}, {len(columns)} methods that look at each: about {passes:,} "
        "passes of one picture through the network."
    )


def settings(study: Transfer) -> str:
    """Of a run from the store, in words."""
    walks = "with" if study.walks else "without"
    return f"{study.model}, {counted(study)}, k {study.k:,}, {walks} random walks. {show.settings(study.attack)}."


def counted(study: Transfer) -> str:
    """Its pictures in words."""
    few = study.pictures
    return "one picture" if few.picture else f"{few.count} pictures of {few.collection}"
