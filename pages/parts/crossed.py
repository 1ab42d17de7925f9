"""A study of transfer as the page shows it, while it runs and ever after."""

import streamlit as st

from attrcore.evidence import measures
from attrcore.folder import Look as Run
from attrcore.kinds import Result
from attrcore.studies.methods import named
from attrcore.studies.transfer import Transfer
from pages.parts import behind, cells, knobs, matrix, reproduce
from pages.parts.knobs import LINKED, kept

ROW, COLUMN = "transfer.row", "transfer.column"


def shown(study: Transfer, run: Run) -> None:
    """What is chosen to be seen, the matrix, what follows from it, and the maps behind one cell."""
    if "rows" not in run.facts:
        if run.state == "running":
            st.caption("The clean maps are being computed …")
        return
    rows, columns = [cells.called(row) for row in study.rows()], named(study.explained)
    with st.container(horizontal=True, gap="small"):
        measure = st.selectbox("Measure", list(measures(study.k, 1)), key=kept("transfer.measure"), filter_mode=None,
                               width=150, **LINKED)  # fmt: skip
        what = st.segmented_control("Numbers", list(matrix.LOOKS), default=matrix.LIKENESS, required=True,
                                    key=kept("transfer.numbers"), **LINKED)  # fmt: skip
        row = st.selectbox("Cell: row", rows, key=kept(ROW), filter_mode=None, width=240, **LINKED,
                           help="Or choose a cell in the table.")  # fmt: skip
        column = st.selectbox("Cell: seen by", columns, key=kept(COLUMN), filter_mode=None, width=190, **LINKED)

    def take(i: int, j: int) -> None:
        knobs.choose(ROW, rows[i])
        knobs.choose(COLUMN, columns[j])

    at = rows.index(row), columns.index(column)
    matrix.shown(run.facts, measure, what, at, take)
    if said := cells.verdict(run.facts, measure):
        st.markdown(said)
    st.subheader("The maps behind a cell")
    behind.shown(run, run.facts, at)


def downloads(study: Transfer, found: Result, key: str) -> None:
    """Every cell, and the study as a file that runs it again."""
    with st.container(horizontal=True):
        st.download_button("Every cell (.csv)", lambda: cells.written(study, found.numbers), f"transfer-{key}.csv",
                           on_click="ignore", key="transfer.save.csv")  # fmt: skip
        reproduce.offer(study, "One perturbation, every method", "transfer")
    st.caption(reproduce.made(found.made_by))
