"""Manipulate: the attack on the network instead of the image."""

import streamlit as st

from attrcore import kept
from attrcore.studies.model_fooling import ModelFooling
from pages.parts import described, networks, tuned, tuning, watch
from pages.parts.knobs import escaped

st.title("Manipulate")
st.markdown(
    "The attack on the network instead of the image: can a network be fine-tuned until its maps are others, while it "
    "says the same of every picture? Then maps can hide what it goes by. Passive fooling "
    "([Heo et al., 2019](https://arxiv.org/abs/1902.02041)), beside the same fine-tuning that does not look at maps."
)
study, cost = watch.opened(ModelFooling), ""
if study is None:
    study = tuning.chosen()
    cost = tuning.cost(study)
else:
    st.caption(escaped(described.line(study)))
watch.start(study, "Manipulate", cost)
over = watch.follow(study, lambda seen: tuned.shown(study, seen), lambda seen: tuned.more(study, seen))
if over is not None and over.state == "done":
    found = kept.result(over.key, networks.SEEN)
    st.header("What it did")
    networks.verdict(study, found.numbers)
    networks.numbers(study, found.numbers)
    networks.caveats(study)
    st.subheader("Maps before and after")
    networks.sides(study, found)
    networks.downloads(study, found, over.key)
