"""Transfer: one perturbation, every method."""

import streamlit as st

from attrcore import kept
from attrcore.studies.transfer import Transfer
from pages.parts import crossed, crossing, pick, watch

st.title("Transfer")
st.markdown(
    "An image is changed until one method's map breaks. Do the other methods' maps break too? Each row is an attack on "
    "one map, each column a method that looks at what the attack leaves, and all explain the same class. Below stand "
    "changes of the same size that aim at no map ([Zhang et al., 2020](https://arxiv.org/abs/1812.00891))."
)
study, cost = watch.opened(Transfer), ""
if study is None:
    study = crossing.chosen(pick.scene())
    cost = crossing.cost(study)
else:
    st.caption(crossing.settings(study))
watch.start(study, "Start", cost)
over = watch.follow(study, lambda run: crossed.shown(study, run))
if over is not None and over.state == "done":
    crossed.downloads(study, kept.result(over.key, ()), over.key)
