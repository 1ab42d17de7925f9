"""Randomise: does a map depend on what the model learned?"""

import streamlit as st

from attrcore.studies.randomisation import Randomisation
from pages.parts import randomising, reproduce, strips, theirs, unlearned, watch

st.title("Randomise")
st.markdown(
    "Does a map depend on what the model learned? Layer by layer a network loses its weights to those of one that was "
    "never trained. What stays of a map does not come from the weights "
    "([Adebayo et al., 2018](https://arxiv.org/abs/1810.03292)): beside each likeness stands what a random map, the "
    "input alone, another seed and an edge detector score."
)
study, cost, shipped = watch.opened(Randomisation), "", None
if study is not None:
    st.caption(reproduce.settings(study))
elif (file := reproduce.chosen(Randomisation)) is not None:
    study, shipped = file.study, reproduce.about(file)
    cost = f"To see its maps, run it here: {randomising.cost(study)}"
else:
    study = randomising.chosen()
    cost = randomising.cost(study)
seen = watch.start(study, "Start", cost)
measure = unlearned.measure(study) if seen is not None or shipped is not None else ""
over = watch.follow(study, lambda run: unlearned.shown(study, run, measure))
if over is not None and over.state == "done":
    strips.found(study, over, measure)
elif seen is None and shipped is not None:
    unlearned.verdicts(study, shipped.numbers, measure)
    unlearned.numbers(study, shipped.numbers, measure)
    theirs.beside(study, shipped.numbers, measure)
