"""Axioms: what one may ask of any method, and who keeps it, on networks small enough to follow by hand."""

import streamlit as st

from attrcore.axioms import ABOUT, completeness, invariance, linearity, sensitivity, twin
from attrcore.models import MODELS
from pages.parts import axioms as show
from pages.parts import pick
from pages.parts.cached import begun

CNN, MLP = "MNIST CNN", "MNIST MLP"


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
            x1 = st.slider("x₁", 0.0, 3.0, 3.0, 0.25, key="axioms.x1", **pick.LINKED)
            x2 = st.slider("x₂", 0.0, 3.0, 1.0, 0.25, key="axioms.x2", **pick.LINKED)
        show.two_pixels(found, round(4 * x1), round(4 * x2))
    elif picture := chosen(MLP):
        seen, measured = show.all_of(begun(twin.seen, picture.pixels), begun(twin.measured))
        method = st.selectbox("Method", seen, list(seen).index("DeepLIFT"), key="axioms.twin", **pick.LINKED)
        show.twins(picture, method, seen[method], measured)


def complete() -> None:
    """Sums and gains."""
    model = st.segmented_control("Network", (CNN, MLP), default=CNN, required=True, key="axioms.model", **pick.LINKED)
    if picture := chosen(model):
        about, names = (model, MODELS[model].digest, picture.pixels), (*completeness.METHODS, completeness.CONTROL)
        show.completeness(picture, show.all_of(*(begun(completeness.summed, *about, name) for name in names)))


def linear() -> None:
    """A mixture of two networks."""
    if picture := chosen(CNN):
        names = linearity.METHODS
        found = show.all_of(*(begun(linearity.mixed, picture.pixels, name) for name in names))
        w = st.select_slider("w", linearity.WEIGHTS, -0.5, key="axioms.w", **pick.LINKED)
        method = st.selectbox("Method", names, names.index("Guided Backprop"), key="axioms.linear", **pick.LINKED)
        show.linearity(picture, method, dict(zip(names, found, strict=True)), w)


def chosen(model: str) -> pick.Picture | None:
    """A picture, its menu above the chart."""
    with st.container(horizontal=True):
        return pick.picture(model)


st.title("Axioms")
st.markdown(ABOUT)
drawn = {sensitivity: sensitive, invariance: invariant, completeness: complete, linearity: linear}
tabs = st.tabs([module.AXIOM.name for module in drawn], key="axiom", **pick.LINKED)
for tab, (module, draw) in zip(tabs, drawn.items(), strict=True):
    with tab:
        if tab.open:  # a hidden tab computes nothing
            show.axiom(module.AXIOM, draw)
