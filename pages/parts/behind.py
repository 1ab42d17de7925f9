"""What is behind a cell of the matrix: the first picture before and after, a method's maps of both, all numbers."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from attrcore import kept
from attrcore.folder import Look as Run
from attrcore.look import Look, in_words, limit, paint
from attrcore.studies.matrix import Row
from pages.parts import fooled, lens, matrix, show, swipe
from pages.parts.cells import Spread, called, figure, signed, spread
from pages.parts.knobs import escaped
from pages.parts.tables import table

LOOK = Look()
NAMES = ("clean image", "images", "clean maps", "maps")


class Seen(NamedTuple):
    """The first picture (C, H, W) uint8 before and under a row, and a column's maps of both, (H, W)."""

    images: tuple[np.ndarray, np.ndarray]
    maps: tuple[np.ndarray, np.ndarray]


def shown(run: Run, facts: dict[str, Any], at: tuple[int, int]) -> None:
    """All of one cell, or why there is nothing to see."""
    i, j = at
    row, column = facts["rows"][i], facts["columns"][j]
    who = called(Row(row["kind"], row["method"]))
    st.markdown(f"**{who}, seen by {column['method']}**")
    if reason := row["reason"] or column["reason"]:
        st.info(escaped(reason))
        return
    found = looked(run, i, j)
    if found is None or not facts["kept"][i]["count"]:
        st.caption("Not known yet.")
        return
    with st.container(horizontal=True, gap="medium"):
        pictures(found, facts["pictures"], who)
        painted = [paint(m, limit([m], LOOK.clip), LOOK) for m in found.maps]
        sides = [lens.Pane(side, p, words=f"{side}: {in_words(column['method'], m)}")
                 for side, p, m in zip(("before", "after"), painted, found.maps, strict=True)]  # fmt: skip
        with st.container(width=300, gap="xsmall"):
            st.markdown(f"Map by {column['method']}, each on its own scale")
            swipe.between(*sides, "transfer.maps", 300)
    every(facts, i, j)


def looked(run: Run, i: int, j: int) -> Seen | None:
    """From the result, or from the frames of a run that is not done; None where it has not come so far."""
    if run.state == "done":
        t = {name: tensor.numpy() for name, tensor in kept.result(run.key, NAMES).tensors.items()}
        return seen(t["clean image"], t["images"][i], t["clean maps"][j], t["maps"][i, j])
    for n in reversed(kept.frames(run.key)):
        f = frame(run.key, run.attempt, n)
        if f and int(f["row"]) == i:
            return seen(f["clean image"], f["image"], f["clean maps"][j], f["maps"][j])
    return None


def seen(before: np.ndarray, after: np.ndarray, clean: np.ndarray, changed: np.ndarray) -> Seen:
    """Maps as they are painted, in single precision."""
    return Seen((before, after), (clean.astype(np.float32), changed.astype(np.float32)))


@lru_cache(40)  # read four times a second; those of another attempt may differ
def frame(key: str, attempt: Any, n: int) -> dict[str, np.ndarray]:
    """What there is to see of a step."""
    return kept.frame(key, n)


def pictures(found: Seen, count: int, who: str) -> None:
    """The image before, after, and the change."""
    first = "The first picture" if count > 1 else "The picture"
    planes = {
        f"{first} before": show.rgb(found.images[0]),
        "and after": show.rgb(found.images[1]),
        f"change x {fooled.AMPLIFIED}": fooled.amplified(*found.images),
    }
    with st.container(horizontal=True, gap="small", width=3 * 170 + 32, key=show.sized(found.images[0])):
        for title, pixels in planes.items():
            with st.container(width=170, gap="xsmall"):
                st.markdown(title)
                show.drawing(pixels, f"{title}: {who}")


def every(facts: dict[str, Any], i: int, j: int) -> None:
    """The cell by every measure."""
    control = next(n for n, row in enumerate(facts["rows"]) if row["kind"] == "random")
    rows = []
    for measure in facts["likeness"]:
        like, off = (spread(facts, name, measure, i, j) for name in ("likeness", "difference"))
        rows.append((
            measure, with_interval(like), figure(spread(facts, "likeness", measure, control, j).mean),
            with_interval(off, signed), figure(facts["chance"][measure][j]),
            figure(facts["ceiling"][measure][j]), str(like.count),
        ))  # fmt: skip
    heads = ("Measure", "Likeness (95 %)", "Random change", "Difference (95 %)", "Chance", "Ceiling", "Pictures")
    table(dict(zip(heads, zip(*rows, strict=True), strict=True)), "This cell by every measure")
    st.caption(
        "Likeness of a method's own maps before and after; 1 is the same map. Difference: of the same pictures, to the "
        "random change. Chance: unrelated maps. Ceiling: what the map reaches beside itself, where pixels tie. "
        f"The predicted class stayed for {matrix.share(facts['kept'][i])}."
    )


def with_interval(cell: Spread, form: Callable[[float | None], str] = figure) -> str:
    """Mean and interval, each as `form` writes it."""
    return form(cell.mean) if cell.low is None else f"{form(cell.mean)} ({form(cell.low)} to {form(cell.high)})"
