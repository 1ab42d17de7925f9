"""What stays of a finished walk: a strip of methods by steps, entropies, and files to take away."""

import math
from typing import Any

import streamlit as st

from attrcore import kept
from attrcore.folder import Look as Run
from attrcore.kinds import Result
from attrcore.sanity.complexity import BINS
from attrcore.studies.randomisation import Randomisation
from pages.parts import evidence, film, knobs, layers, reproduce, theirs, unlearned
from pages.parts.film import Cell, Film, Strip
from pages.parts.knobs import LINKED
from pages.parts.tables import table
from pages.parts.unlearned import CALLED, LOOKS, Study, told

BITS, RISE = (0.0, math.log2(BINS)), (-1.0, math.inf)  # between which an entropy is, and eMPRT


def found(study: Study, over: Run, by: str) -> None:
    """The finished study below its slider."""
    result = kept.result(over.key, ("table",))
    unlearned.numbers(study, result.numbers, by)
    if isinstance(study, Randomisation):
        theirs.beside(study, result.numbers, by)
        entropies(result.numbers)
    st.header("Film strip")
    values = st.segmented_control("Values", LOOKS, default="absolute", required=True,
                                  key=knobs.kept("walk.values"), label_visibility="collapsed",
                                  **LINKED)  # fmt: skip
    strip = strips(study, result, over, (by, values))
    film.shown(strip)
    draw = " and the first draw" if isinstance(study, Randomisation) else ""
    st.caption(f"Below each map: {by} to the first of its row, of this picture{draw}.")
    files(study, result, over, (by, values, strip))


def strips(study: Study, result: Result, over: Run, asked: tuple[str, str]) -> Film:
    """Methods by steps, of the first picture under the first draw."""
    by, values = asked
    n, place = result.numbers, [m.title for m in study.likenesses].index(by)
    steps = unlearned.seen_steps(over.key, kept.frames(over.key))
    rows = []
    for m, name in enumerate(n["curves"][by]):
        likeness = result.tensors["table"][0, 0, :, m, place].tolist()
        cells = [Cell(step.maps[values][m], f"{name}, {n['steps'][i]}: {by} {v:z.2f}", f"{v:z.2f}" if v == v else "")
                 for i, (step, v) in enumerate(zip(steps, likeness, strict=False))]  # fmt: skip
        rows.append(Strip(name, [*cells, *[None] * (len(n["steps"]) - len(cells))]))
    rest = [None] * (len(n["steps"]) - 1)
    rows += [Strip(lane.title, [Cell(lane.absolute[0], lane.title), *rest]) for lane in steps[0].fixed]
    return Film(
        f"{unlearned.words(study).slider} by {unlearned.words(study).slider.lower()}: {study.model}", n["steps"], rows
    )


def entropies(n: dict[str, Any]) -> None:
    """How spread out each method's maps are, step by step, and eMPRT beside what nulls have of it."""
    with st.expander("Entropy of the maps, and eMPRT"):
        columns: dict[str, list[str]] = {"Method": list(n["entropy"])}
        for i, step in enumerate(n["steps"]):
            columns[step] = [told(points[i], BITS) for points in n["entropy"].values()]
        columns["eMPRT"] = [told(p, RISE) for p in n["eMPRT"].values()]
        table(columns, "Entropy of each method's maps in bits, step by step")
        nulls = ", ".join(f"{CALLED[null]} {told(p, RISE)}" for null, p in n["eMPRT of nulls"].items())
        st.caption(
            "Entropy of the histogram of a map's values in 100 bins of equal width, in bits. eMPRT "
            "([Hedström et al., 2024](https://arxiv.org/abs/2401.06465)): by how much of itself it has risen when no "
            "weight is left; it asks for no likeness. Of what owes nothing to the weights, drawn anew: "
            f"{nulls}; a mean of ratios, it lies a little above 0 even there. Where some weights stay there is none."
        )


def files(study: Study, result: Result, over: Run, asked: tuple[str, str, Film]) -> None:
    """To take away: settings, numbers, the strip, and the slider as a page of its own."""
    by, values, strip = asked
    page = "randomise" if isinstance(study, Randomisation) else "classes"
    title = f"{'Randomise' if page == 'randomise' else 'Classes'}, {study.model}"
    notes = [unlearned.about(study, result.numbers, by), reproduce.settings(study), reproduce.made(result.made_by)]
    st.caption(notes[-1])
    with st.container(horizontal=True):
        reproduce.offer(study, title, page)
        st.download_button("Numbers (.json)", lambda: evidence.record(result), f"{page}-{over.key}-numbers.json",
                           on_click="ignore", key=f"{page}.save.numbers")  # fmt: skip
        data = unlearned.sent(study, over, by)
        st.download_button("Slider (.html)", lambda: layers.offline(title, data, notes), f"{page}-{over.key}.html",
                           on_click="ignore", key=f"{page}.save.html",
                           help="One file that works without this app, and without a network.")  # fmt: skip
    film.offer(strip, LOOKS[values], f"{page}-{over.key}", notes[-1:])
