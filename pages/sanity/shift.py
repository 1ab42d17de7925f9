"""Shift: two equal networks whose images differ by an offset, and the maps that differ."""

import numpy as np
import streamlit as st

from attrcore.axioms import shift
from pages.parts import axioms, pick, shifted
from pages.parts.cached import begun, fitted

CNN, DIGITS = "MNIST CNN", "Packaged digits"


def digit(label: str, key: str, value: int) -> np.ndarray:
    """A packaged digit, (1, 28, 28) uint8."""
    number = st.number_input(f"{label} (0 to 4999)", 0, 4999, value, key=key, **pick.LINKED)
    return fitted(DIGITS, str(number), CNN)[0]


st.title("Shift")
st.markdown(
    "Two networks that give the same scores, one of the digit, the other of the digit with something added that its "
    "first layer takes off again. Do they get the same map? "
    "([Kindermans, Hooker et al., 2017](https://arxiv.org/abs/1711.00867))"
)
with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    pixels = digit("Digit", f"no.{DIGITS}", 0)
    kind = st.segmented_control("What is added", shifted.KINDS, default="ghost", required=True, key="shift.kind",
                                **pick.LINKED)  # fmt: skip
    ghost = digit("Ghost", "shift.ghost", 7) if kind == "ghost" else None
    value = st.select_slider("How much", shifted.AMOUNTS, 1.0 if ghost is not None else -1.0, width=220,
                             key=f"shift.by.{kind}", **pick.LINKED)  # fmt: skip
asked = kind, value, ghost
seen, measured = axioms.all_of(begun(shift.seen, pixels, *asked), begun(shift.measured, *asked))
axioms.axiom(shift.AXIOM, lambda: shifted.shown(pixels, asked, seen, measured))
