"""Budget: how much a map breaks for how much change, over many pictures, beside the published figure."""

import streamlit as st

from attrcore import jobs
from attrcore.studies.budget import Budget
from pages.parts import breakage, fragility, points, reproduce, sweep, watch
from pages.parts.breakage import Found

st.title("Budget")
st.markdown(
    "How much does a map break for how much change? Attacks and random changes of several sizes, over many pictures: "
    "the figure with which Ghorbani et al. (2019, [arXiv:1710.10547](https://arxiv.org/abs/1710.10547)) called maps "
    "fragile. Attacks and the walk keep to images whose predicted class stays; the last chart says how often it did."
)
study, cost, shipped, seen = watch.opened(Budget), "", None, None
if study is not None:
    st.caption(reproduce.settings(study))
elif (file := reproduce.chosen(Budget)) is not None:
    study, shipped = file.study, reproduce.about(file)
    cost = reproduce.cost(study)
else:
    study = sweep.chosen()
    cost = sweep.cost(study)
line = st.container()
found = Found(shipped.numbers, made_by=shipped.made_by) if shipped else None
if found is None:
    with line:
        if (reason := reproduce.obstacle(study)) and jobs.engine().look(study.key()) is None:
            st.info(reason)
        else:
            seen = watch.start(study, "Start", cost)
    found = breakage.found(study, seen)
beside = fragility.shown(study, found)
rows = points.points(found.numbers, beside)
if rows:
    st.header("Every number")
    points.table(rows, beside)
    points.downloads(study, rows, found)
if shipped is None:
    with line:
        watch.follow(study, lambda now: breakage.under_way(study, now, found.n), first=seen)
