"""Compare: two models, pictures, methods or classes, their maps under one lens, and how alike they are."""

import streamlit as st

from attrcore.look import Look, limit, shown
from pages.parts import cached, knobs, lens, pick, show, twins

st.title("Compare")
st.markdown(
    "Two maps side by side: what changes when only the model, the picture, the method or the class does? A number of "
    "likeness says nothing by itself: beside each stands what shuffled pixels and maps of other pictures give."
)
scene = pick.scene()
what = st.segmented_control("Two", twins.WHAT, default="methods", required=True, key="two", **knobs.LINKED)
left, right = twins.sides(scene, what)
with st.expander("Display (recomputes nothing)"):
    look = knobs.recipe(Look, across=True)

answers, drawn = cached.asked([left, right]), []
predictions = [scene.prediction, cached.prediction(right.model, right.pixels)]
for side, answer in zip((left, right), answers, strict=True):
    with st.spinner(f"Computing {side.label} …"):
        drawn.append(cached.awaited(answer))
planes = [shown(d.attribution, look.drawn) for d in drawn]
tops = [limit(planes, look.clip)] * 2 if look.one_scale else [limit([p], look.clip) for p in planes]
panes = []
for side, d, plane, top in zip((left, right), drawn, planes, tops, strict=True):
    painted = cached.painted(side.name, d, look, top, side.pixels)
    if side.pixels is not left.pixels or not panes:
        panes.append(lens.Pane(side.title, show.rgb(side.pixels)))
    panes.append(lens.Pane(side.label, painted.png, plane, painted.words))
lens.viewer(panes, "compared")
for column, side, d, prediction in zip(st.columns(2), (left, right), drawn, predictions, strict=True):
    with column:
        st.markdown(
            f"**{knobs.escaped(side.label)}**: {show.badges(d.checks)}", help="\n\n".join(c.says for c in d.checks)
        )
        chance = cached.awaited(prediction).chances[d.target]
        st.caption(
            f"Explains “{knobs.escaped(side.classes[d.target])}” in {pick.spoken(side.model)}, which gives it "
            f"{chance:.1%}. Settings: {show.settings(side.method)}."
        )
show.legend(look, tops[0] if look.one_scale else None)

st.header("How alike are they?")
k, count = twins.settings(planes[0].size)
others = twins.others(right, scene, count)
twins.table(cached.likeness(drawn[0], drawn[1], others, k), k, len(others), planes[0].size)
