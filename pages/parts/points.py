"""Every number of a study of many sizes, beside what is published: tables, and files to take away."""

import csv
from io import StringIO
from typing import Any, NamedTuple

import streamlit as st

from attrcore.published import FRAGILITY, Curve
from attrcore.studies.budget import SHIFT, Budget
from pages.parts import reproduce, tables
from pages.parts.breakage import Found
from pages.parts.fragility import ABOUT, OURS, known, levels

FAR = 0.08  # a difference from what is published that is marked; of a shift, as a share of the picture's width

Beside = dict[str, tuple[Curve, ...]]


class Point(NamedTuple):
    """A row of the table, and of the file."""

    measure: str
    attack: str
    level: float
    mean: float
    low: float | None
    high: float | None
    pictures: int
    chance: float | None
    theirs: float | None
    difference: float | None

    @property
    def far(self) -> bool:
        """Is it to be marked?"""
        most = FAR * FRAGILITY.pixels**0.5 if self.measure == SHIFT else FAR
        return self.difference is not None and abs(self.difference) > most + 1e-9


def points(numbers: dict[str, Any], beside: Beside) -> list[Point]:
    """Those that are there, measure by measure."""
    rows = []
    for measure in ABOUT:
        theirs = {OURS[c.attack]: dict(zip(levels(c), c.values, strict=True)) for c in beside.get(measure, ())}
        for attack, found in known(measure, numbers).items():
            for level, p in found.items():
                other = theirs.get(attack, {}).get(level)
                off = None if other is None else p["mean"] - other
                rows.append(Point(measure, attack, level, p["mean"], p["low"], p["high"], p["count"],
                                  numbers["chance"].get(measure), other, off))  # fmt: skip
    return rows


def table(rows: list[Point], beside: Beside) -> None:
    """A tab for each measure."""
    measures = list(dict.fromkeys(row.measure for row in rows))
    for measure, tab in zip(measures, st.tabs(measures), strict=True):
        mine = [row for row in rows if row.measure == measure]
        columns = {
            "Attack": [row.attack for row in mine],
            "Level": [f"{row.level:g}" for row in mine],
            "Mean": [figure(row.mean) for row in mine],
            "95 % interval": ["" if row.low is None else f"{figure(row.low)} to {figure(row.high)}" for row in mine],
            "Pictures": [str(row.pictures) for row in mine],
            "Chance": [figure(row.chance) for row in mine],
        }
        if measure in beside:
            columns["Theirs"] = [figure(row.theirs, 2) for row in mine]
            columns["Difference"] = [difference(row) for row in mine]
        with tab:
            tables.table(columns, f"{measure}, every number")
            if measure in beside:
                far = f"{FAR * FRAGILITY.pixels**0.5:.0f} px" if measure == SHIFT else f"{FAR:g}"
                st.caption(
                    f"✗: ours and theirs differ by more than {far}. Theirs is of another network and other pictures; "
                    "their random is compared with our Random walk."
                )


def figure(value: float | None, digits: int = 3) -> str:
    """A number, or nothing where there is none."""
    return "" if value is None else f"{value:.{digits}f}"


def difference(row: Point) -> str:
    """Ours less theirs, marked where that is much."""
    return "" if row.difference is None else f"{'✗ ' if row.far else ''}{row.difference:+.2f}"


def downloads(study: Budget, rows: list[Point], found: Found) -> None:
    """The numbers, and the study as a file that runs it again."""
    with st.container(horizontal=True):
        st.download_button("Numbers (.csv)", lambda: written(rows), f"budget-{study.key()}.csv", on_click="ignore",
                           key="budget.save.csv")  # fmt: skip
        title = f"How much does the map of {type(study.explainer).__name__} break for how much change?"
        reproduce.offer(study, title, "budget")
    if found.made_by:
        st.caption(reproduce.made(found.made_by))


def written(rows: list[Point]) -> bytes:
    """Comma-separated, unrounded; what is not known is empty."""
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(Point._fields)
    writer.writerows(rows)
    return file.getvalue().encode()
