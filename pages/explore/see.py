"""See: a model, an image and a class; the maps that explain it, and what each is worth."""

import streamlit as st

from attrcore.jobs import NoAnswer
from attrcore.kinds import Refused
from attrcore.look import Look, limit, shown
from pages.parts import cached, pick, save, show

USUAL = ("Gradient", "Integrated Gradients", "SmoothGrad", "Guided Backprop", "Grad-CAM", "Sobel edges")

st.title("See")
question = st.empty()
scene = pick.scene()
methods = pick.methods(USUAL)
answers = cached.maps(scene.model, scene.picture.pixels, scene.wanted, methods)  # on their way while the page is drawn
with st.expander("Display (changes no number)"):
    look = pick.recipe(Look, columns=3)
question.caption(f"What speaks for “{scene.classes[scene.target]}” in the eyes of {scene.model}? Methods differ.")


def answer(name):
    """One method's map when it is there, or why there is none."""
    try:
        return answers[name].result()
    except (Refused, NoAnswer) as reason:
        return reason


maps, tops, common = {}, {}, None
if look.shared:  # one scale needs every map before the first is drawn; else each appears when it is ready
    ready = [a for a in map(answer, methods) if not isinstance(a, Exception)]
    common = limit([shown(a.attribution, look.values) for a in ready], look.clip)
with st.container(horizontal=True):
    show.image(scene)
    show.chances(scene)
    for name, method in methods.items():
        with show.card(name, method):
            drawn = answer(name)
            if isinstance(drawn, Exception):
                show.refusal(drawn)
                continue
            maps[name] = drawn.attribution
            tops[name] = limit([shown(drawn.attribution, look.values)], look.clip) if common is None else common
            show.panel(name, drawn, tops[name], look, scene)
show.legend(look)

if maps:
    save.buttons(scene, methods, maps, tops, look)
    name = st.selectbox("Inspect one map", maps, None, key="inspect", placeholder="none", **pick.LINKED)
    if name:
        show.inspection(name, methods[name], answer(name), tops[name], look)
