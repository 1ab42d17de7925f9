"""Axioms: what one may ask of any method, and who keeps it, on networks small enough to follow by hand."""

import numpy as np
import streamlit as st

from attrcore.axioms import ABOUT, completeness, invariance, linearity, sensitivity, twin
from attrcore.models import MODELS
from pages.parts import axioms as show
from pages.parts import pick
from pages.parts.cached import begun, fitted

CNN, MLP, DIGITS = "MNIST CNN", "MNIST MLP", "Packaged digits"


def sensitive() -> None:
    """A score that saturates."""
    (found,) = show.all_of(begun(sensitivity.curves))
    x = st.slider("x", 0.0, 3.0, 2.0, 0.01, key="axioms.x", **pick.LINKED)
    show.sensitivity(found, round(100 * x))


def invariant() -> None:
    """One function, several networks: the paper's pair and a third, or the MNIST MLP and its twin."""
    on = ("two pixels", "digits")
    where = st.segmented_control("Shown on", on, default=on[0], required=True, key="axioms.on", **pick.LINKED)
    if where == "two pixels":
        (found,) = show.all_of(begun(invariance.ways))
        with st.container(horizontal=True):
            x1 = st.slider("x₁", -1.0, 3.0, 3.0, 0.25, key="axioms.x1", **pick.LINKED)
            x2 = st.slider("x₂", -1.0, 3.0, 1.0, 0.25, key="axioms.x2", **pick.LINKED)
        show.two_pixels(found, x1, x2)
        return
    left, right = st.columns(2)
    with left:
        pixels = digit()
    seen, measured = show.all_of(begun(twin.seen, pixels), begun(twin.measured))
    with right:
        method = st.selectbox("Method", seen, list(seen).index("DeepLIFT"), key="axioms.twin", **pick.LINKED)
    show.twins(pixels, method, seen[method], measured)


def complete() -> None:
    """Sums and gains."""
    left, right = st.columns(2)
    with left:
        pixels = digit()
    with right:
        model = st.selectbox("Network", (CNN, MLP), key="axioms.model", **pick.LINKED)
    about, names = (model, MODELS[model].digest, pixels), (*completeness.METHODS, completeness.CONTROL)
    show.completeness(pixels, show.all_of(*(begun(completeness.summed, *about, name) for name in names)))


def linear() -> None:
    """A mixture of two networks."""
    left, right = st.columns(2)
    with left:
        pixels = digit()
    names = linearity.METHODS
    with right:
        method = st.selectbox("Method", names, names.index("Guided Backprop"), key="axioms.linear", **pick.LINKED)
    w = st.select_slider("w", linearity.WEIGHTS, -0.5, key="axioms.w", **pick.LINKED)
    found = show.all_of(*(begun(linearity.mixed, pixels, name) for name in names))
    show.linearity(pixels, method, dict(zip(names, found, strict=True)), w)


def digit() -> np.ndarray:
    """A packaged digit, (1, 28, 28) uint8, under the key that the page See knows it by."""
    number = st.number_input("Digit (0 to 4999)", 0, 4999, key=f"no.{DIGITS}", **pick.LINKED)
    return fitted(DIGITS, str(number), CNN)[0]


st.title("Axioms")
st.markdown(ABOUT)
drawn = {sensitivity: sensitive, invariance: invariant, completeness: complete, linearity: linear}
tabs = st.tabs([module.AXIOM.name for module in drawn], key="axiom", **pick.LINKED)
for tab, (module, draw) in zip(tabs, drawn.items(), strict=True):
    with tab:
        if tab.open:  # a hidden tab computes nothing
            show.axiom(module.AXIOM, draw)
