"""Fool: attack a map live, watch it break, and keep the evidence."""

import streamlit as st

from attrcore import kept
from attrcore.studies.fooling import Fooling
from pages.parts import attacks, described, evidence, fooled, pick, watch
from pages.parts.knobs import escaped

st.title("Fool")
st.markdown(
    "How little must an image change until its map says something else, while the network still says the same? "
    "Choose a method and an aim, start, and watch. Beside every figure stands what a random change of the same size "
    "does."
)
study = watch.opened(Fooling)
if study is None:
    scene = pick.scene()
    study = attacks.chosen(scene)
    cost = f"One step asks for about {3 * study.subject.explainer.passes + 2} passes through the network."
else:
    st.caption(escaped(described.line(study)))
    cost = ""
watch.start(study, "Attack", cost)
over = watch.follow(study, lambda seen: fooled.stage(study, seen), lambda seen: fooled.more(study, seen))
if over is not None and over.state == "done":
    found = kept.result(over.key)
    st.header("What it did")
    evidence.verdict(study, found, fooled.best(over))
    evidence.sides(study, found)
    evidence.numbers(study, found)
    evidence.downloads(study, found, over.key)
