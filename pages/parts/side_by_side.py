"""Finished runs of one kind side by side: the settings in which they differ, and their numbers with their controls."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from attrcore import kept
from attrcore.balls import LEVELS
from attrcore.kinds import Refused
from attrcore.recipe import Recipe
from attrcore.studies.budget import ATTACKS
from pages.parts import described, evidence, knobs
from pages.parts.tables import table

MOST = 6  # runs beside each other
LETTERS = "ABCDEF"
MANY = 60  # rows, above which one measure is shown at a time

Rows = dict[tuple[str, ...], tuple[str, ...]]  # what a number is -> the words of one run, one for each head


class Read(NamedTuple):
    """A run as it is compared."""

    key: str
    study: Recipe
    numbers: dict[str, Any]


def compare(keys: list[str]) -> None:
    """Two tables: settings that differ, numbers.  What cannot be read is said and left out."""
    found = list(read(keys[:MOST]))
    if len(found) < 2:
        st.caption("Tick two or more finished runs of one kind to see them side by side.")
        return
    names = LETTERS[: len(found)]
    st.markdown("  \n".join(f"**{letter}** `{run.key}` {knobs.escaped(described.line(run.study))}"
                            for letter, run in zip(names, found, strict=True)))  # fmt: skip
    st.subheader("Settings that differ")
    apart = described.differences([run.study for run in found])
    columns = {letter: [row[i] for row in apart.values()] for i, letter in enumerate(names)}
    table({"Setting": list(apart), **columns}, "Settings that differ")
    st.caption("All others are equal. A picture or a region stands as # and the start of its digest.")
    st.subheader("Numbers")
    numbers(found, names)


def read(keys: list[str]) -> Iterator[Read]:
    """Each run whose result is what was written."""
    for key in keys:
        try:
            said = kept.check(key)
            yield Read(key, Recipe.from_dict(said["recipe"]), said["numbers"])
        except Refused as e:
            st.error(str(e))
        except (ValueError, TypeError):
            st.error(f"The settings of the run {key} are of another version, which cannot be read here.")


def numbers(found: list[Read], names: str) -> None:
    """Every number of every run: those of one measure stand below each other."""
    heads, about = HEADS.get(type(found[0].study).__name__, (("Value",), OTHERS))
    each = [rows(run) for run in found]
    paths = list(dict.fromkeys(path for one in each for path in one))
    if len(paths) * len(each) > MANY:
        groups = list(dict.fromkeys(path[0] for path in paths))
        chosen = st.selectbox("Numbers of", groups, width=320, key=knobs.kept("runs.numbers"), filter_mode=None,
                              **knobs.LINKED)  # fmt: skip
        paths = [path for path in paths if path[0] == chosen]
    lines = [(", ".join(path), letter, *one[path]) for path in paths
             for letter, one in zip(names, each, strict=True) if path in one]  # fmt: skip
    table(dict(zip(("Number", "Run", *heads), zip(*lines, strict=True), strict=True)), "Numbers of the compared runs")
    st.caption(about)


def rows(run: Read) -> Rows:
    """A run's numbers in words."""
    n = run.numbers
    match type(run.study).__name__:
        case "Fooling":
            return {row[:1]: row[1:] for row in evidence.rows(n)}
        case "Budget":
            return {(measure, f"{level:g}/{LEVELS}"): (*(leaf(curves[attack][j]) for attack in ATTACKS),
                                                     leaf(n["chance"][measure]))
                    for measure, curves in n["curves"].items() for j, level in enumerate(n["levels"])}  # fmt: skip
    return dict(flat(n))


def flat(plain: Any, under: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], tuple[str]]]:
    """Whatever a result holds, number by number."""
    if isinstance(plain, dict) and not {"low", "interval95"} & plain.keys():
        for name, value in plain.items():
            yield from flat(value, (*under, called_by(name)))
    elif isinstance(plain, list) and not is_draws(plain):
        for i, value in enumerate(plain, 1):
            yield from flat(value, (*under, str(i)))
    else:
        yield under or ("number",), (leaf(plain),)


def called_by(name: str) -> str:
    """A number's name as people read it."""
    return name.replace("_", " ")


def is_draws(values: list[Any]) -> bool:
    """Are these the values of many draws, which are told by their mean and range?"""
    return len(values) > 4 and all(type(v) in (int, float) for v in values)


def leaf(value: Any) -> str:
    """One number in words, with its interval and count where it has them."""
    if isinstance(value, dict) and "share" in value:
        low, high = value["interval95"]
        return f"{value['share']:.1%} ({low:.1%} to {high:.1%}), {value['count']:,} in all"
    if isinstance(value, dict):
        if value["mean"] is None:
            return ""
        range_ = "" if value["low"] is None else f" ({value['low']:.2f} to {value['high']:.2f})"
        return f"{value['mean']:.2f}{range_}, {value['count']:,} in all"
    if isinstance(value, list):
        return f"{evidence.spread(np.array(value, float))}, {len(value)} draws"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no"}.get(value, "")
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


OTHERS = "In brackets 95 % intervals, where the result holds them."
HEADS = {
    "Fooling": (evidence.HEADS[1:], "Likeness of the clean map to the map of the changed image; 1 is the same map. In "
                "brackets, where one more random change lies with 95 %. Chance level: pixels in random order."),
    "Budget": ((*ATTACKS, "Chance level"), "Means over pictures, in brackets their 95 % intervals: Student's t, of "
               "shares Wilson's. Random sign and random walk are the controls; chance level: pixels in random order."),
}  # fmt: skip
