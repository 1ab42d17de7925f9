"""Path: integrated gradients opened up, point by point from the baseline to the image."""

from dataclasses import replace

import numpy as np
import streamlit as st

from attrcore import ig_path
from attrcore.baselines import Baseline, Black, Blurred, MeanColour, UniformNoise, White
from attrcore.explain.integrated_gradients import IntegratedGradients
from attrcore.models import find
from attrcore.recipe import family
from pages.parts import cached, canvas, curves, knobs, pick, show

FIVE = (Black(), White(), MeanColour(), Blurred(), UniformNoise())
NAMES = {cls: name for name, cls in family(Baseline).items()}

st.title("Path")
scene = pick.scene()
st.markdown(
    "What is Integrated Gradients made of? It walks from a baseline x' to the image x, straight through the images "
    f"x' + alpha (x - x'), and adds up the gradients that the score F (the logit) of {scene.asked} has on the way, "
    "each times what a pixel moves."
)
method = knobs.recipe(IntegratedGradients, across=True)
image, title = scene.picture.pixels, NAMES[type(method.baseline)]
start = cached.awaited(cached.begun(ig_path.start_of, image, method.baseline.to_dict()))
if st.toggle("Paint the baseline yourself", key=knobs.kept("lab"), **knobs.LINKED):
    left, right = st.columns(2)
    with right:
        how = st.segmented_control(
            "Paint", ("patches", "lines"), default="patches", required=True, key=knobs.kept("with"),
            help="Patches are neighbours of like colour (SLIC).", **knobs.LINKED,
        )  # fmt: skip
    regions = cached.awaited(cached.begun(ig_path.patches, image)) if how == "patches" else None
    with left:
        replaced = canvas.mask(show.rgb(image), curves.pixels_of(start), "path.canvas", regions,
                               f"Paint what to replace (by: {title.lower()})")  # fmt: skip
    if replaced.any():
        start = cached.awaited(cached.begun(ig_path.start_of, image, method.baseline.to_dict(), replaced))
        title += " where you painted, the image elsewhere"
    right.markdown(curves.painted(replaced))

about = scene.model, find(scene.model).digest, image, scene.wanted
begun = cached.begun(ig_path.opened, *about, start, (method.rule, method.steps))
seen = cached.prediction(scene.model, (start * 255).round().astype(np.uint8))
place = st.empty()
cached.soon([begun], 0.4)  # so long the former path stands
if not begun.soon(0):
    place.caption(f"Computing {method.steps} gradients between the baseline and the image …")
found = cached.awaited(begun)
parts, stops = ig_path.halves(found), curves.stops(found)
with place.container():
    left, right = st.columns(2)
    with left, show.grid(scene):
        show.image(scene, pick.another_class)
        curves.baseline(replace(scene, prediction=seen, wanted=found.target), start, title)
    with right:
        curves.facts(found, parts)
    alpha = stops[0]
    if len(stops) > 1:
        alpha = st.select_slider("alpha", stops, stops[len(stops) // 2], key=knobs.kept("alpha"), **knobs.LINKED,
                                 help="Where on the path; the arrow keys walk along it. Computes nothing.")  # fmt: skip
    curves.at_stop(found, stops.index(alpha), image, start)
    curves.path(found, parts, stops.index(alpha), f"“{scene.classes[found.target]}”")
    gaps = st.expander(
        f"How many steps are enough? The gap by rule, steps and baseline: {len(ig_path.looks())} passes for each of "
        f"the {len(FIVE)} baselines", on_change="rerun", key="gaps",
    )  # fmt: skip
    if gaps.open:
        mine = [method.baseline if type(b) is type(method.baseline) else b for b in FIVE]
        asked = {NAMES[type(b)]: cached.begun(ig_path.gaps_from, *about, b.to_dict()) for b in mine}
        if title not in asked:
            asked = {title: cached.begun(ig_path.gaps, *about, start)} | asked
        with gaps:
            curves.several(asked)
