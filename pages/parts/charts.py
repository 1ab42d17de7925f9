"""Charts and tables of numbers that are known already.  Each takes what it shows and returns nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from attrcore.axioms import Verdict
from attrcore.look import Look, in_words, limit, paint
from pages.parts.show import CARD, drawing, rgb
from pages.parts.strokes import COLOURS, DASHES
from pages.parts.tables import table

MARKS = ("circle-open", "diamond", "x-thin-open")
SIZES = (17, 10, 9)
KEPT, BROKEN = "kept", "not kept"
FLOOR = 1e-9  # where zero stands on a logarithmic axis
SIGNED = Look(values="signed")


def verdicts(rows: Sequence[Verdict], *columns: str) -> None:
    """A table: each method, whether it keeps the axiom, and what was measured."""
    marks = ["✓ kept" if row.kept else "✗ not kept" for row in rows]
    figures = zip(*(row.figures for row in rows), strict=True)
    named = dict(zip(columns, figures, strict=True))
    table({"Method": [row.method for row in rows], "Kept?": marks, **named}, "Which method keeps the axiom")


def beside(pixels: np.ndarray, words: str) -> None:
    """A small image (C, H, W) uint8 and a sentence."""
    with st.container(horizontal=True, vertical_alignment="center", key="small-pictures"):
        with st.container(width=84):
            drawing(rgb(pixels), "The image")
        st.markdown(words)


def lines(x: np.ndarray, curves: Mapping[str, np.ndarray], at: int, alt: str) -> None:
    """Curves over one axis, and where the slider stands.  The first is drawn as a broad grey band below all others."""
    figure = go.Figure()
    for i, (name, y) in enumerate(curves.items()):
        colour, width = ("rgba(127, 127, 127, 0.45)", 12) if i == 0 else (COLOURS[(i - 1) % len(COLOURS)], 4)
        style = {"color": colour, "width": width, "dash": tuple(DASHES)[(i - 1) % len(DASHES)] if i else "solid"}
        y = y.astype(np.float32)
        figure.add_scatter(x=x, y=y, name=name, mode="lines", line=style, hovertemplate="%{y:.3f}", legendgroup=name)
        figure.add_scatter(
            x=x[[at]], y=y[[at]], mode="markers", marker={"color": colour, "size": 9}, legendgroup=name,
            showlegend=False, hoverinfo="skip",
        )  # fmt: skip
    figure.add_vline(x[at], line={"color": "gray", "width": 1})
    figure.update_layout(hovermode="x unified", xaxis_title="x")
    draw(figure, 430, alt)


def dots(
    rows: Sequence[str], series: Mapping[str, Sequence[float | None]], title: str, line: float | None = None
) -> None:
    """One row per method, one mark per series and row; a vertical line where the marks should be."""
    figure = go.Figure()
    for i, (name, values) in enumerate(series.items()):
        mark = {"symbol": MARKS[i], "size": SIZES[i], "color": COLOURS[i], "line": {"width": 2, "color": COLOURS[i]}}
        figure.add_scatter(
            x=list(values), y=list(rows), name=name, mode="markers", marker=mark, hovertemplate="%{y}: %{x:.3g}"
        )
    if line is not None:
        figure.add_vline(line, line={"color": "gray", "width": 1})
    scatter(figure, rows, title)


def differences(rows: Sequence[Verdict], off: Sequence[float], bound: float, rounding: float, title: str) -> None:
    """One row per method on a logarithmic axis, coloured by its verdict, with the bound and the size of rounding."""
    figure = go.Figure()
    names = [row.method for row in rows]
    for i, (label, kept) in enumerate(((KEPT, True), (BROKEN, False))):
        values = [max(value, FLOOR) if row.kept == kept else None for row, value in zip(rows, off, strict=True)]
        mark = {"symbol": MARKS[i], "size": SIZES[1], "color": COLOURS[i], "line": {"width": 2, "color": COLOURS[i]}}
        figure.add_scatter(x=values, y=names, name=label, mode="markers", marker=mark, hovertemplate="%{y}: %{x:.2g}")
    for place, words in ((rounding, "rounding"), (bound, "bound")):
        figure.add_vline(place, line={"color": "gray", "width": 1, "dash": "dot"})
        words_at = {"x": np.log10(place), "y": 0, "yref": "paper", "xanchor": "left", "yanchor": "bottom"}
        figure.add_annotation(text=words, showarrow=False, **words_at)
    figure.update_xaxes(type="log", range=[np.log10(FLOOR), 1], exponentformat="power", dtick=2)
    scatter(figure, names, title)


def scatter(figure: go.Figure, rows: Sequence[str], title: str) -> None:
    """Draw a chart that has a row for each method, the first on top."""
    figure.update_yaxes(categoryorder="array", categoryarray=list(rows)[::-1], range=[-1, len(rows) - 0.4])
    figure.update_xaxes(title=title, zeroline=True)
    draw(figure, 110 + 25 * len(rows), f"{title}, one row per method; the table gives every number")


def draw(figure: go.Figure, height: int, alt: str, key: str | None = None) -> None:
    """A chart with its legend, if any, above and no tools of its own; `key` has it keep its place when it changes."""
    legend = {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0}
    above = 8 if figure.layout.showlegend is False else 30
    figure.update_layout(height=height, margin={"l": 0, "r": 10, "t": above, "b": 0}, legend=legend, dragmode=False)
    config: dict[str, Any] = {"displayModeBar": False}
    st.plotly_chart(figure, width="stretch", config=config, alt=alt, key=key)


def signed_maps(pixels: np.ndarray, planes: Mapping[str, np.ndarray]) -> None:
    """The image (C, H, W) uint8 and signed maps (H, W) beside it on one scale: purple for the class, orange against."""
    top = limit(list(planes.values()), 99.5)
    with st.container(horizontal=True, key="small-pictures"):
        for name, plane in {"Image": None, **planes}.items():
            with st.container(width=CARD, gap="xsmall"):
                st.markdown(f"**{name}**")
                if plane is None:
                    drawing(rgb(pixels), "The image")
                else:
                    drawing(paint(plane, top, SIGNED), in_words(name, plane))
    st.caption(f"Purple speaks for the class, orange against it; the strongest colour stands for {top:.3g}.")
