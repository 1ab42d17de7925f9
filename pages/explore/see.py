"""See: a model, an image and a class; the maps that explain it, and what each is worth."""

import streamlit as st

from attrcore.look import Look, limit, shown
from pages.parts import cached, knobs, methods, pick, save, show

USUAL = ("Gradient", "Integrated Gradients", "SmoothGrad", "Guided Backprop", "Grad-CAM", "Sobel edges")

st.title("See")
scene = pick.scene()
st.markdown(
    f"Which pixels count for the score (the logit) of {scene.asked} in {scene.title}? Each map is one method's answer, "
    "and they differ. A badge says whether a map keeps what its method promises; control maps (edges, noise) never "
    "ask the network."
)
picked = methods.chosen(USUAL)
answers = cached.maps(scene.model, scene.picture.pixels, scene.wanted, picked)  # on their way while the page is drawn
with st.expander("Display (recomputes nothing)", expanded=knobs.linked(Look)):
    look = knobs.recipe(Look, across=True)

common = None
if look.one_scale:  # which needs every map before the first is drawn; else each appears when it is there
    with st.spinner("Computing every map for their one scale …"):
        ready = [drawn for _, drawn in cached.as_they_come(answers) if not isinstance(drawn, Exception)]
    common = limit([shown(drawn.attribution, look.drawn) for drawn in ready], look.clip)
cached.soon([scene.prediction, *answers.values()], 0.4)  # so long the former picture stands with its own maps
with st.container(horizontal=True, vertical_alignment="center"):
    show.legend(look, common)
    show.reading()
maps, paints = {}, {}
with show.grid(scene):
    show.image(scene)
    show.prediction(scene, pick.another_class)
    cards = {name: show.card(name, method, answers[name], scene) for name, method in picked.items()}
for name, drawn in cached.as_they_come(answers):
    with cards[name]():
        if isinstance(drawn, Exception):
            show.refusal(drawn)
        else:
            maps[name] = drawn
            paints[name] = cached.painted(name, drawn, look, common, scene.picture.pixels)
            show.panel(name, paints[name], drawn, picked[name])

maps = {name: maps[name] for name in picked if name in maps}  # in the order of the menu again
if maps:
    save.buttons(scene, picked, maps, {name: paints[name].top for name in maps}, look)
    names = st.pills(
        "Look closely at", maps, selection_mode="multi", key="inspect",
        help="The image and up to seven maps under one lens: zoom, and read off values, in all of them at once.",
        **knobs.LINKED,
    )  # fmt: skip
    if names:
        show.closely(scene, picked, {name: maps[name] for name in maps if name in names}, paints, look)
elif not picked:
    st.info("Choose a map above.")
