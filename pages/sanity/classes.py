"""Classes: does a map depend on the class that it explains?"""

import streamlit as st

from attrcore.studies.class_randomisation import ClassRandomisation
from pages.parts import randomising, reproduce, strips, unlearned, watch

st.title("Classes")
st.markdown(
    "Does a map depend on the class that it explains? The same picture and the same network, but ever less probable "
    "classes are explained: the random logit test "
    "([Sixt et al., 2020](https://arxiv.org/abs/1912.09818)). A map that stays as it was shows what is in the picture, "
    "not what speaks for the class."
)
study, cost = watch.opened(ClassRandomisation), ""
if study is None:
    study = randomising.classes()
    cost = randomising.cost(study)
else:
    st.caption(reproduce.settings(study))
seen = watch.start(study, "Start", cost)
measure = unlearned.measure(study) if seen is not None else ""
over = watch.follow(study, lambda run: unlearned.shown(study, run, measure))
if over is not None and over.state == "done":
    strips.found(study, over, measure)
