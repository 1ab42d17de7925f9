"""Train: a network whose maps hold, watched while it learns."""

import streamlit as st

from attrcore.studies.training import Training
from pages.parts import reproduce, schooled, schooling, watch

st.title("Train")
st.markdown(
    "Can a network be trained so that its maps hold? IG-NORM asks that no small change of an image have any "
    "attribution: that integrated gradients of the loss, from the image to any other in reach, stay small "
    "([Chen et al., 2019](https://arxiv.org/abs/1905.09957)). Its authors report "
    "maps, and with them predictions, that change less under attack, for some accuracy and much time. Whether it gains "
    "anything on plain adversarial training (PGD) is for measurements to say: train both, and compare them on Models."
)
study, cost = watch.opened(Training), ""
if study is None:
    study = schooling.chosen()
    cost = schooling.cost(study)
else:
    st.caption(reproduce.settings(study))
watch.start(study, "Train", cost)
over = watch.follow(study, lambda seen: schooled.shown(study, seen))
if over is not None:
    schooled.offer(over)
    reproduce.offer(study, "A training", "train")
