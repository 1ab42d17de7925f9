"""See: a model, an image and a class; the maps that explain it, and what each is worth."""

import streamlit as st

from attrcore.look import Look, limit, shown
from pages.parts import cached, pick, save, show

USUAL = ("Gradient", "Integrated Gradients", "SmoothGrad", "Guided Backprop", "Grad-CAM", "Sobel edges")

st.title("See")
scene = pick.scene()
st.caption(f"What speaks for {scene.asked} in the eyes of {scene.model}? Methods differ.")
methods = pick.methods(USUAL)
answers = cached.maps(scene.model, scene.picture.pixels, scene.wanted, methods)  # on their way while the page is drawn
with st.expander("Display (changes no number)"):
    look = pick.recipe(Look, across=True)

maps, tops, common = {}, {}, None
if look.shared:  # one scale needs every map before the first is drawn; else each appears when it is ready
    with st.spinner("Computing every map for their one scale …"):
        ready = [drawn for drawn in map(cached.drawn, answers.values()) if not isinstance(drawn, Exception)]
    common = limit([shown(drawn.attribution, look.values) for drawn in ready], look.clip)
with show.grid(scene):
    show.image(scene)
    show.chances(scene)
    for name, method in methods.items():
        with show.card(name, method, answers[name]):
            drawn = cached.drawn(answers[name])
            if isinstance(drawn, Exception):
                show.refusal(drawn)
                continue
            maps[name] = drawn
            tops[name] = limit([shown(drawn.attribution, look.values)], look.clip) if common is None else common
            show.panel(name, drawn, tops[name], look, scene)
show.legend(look)

if maps:
    save.buttons(scene, methods, maps, tops, look)
    name = st.selectbox("Inspect one map", maps, None, key="inspect", placeholder="none", **pick.LINKED)
    if name:
        show.inspection(name, methods[name], maps[name], tops[name], look, scene)
