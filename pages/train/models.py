"""Models: one picture, one attack, several networks side by side."""

import streamlit as st

from attrcore import kept
from attrcore.models import find
from attrcore.studies.contest import Contest
from pages.parts import contested, contesting, reproduce, scores, watch

st.title("Models")
st.markdown(
    "Does a robust network's map hold where a natural one's breaks? One picture, one method, and one attack of the "
    "same size and seed on up to four networks at once."
)
study, cost = watch.opened(Contest), ""
if study is None:
    study = contesting.chosen()
    cost = f"{study.first.attack.steps} steps on {len(study.foolings())} networks."
else:
    st.caption(reproduce.settings(study))
watch.start(study, "Attack all", cost)
over = watch.follow(study, lambda seen: contested.stage(study, seen), lambda seen: contested.more(study, seen))
if over is not None and over.state == "done":
    st.header("What it did")
    contested.told(study, kept.result(over.key))
    reproduce.offer(study, "Networks side by side", "models")
models = [one.subject.model for one in study.foolings()]
if all(tuple(find(model).size) == (1, 28, 28) for model in models):
    scores.shown(models)
