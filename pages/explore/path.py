"""Path: integrated gradients opened up, point by point from the baseline to the image."""

import streamlit as st

from attrcore import ig_path
from attrcore.baselines import Baseline, Black, Blurred, MeanColour, UniformNoise, White
from attrcore.explain.integrated_gradients import IntegratedGradients
from attrcore.models import find
from attrcore.recipe import family
from pages.parts import cached, canvas, curves, gaps, knobs, pick, show

FIVE = (Black(), White(), MeanColour(), Blurred(), UniformNoise())
NAMES = {cls: name for name, cls in family(Baseline).items()}

st.title("Path")
scene = pick.scene()
st.markdown(
    "What is Integrated Gradients made of? It walks from a baseline x' to the image x, straight through the images "
    f"x' + alpha (x - x'), and adds up the gradients that the score F (the logit) of {scene.asked} has on the way, "
    "each times what a pixel moves."
)
method = knobs.recipe(IntegratedGradients, across=270)
image, title = scene.picture.pixels, NAMES[type(method.baseline)]
start = cached.awaited(cached.begun(ig_path.start_of, image, method.baseline.to_dict()))
if st.toggle("Paint the baseline yourself", key=knobs.kept("lab"), **knobs.LINKED):
    left, right = st.columns(2)
    with right:
        how = st.segmented_control(
            "Paint", ("patches", "lines", "box", "polygon"), default="patches", required=True, key=knobs.kept("with"),
            help="Patches are neighbours of like colour (SLIC).", **knobs.LINKED,
        )  # fmt: skip
    by = cached.awaited(cached.begun(ig_path.patches, image)) if how == "patches" else how
    with left:
        replaced = canvas.mask(show.rgb(image), curves.pixels_of(start), "path.canvas", by,
                               f"Paint what to replace (by: {title.lower()})")  # fmt: skip
    if replaced.any():
        start = cached.awaited(cached.begun(ig_path.start_of, image, method.baseline.to_dict(), replaced))
        title += " where you painted, the image elsewhere"
    right.markdown(curves.painted(replaced))

about = scene.model, find(scene.model).digest, image, scene.wanted
begun = cached.begun(ig_path.opened, *about, start, (method.rule, method.steps))
place = st.empty()
cached.soon([begun], 0.4)  # so long the former path stands
if not begun.soon(0):
    place.caption(f"Computing {method.steps} gradients between the baseline and the image …")
found = cached.awaited(begun)
parts = ig_path.halves(found)
with place.container():
    with st.container(horizontal=True):
        with st.container(width=2 * show.CARD + 16), show.grid(scene):
            show.image(scene, pick.another_class)
            curves.baseline(scene, found, start, title)
        with st.container(width=440):
            curves.facts(found, parts)
    stop = curves.walk(found, parts, f"“{scene.classes[found.target]}”")
    curves.at_stop(found, stop, image, start)
    mine = [method.baseline if type(b) is type(method.baseline) else b for b in FIVE]
    starts = {NAMES[type(b)]: b.to_dict() for b in mine}
    gaps.section(about, {title: start, **starts} if title not in starts else starts, found)
