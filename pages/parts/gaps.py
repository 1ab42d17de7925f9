"""How many steps are enough: the gap of every rule by its number of steps, from several baselines.

It costs some hundred passes for each baseline, so it is computed when a button is pressed, and found again when known.
"""

import time
from contextlib import suppress
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from attrcore import ig_path, jobs
from attrcore.answers import Answer, NoAnswer
from attrcore.explain.integrated_gradients import IntegratedGradients
from attrcore.ig_path import PARTS, STEPS, Opened
from attrcore.kinds import Refused
from attrcore.quadrature import QUADRATURES
from pages.parts import cached, knobs, show
from pages.parts.strokes import COLOURS, DASHES

CHART = 270  # px: three fit beside the sidebar at 1280, five at 1920
LEAST = -2  # log10 of the smallest gap drawn, in percent
BOUND = 100 * IntegratedGradients.promises["completeness"]  # percent, of the gate
AHEAD = 2  # questions that are open at a time: other visitors' come in between

Start = np.ndarray | dict[str, Any]


def section(about: tuple[Any, ...], starts: dict[str, Start], found: Opened) -> None:
    """The gaps from baselines by their names: those that are known, and a button for the rest.

    `about` is what is explained, as `ig_path.slopes` takes it; how long it takes is judged from the path `found`.
    """
    st.header("How many steps are enough?")
    st.markdown(
        "The *gap* is how far the map's sum is from F(x) - F(x'), as a share of that change. Here you can see it for "
        f"every rule and {STEPS[0]} to {STEPS[-1]} steps, from {len(starts)} baselines."
    )
    asked = {name: [(ig_path.slopes, *about, start, part) for part in range(PARTS)] for name, start in starts.items()}
    known = {name: cached.known(questions) for name, questions in asked.items()}
    missing = [name for name in asked if not known[name]]
    head, wanted = st.empty(), False
    if missing:
        passes = len(ig_path.looks()) * len(missing)
        which = "the gaps" if len(missing) == len(asked) else "the missing gaps"
        label = f"Compute {which}: {passes:,} passes, {spoken(passes * found.seconds / len(found.points))}"
        with head.container():
            wanted = knobs.pressed(label, "gaps", jobs.content_key(ig_path.slopes, (*about, *starts.values())))
            bar = st.progress(0.0, f"0 of {passes:,} passes") if wanted else None
    places = boxes([name for name in asked if known[name] or wanted])
    for name, answers in known.items():
        if answers:
            draw(places[name], name, answers)
    if wanted:
        compute({name: asked[name] for name in missing}, places, bar)
        head.empty()


def boxes(names: list[str]) -> dict[str, Any]:
    """A place for a chart under each name, and above them what all have in common."""
    if not names:
        return {}
    lines = [
        f'<span style="display: inline-block; width: 30px; height: 3px; vertical-align: middle; color: {colour}; '
        f'background: repeating-linear-gradient(to right, {dash})"></span> {rule}'
        for rule, colour, dash in zip(QUADRATURES, COLOURS, DASHES.values(), strict=False)
    ]
    st.html(f'<p class="about">{" &emsp; ".join(lines)}</p>')
    st.caption(
        f"Below the dashed line at {BOUND:g} % the check of the map holds. Both axes are logarithmic; what is below "
        f"{10.0**LEAST:g} % is drawn there. Where the score changes little from baseline to image, the share is large."
    )
    places = {}
    with st.container(horizontal=True, gap="small"):
        for name in names:
            with st.container(width=CHART):
                st.markdown(f"**{name}**")
                places[name] = st.empty()
                places[name].caption("not computed yet")
    return places


def compute(asked: dict[str, list[tuple[Any, ...]]], places: dict[str, Any], bar: Any) -> None:
    """Ask the questions of every name one after another, and draw each chart when its last answer is there."""
    queue = [question for questions in asked.values() for question in questions]
    ends = {len(questions) * (i + 1): name for i, (name, questions) in enumerate(asked.items())}
    passes, begin, answers, waited = len(ig_path.looks()) * len(asked), time.monotonic(), [], 0
    for done in range(1, len(queue) + 1):
        while len(answers) < min(done - 1 + AHEAD, len(queue)):
            answers.append(cached.begun(*queue[len(answers)]))
        waited += not answers[done - 1].soon(0)  # what an earlier run has left costs no time
        with suppress(Refused, NoAnswer):
            cached.awaited(answers[done - 1])
        left = f", {spoken((time.monotonic() - begin) / waited * (len(queue) - done))} left" if waited else ""
        bar.progress(done / len(queue), f"{passes * done // len(queue):,} of {passes:,} passes{left}")
        if done in ends:
            draw(places[ends[done]], ends[done], answers[done - PARTS : done])


def draw(place: Any, name: str, answers: list[Answer]) -> None:
    """The chart of one baseline in its place, or why there is none."""
    with place.container():
        try:
            chart(name, ig_path.gaps([cached.awaited(answer) for answer in answers]))
        except (Refused, NoAnswer) as reason:
            show.refusal(reason)


def chart(name: str, found: dict[str, list[float]]) -> None:
    """How far from complete each rule leaves the map, by steps, on logarithmic axes."""
    figure = go.Figure()
    for (rule, off), colour, dash in zip(found.items(), COLOURS, DASHES, strict=False):
        figure.add_scatter(
            x=STEPS, y=[max(100 * gap, 10.0**LEAST) for gap in off], name=rule, mode="markers+lines",
            line={"color": colour, "dash": dash},
            hovertemplate=f"{rule}, %{{x}} steps<br><b>%{{y:.3g}} %</b><extra></extra>",
        )  # fmt: skip
    figure.add_hline(BOUND, line={"color": "gray", "width": 1, "dash": "dash"})
    figure.add_annotation(  # beside the lines, not on them; an annotation of add_hline would stand at 10 to the bound
        x=1, xref="paper", xanchor="left", y=np.log10(BOUND), text=f"{BOUND:g} %", showarrow=False
    )
    most = np.log10(100 * max(map(max, found.values())) + 1)
    figure.update_xaxes(type="log", tickvals=STEPS, title="steps")
    figure.update_yaxes(type="log", dtick=1, ticksuffix=" %", title="gap", range=[LEAST - 0.1, max(2.1, most + 0.1)])
    figure.update_layout(height=250, margin={"l": 0, "r": 30, "t": 10, "b": 0}, showlegend=False)
    least = min(found, key=lambda rule: found[rule][-1])
    words = f"Gap from {name} by rule and steps; the least after {STEPS[-1]} steps has {least}"
    st.plotly_chart(figure, width="stretch", config={"displayModeBar": False}, alt=words, key=f"gaps.{name}")


def spoken(seconds: float) -> str:
    """A time as one says it."""
    return f"about {max(1, round(seconds))} s" if seconds < 100 else f"about {round(seconds / 60)} min"
