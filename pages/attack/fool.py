"""Fool: attack a map live, watch it break, and keep the evidence."""

import streamlit as st

from attrcore import jobs, kept
from attrcore.studies.fooling import Fooling
from pages.parts import attacks, cost, described, evidence, fooled, pick, preview, reproduce, watch
from pages.parts.knobs import escaped

st.title("Fool")
st.markdown(
    "How little must an image change until its map says something else, while the network still says the same? "
    "Choose a method and an aim, start, and watch. Beside every figure stands what a random change of the same size "
    "does."
)
study, scene, shipped, obstacle = watch.opened(Fooling), None, None, ""
if study is not None:
    st.caption(escaped(described.line(study)))
elif (file := reproduce.chosen(Fooling)) is not None:
    study, shipped, obstacle = file.study, reproduce.about(file), reproduce.obstacle(file.study)
else:
    scene = pick.scene()
    study = attacks.chosen(scene)
if obstacle and jobs.engine().look(study.key()) is None:
    st.info(obstacle)
else:
    seen, place = watch.start(study, "Attack"), st.empty()
    if scene is not None and (seen is None or not (seen.live or seen.frame is not None)):
        place.caption("How long it takes is told when its map is there …")
        one = preview.scene(scene, study.subject.explainer)
        place.caption("" if one is None else cost.told(study, one))
over = watch.follow(study, lambda seen: fooled.stage(study, seen), lambda seen: fooled.more(study, seen))
if over is not None and over.state == "done":
    found = kept.result(over.key)
    st.header("What it did")
    evidence.verdict(study, found, fooled.best(over))
    evidence.sides(study, found)
    evidence.numbers(study, found)
    evidence.downloads(study, found, over.key)
elif shipped is not None:
    st.header("What it did")
    evidence.verdict(study, shipped)
    evidence.numbers(study, shipped)
