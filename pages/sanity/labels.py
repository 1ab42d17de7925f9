"""Labels: does a map depend on what the labels said?"""

import streamlit as st

from attrcore import kept
from attrcore.studies.data_randomisation import DataRandomisation
from pages.parts import labelled, labelling, learning, reproduce, watch

st.title("Labels")
st.markdown(
    "Does a map depend on what the labels said? Two twins, with the same first weights, digits and order of digits: "
    "one learned true labels, the other labels that were dealt out anew, by heart "
    "([Adebayo et al., 2018](https://arxiv.org/abs/1810.03292)). A method whose maps are as alike for these two as for "
    "two networks that both learned true labels does not show what was learned."
)
study, cost = watch.opened(DataRandomisation), ""
if study is None:
    study = labelling.chosen()
    cost = labelling.cost(study)
else:
    st.caption(reproduce.settings(study))
watch.start(study, "Start", cost)
method = learning.watched(study)
over = watch.follow(
    study, lambda seen: learning.shown(study, seen, method), lambda seen: learning.more(study, seen, method)
)
if over is not None and over.state == "done":
    labelled.found(study, kept.result(over.key, labelled.SEEN), over.key)
