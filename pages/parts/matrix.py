"""Attacks by methods as a table whose cells can be chosen, with the colours that their numbers stand for."""

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from attrcore.look import Look, ramp, table
from attrcore.studies.matrix import Row
from pages.parts import knobs, wire
from pages.parts.cells import called, figure, signed, spread
from pages.parts.crossing import CONTROLS

KEY = "transfer.matrix"
LIKENESS, DIFFERENCE = "likeness", "difference to random"
LOOKS = {LIKENESS: Look(), DIFFERENCE: Look(values="signed")}
MARKS = {-1: "▼", 0: "", 1: "▲"}
LEAST = 0.1  # a difference of so much gets the strongest colour at least: noise stays pale
SAID = {-1: ", less alike than under the random change", 1: ", more alike than under the random change", 0: ""}

COMPONENT = wire.component("matrix")


def shown(
    facts: dict[str, Any], measure: str, what: str, chosen: tuple[int, int], take: Callable[[int, int], None]
) -> None:
    """The matrix by one measure; `take` is called, before the page is drawn anew, with the cell that was chosen."""

    def told() -> None:
        if cell := within((knobs.state(KEY) or {}).get("cell"), facts):
            take(*cell)

    top = limit(facts, measure, what)
    COMPONENT(key=KEY, data=content(facts, measure, what, chosen, top), on_cell_change=told)
    legend(what, top)
    for column in facts["columns"]:
        if column["reason"]:
            st.caption(f"{column['method']}: {knobs.escaped(column['reason'])}")


def within(cell: object, facts: dict[str, Any]) -> tuple[int, int] | None:
    """The cell that a browser sent, where it is one of the matrix; anyone can send anything."""
    match cell:
        case [row, column] if type(row) is type(column) is int:
            if 0 <= row < len(facts["rows"]) and 0 <= column < len(facts["columns"]):
                return row, column
    return None


def content(
    facts: dict[str, Any], measure: str, what: str, chosen: tuple[int, int], top: float
) -> dict[str, Any]:  # fmt: skip
    """The table as the browser draws it."""
    rows = [{"n": i, "kind": row["kind"], "title": row["method"] or "one random change", "why": row["reason"],
             "kept": share(facts["kept"][i]), "cells": [cell(facts, measure, what, (i, j), top)
             for j in range(len(facts["columns"]))]} for i, row in enumerate(facts["rows"])]  # fmt: skip
    kinds = {"attack": "Attack on the map of", "random": "Controls: one change for all pictures",
             "walk": "Controls: random walk, the best step kept by the map of"}  # fmt: skip
    groups = [{"title": title, "rows": [row for row in rows if row["kind"] == kind]} for kind, title in kinds.items()]
    ends = (("chance", "Chance: unrelated maps"), ("ceiling", "Ceiling: the same map"))
    feet = [{"title": title, "cells": [figure(v) for v in facts[name][measure]]} for name, title in ends]
    some = f"mean over {facts['pictures']} pictures" if facts["pictures"] > 1 else "of one picture"
    return {
        "about": f"{measure}: {what if what == LIKENESS else 'difference to the random change'}, {some}",
        "corner": "Seen by", "last": "class kept", "columns": [head(column["method"]) for column in facts["columns"]],
        "groups": [group for group in groups if group["rows"]], "feet": feet if what == LIKENESS else [],
        "chosen": list(chosen),
    }  # fmt: skip


def head(method: str) -> dict[str, str]:
    """A column's title, and what it is where it asks no network."""
    return {"title": method, "note": "control map" if method in CONTROLS else ""}


def cell(facts: dict[str, Any], measure: str, what: str, at: tuple[int, int], top: float) -> dict[str, Any]:
    """One cell: its number, its colours, its mark, and all of it in words."""
    row, column = facts["rows"][at[0]], facts["columns"][at[1]]
    like, off = (spread(facts, name, measure, *at) for name in ("likeness", "difference"))
    value, mark = (like if what == LIKENESS else off).mean, off.beyond
    who = f"{called(Row(row['kind'], row['method']))}, seen by {column['method']}"
    if value is None:
        why = "no map" if column["reason"] else "no number" if facts["kept"][at[0]]["count"] else ""
        return {"words": why, "mark": "", "own": False, "label": f"{who}: {why or 'not known yet'}"}
    words = figure(value) if what == LIKENESS else signed(value)
    fill = colour(value, what, top)
    return {
        "words": words, "mark": MARKS[mark], "label": f"{who}: {words}{SAID[mark]}",
        "own": row["kind"] == "attack" and row["method"] == column["method"],
        "fill": f"rgb({', '.join(map(str, fill))})", "ink": ink(fill),
    }  # fmt: skip


def limit(facts: dict[str, Any], measure: str, what: str) -> float:
    """The value that gets the strongest colour: 1, or the largest difference."""
    if what == LIKENESS:
        return 1.0
    return max([LEAST, *(abs(v) for row in facts["difference"][measure]["mean"] for v in row if v is not None)])


def colour(value: float, what: str, top: float) -> list[int]:
    """Of a likeness from 0 to 1, or of a difference around zero."""
    share = value / top if what == LIKENESS else (value / top + 1) / 2
    return table(LOOKS[what].colours)[round(255 * min(1.0, max(0.0, share)))].tolist()


def ink(fill: list[int]) -> str:
    """Black or white, whichever stands out more (relative luminance, WCAG 2.2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.array(fill) / 255]
    bright = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000" if (bright + 0.05) / 0.05 > 1.05 / (bright + 0.05) else "#fff"


def share(kept: dict[str, Any]) -> str:
    """Of how many pictures the predicted class stayed."""
    return f"{round(kept['share'] * kept['count'])} of {kept['count']}" if kept["count"] else ""


def legend(what: str, top: float) -> None:
    """What colours, marks and outlines mean."""
    left, right = ("0 or less", "1") if what == LIKENESS else (f"-{top:.2f} (breaks more)", f"+{top:.2f}")
    colours = ", ".join(f"rgb({r}, {g}, {b})" for r, g, b in ramp(LOOKS[what]).tolist())
    st.html(
        f'<p class="legend">{left} <span role="img" aria-label="Colour scale from {left} to {right}" '
        f'style="background: linear-gradient(to right, {colours})"></span> {right}</p>'
    )
    st.caption(
        "▼ less alike than under the random change, ▲ more: the 95 % interval of the difference, over pictures, "
        "excludes zero. Outlined: the map that was attacked. Intervals say nothing of other draws of the random "
        "change, which goes to the rim of the ball; a walk stays further inside and breaks less."
    )
