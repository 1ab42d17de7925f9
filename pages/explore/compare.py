"""Compare: two models, pictures, methods or classes, their maps under one lens, and how alike they are."""

import streamlit as st

from attrcore.look import Look, limit, shown
from pages.parts import cached, knobs, lens, likeness, pick, show, twins

st.title("Compare")
st.markdown(
    "Two maps side by side: what changes when only the model, the picture, the method or the class does? A number of "
    "likeness says nothing by itself. So beside each stands what the second map gives when it is moved to random "
    "places, and what maps of other pictures give."
)
scene = pick.scene()
what = st.segmented_control("Two", twins.WHAT, default="methods", required=True, key="two", **knobs.LINKED)
left, right = pair = twins.sides(scene, what)
if what == "models":
    st.caption(twins.shared(scene, right))
with st.expander("Display (recomputes nothing)"):
    look = knobs.recipe(Look, across=True)

answers, drawn = [side.answer() for side in pair], []
predictions = [scene.prediction, cached.prediction(right.model, right.pixels)]
for side, answer in zip(pair, answers, strict=True):
    with st.spinner(f"Computing {side.label} …"):
        drawn.append(cached.awaited(answer))
planes = [shown(d.attribution, look.drawn) for d in drawn]
tops = [limit(planes, look.clip)] * 2 if look.one_scale else [limit([p], look.clip) for p in planes]
panes = [lens.Pane(left.title, show.rgb(left.pixels))]
panes += [lens.Pane(right.title, show.rgb(right.pixels))] * (right.pixels is not left.pixels)
for side, d, plane, top in zip(pair, drawn, planes, tops, strict=True):
    painted = cached.painted(side.name, d, look, top, side.pixels)
    panes.append(lens.Pane(side.label, painted.png, plane, painted.words))
lens.viewer(panes, "compared")
for column, side, d, prediction in zip(st.columns(2), pair, drawn, predictions, strict=True):
    with column:
        said = "\n\n".join(c.says for c in d.checks)
        st.markdown(f"**{knobs.escaped(side.label)}**: {show.badges(d.checks, side.method)}", help=said)
        st.caption(twins.about(side, d.target, cached.awaited(prediction).chances))
show.legend(look, tops[0] if look.one_scale else None)

st.header("How alike are they?")
k, count = twins.settings(planes[0].size)
strangers = twins.others(right, scene, count)
found = cached.likeness(*drawn, k)
place, note = st.empty(), st.empty()
if not all(answer.soon(0) for answer in strangers):
    with place.container():
        likeness.shown(found, [None] * len(found.rows), drawn, 0, k)
    note.caption(f"Computing maps of {len(strangers)} other pictures …")
others = twins.there(strangers)
beside = cached.beside(drawn[0], others, k) if others else [None] * len(found.rows)
note.empty()
with place.container():
    likeness.shown(found, beside, drawn, len(others), k)
