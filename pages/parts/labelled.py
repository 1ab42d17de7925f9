"""What a data randomisation test found: maps of the twins side by side, accuracies, and every number with its nulls."""

from typing import Any, NamedTuple

import streamlit as st

from attrcore.kinds import Result
from attrcore.look import in_words
from attrcore.look import picture as rgb
from attrcore.sanity.verdicts import labels_verdict
from attrcore.studies.data_randomisation import BESIDE, FIRST, OTHER, PERMUTED, TRUE, DataRandomisation
from attrcore.studies.likeness import NULLS, Likenesses
from pages.parts import evidence, film, knobs, reproduce
from pages.parts.film import Cell, Film, Strip
from pages.parts.knobs import LINKED
from pages.parts.tables import table
from pages.parts.unlearned import CALLED, LOOKS, USUAL, painted, told

NETWORKS = (TRUE, PERMUTED, OTHER, FIRST)
HEADS = {TRUE: "True labels", PERMUTED: "Permuted labels", OTHER: "Another, true labels", FIRST: "Their first weights"}
SEEN = ("images", *(f"maps.{name}" for name in NETWORKS))


class Shown(NamedTuple):
    """Which of what was found is shown."""

    by: str  # a likeness
    values: str  # of LOOKS
    digit: int  # counted from 0


def found(study: DataRandomisation, result: Result, key: str) -> None:
    """The finished test."""
    n = result.numbers
    st.header("What it found")
    accuracies(n["accuracy"])
    wanted = chosen(study, len(result.tensors["images"]))
    heads, rows = [HEADS[name] for name in NETWORKS], strips(study, result, wanted)
    film.shown(Film(f"Digit {wanted.digit + 1}: maps by the twins and two other networks", heads, rows))
    st.caption(
        f"Below each map: {wanted.by} to the true-label twin's map of this digit. In the last column: over all "
        f"{n['pictures']} digits, with intervals. Each map has its own scale."
    )
    for name, reason in n["refused"].items():
        st.caption(f"No maps by {name}: {reason}")
    numbers(study, n, wanted.by)
    st.caption(reproduce.made(result.made_by))
    over = f"Data randomisation, digit {wanted.digit + 1}: {wanted.by} to the true-label twin's map"
    with st.container(horizontal=True):
        reproduce.offer(study, f"Labels, {study.network}", "labels")
        st.download_button("Numbers (.json)", lambda: evidence.record(result), f"labels-{key}-numbers.json",
                           on_click="ignore", key="labels.save.numbers")  # fmt: skip
        film.offer(Film(over, heads, rows), LOOKS[wanted.values], f"labels-{key}-{wanted.digit + 1}")


def chosen(study: DataRandomisation, count: int) -> Shown:
    """Which likeness, which values of maps, and which of so many digits."""
    titles = [m.title for m in Likenesses(study.k)]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        by = st.selectbox("Likeness to the true-label twin's map", titles, titles.index(USUAL), filter_mode=None,
                          width=300, key=knobs.kept("labels.by"), **LINKED)  # fmt: skip
        values = st.segmented_control("Values", LOOKS, default="absolute", required=True,
                                      key=knobs.kept("labels.values"), **LINKED)  # fmt: skip
        digit = st.segmented_control("Example", range(1, count + 1), default=1, required=True,
                                     key=knobs.usual("labels.digit", count), **LINKED)  # fmt: skip
    return Shown(by, values, digit - 1)


def strips(study: DataRandomisation, result: Result, wanted: Shown) -> list[Strip]:
    """The digit itself, then each method's maps with their likeness, and what follows of it over all digits."""
    n, image = result.numbers, rgb(result.tensors["images"][wanted.digit].numpy())
    rows = [Strip("Digit", [Cell(image, "The digit"), None, None, None])]
    for i, name in enumerate(n["methods"]):
        cells = []
        for network in NETWORKS:
            plane = result.tensors[f"maps.{network}"][wanted.digit, i].float().numpy()
            value = n["each"][network][wanted.by][name][wanted.digit] if network in BESIDE else None
            words = "" if value is None else f"{value:z.2f}"
            cells.append(Cell(painted(plane, wanted.values), in_words(f"{name}, {HEADS[network]}", plane), words))
        like = [n["likeness"][network][wanted.by][name] for network in (PERMUTED, OTHER)]
        says = labels_verdict(*like, n["difference"][wanted.by][name], n["nulls"][wanted.by][name])
        rows.append(Strip(name, cells, says))
    return rows


def accuracies(found: dict[str, Any]) -> None:
    """How much each network knows."""

    def shared(part: dict[str, Any]) -> str:
        low, high = part["interval95"]
        return f"{part['share']:.1%} ({low:.1%} to {high:.1%})"

    table({
        "Network": [HEADS[name] for name in NETWORKS],
        "Knows what the twins learned": [shared(found[name]["learned"]) for name in NETWORKS],
        "Knows digits that no twin has seen": [shared(found[name]["held out"]) for name in NETWORKS],
    }, "Accuracies of the four networks")  # fmt: skip
    st.caption(
        "Brackets: Wilson's 95 % intervals over digits; chance is 10 %. The twin with permuted labels is asked for the "
        "labels that it was given, all others for the true ones. Another, true labels: the same digits and "
        "schedule, from other first weights and in another order. Their first weights: "
        "those that both twins began with; maps that are like these show what training has not changed."
    )


def numbers(study: DataRandomisation, n: dict[str, Any], by: str) -> None:
    """Every method's likenesses with intervals, beside nulls."""
    st.subheader("Every number")
    heads = ("Method", *(HEADS[name] for name in BESIDE), "Permuted less another", *(CALLED[null] for null in NULLS))
    rows = [
        (name, *(told(n["likeness"][network][by][name]) for network in BESIDE), told(n["difference"][by][name]),
         *(told(n["nulls"][by][name][null]) for null in NULLS))
        for name in n["methods"]
    ]  # fmt: skip
    table(dict(zip(heads, zip(*rows, strict=True), strict=True)), f"{by} to the true-label twin's map")
    st.caption(
        f"{by} to the true-label twin's map, mean over {n['pictures']} digits that no twin has seen, with Student's "
        "95 % interval over digits; one pair of twins, so it says nothing of other pairs. Permuted less another: the "
        "difference of two columns, digit by digit. Input alone: a random gradient times the image. Another seed: the "
        f"same method on the true-label twin, where it draws anything. The explained class is {study.target} predicted "
        "one."
    )
