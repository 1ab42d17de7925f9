"""What a randomisation test found: every map under one slider, and its numbers."""

import math
from functools import lru_cache
from itertools import count, takewhile
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from attrcore import kept
from attrcore.folder import Look as Run
from attrcore.kinds import Refused
from attrcore.look import Look, limit, paint
from attrcore.look import picture as rgb
from attrcore.sanity.verdicts import verdict
from attrcore.studies.likeness import NULLS
from attrcore.studies.randomisation import Randomisation
from pages.parts import evidence, knobs, layers, reproduce, watch
from pages.parts.knobs import LINKED
from pages.parts.layers import Lane, Scale
from pages.parts.tables import table

USUAL = "Spearman, absolute"
WORDS = {"cascading": "random down to {}", "bottom-up": "random up to {}", "independent": "{} alone is random"}
CALLED = {"random map": "random map", "input mask": "input alone", "another seed": "another seed", "edges": "edges"}
ABSOLUTE, SIGNED = Look(), Look(values="signed")


def measure(study: Randomisation) -> str:
    """Which likeness the curves show."""
    names = [m.title for m in study.likenesses]
    return st.selectbox("Likeness to the trained network's map", names, names.index(USUAL), filter_mode=None, width=300,
                        key=knobs.kept("randomise.by"), **LINKED)  # fmt: skip


def shown(study: Randomisation, seen: Run, by: str) -> None:
    """Maps and curves as far as they have come."""
    said = [fact.facts for fact in watch.facts(seen) if "curves" in fact.facts]
    there = seen_steps(seen.key, kept.frames(seen.key))
    if not said or not there:
        if seen.state == "running":
            st.caption("The trained network's maps are being computed …")
        return
    n = said[-1]
    least = min((p["mean"] for points in n["curves"][by].values() for p in points if p["mean"] is not None), default=0)
    low = 0.0 if least > -0.05 else math.floor(10 * least) / 10
    layers.shown("randomise.layers", n["steps"], lanes(study, n, by, there), Scale(by, (low, 1.0)), WORDS[study.order])


class Step(NamedTuple):
    """The maps of one step in colours, each on its own scale."""

    number: int
    absolute: list[np.ndarray]  # by method
    signed: list[np.ndarray]
    fixed: list[Lane]  # what asks no network: of the first step only


def seen_steps(key: str, numbers: list[int]) -> list[Step]:
    """Those that are there, in their order, up to the first gap."""
    found = {step.number: step for step in (drawn(key, n) for n in numbers)}
    return [found[i] for i in takewhile(found.__contains__, count())]


@lru_cache(500)
def drawn(key: str, n: int) -> Step:
    """A frame, read and painted once: while a run is watched, all are asked for four times a second."""
    frame = kept.frame(key, n)
    if not frame:
        raise Refused("What this run has drawn was deleted.")
    planes, fixed = frame["maps"].astype(np.float32), []
    if "edges" in frame:
        edges = painted(frame["edges"].astype(np.float32), ABSOLUTE)
        fixed = [Lane("Sobel edges", [edges]), Lane("Input", [rgb(frame["image"])])]
    return Step(
        int(frame["step"]), [painted(np.abs(p), ABSOLUTE) for p in planes], [painted(p, SIGNED) for p in planes], fixed
    )


def lanes(study: Randomisation, n: dict[str, Any], by: str, seen: list[Step]) -> list[Lane]:
    """One of each method, then the edges and the input, which never change."""
    found = []
    for m, (name, points) in enumerate(n["curves"][by].items()):
        nulls = n["nulls"][by][name]
        beside = [(CALLED[null], p["mean"]) for null, p in nulls.items() if p["mean"] is not None]
        found.append(Lane(
            name, [step.absolute[m] for step in seen], [step.signed[m] for step in seen],
            [p["mean"] for p in points], beside, verdict(n["steps"], points, nulls, study.order),
        ))  # fmt: skip
    return found + seen[0].fixed


def painted(plane: np.ndarray, look: Look) -> np.ndarray:
    """A map in colours, on its own scale."""
    return paint(plane, limit([plane], look.clip), look)


def numbers(study: Randomisation, over: Run, by: str) -> None:
    """Every method's curve by this measure, with intervals and nulls; and the files."""
    found = kept.result(over.key, ())
    n = found.numbers
    st.header("Every number")
    rows = [
        (name, *[told(p) for p in points], *[told(n["nulls"][by][name][null]) for null in NULLS])
        for name, points in n["curves"][by].items()
    ]
    heads = ("Method", *n["steps"], *(CALLED[null] for null in NULLS))
    table(dict(zip(heads, zip(*rows, strict=True), strict=True)), f"{by} to the trained network's map, layer by layer")
    st.caption(
        f"{by}: means over {n['pictures']} pictures and {n['seeds']} draws of weights; in brackets the 95 % intervals "
        "(Student's t) over draws, then over pictures. Input alone: a random gradient times the image. Another seed: "
        f"the same method on the trained network, where it draws anything. The explained class is {study.target} "
        "predicted one. Weights of a layer are drawn by the architecture's own code; BatchNorm's running statistics "
        f"are {study.statistics}."
    )
    for name, reason in n["refused"].items():
        st.caption(f"No maps by {name}: {reason}")
    st.caption(reproduce.made(found.made_by))
    with st.container(horizontal=True):
        reproduce.offer(study, f"Randomise {study.model}", "randomise")
        st.download_button("Numbers (.json)", lambda: evidence.record(found), f"randomise-{over.key}.json",
                           on_click="ignore", key="randomise.save.numbers")  # fmt: skip


def told(p: dict[str, Any]) -> str:
    """A mean with its intervals."""
    if p["mean"] is None:
        return ""
    over = [f"{low:z.2f} to {high:z.2f}" for low, high in ((p["low"], p["high"]), p.get("pictures", (None, None)))
            if low is not None]  # fmt: skip
    return f"{p['mean']:z.2f}" + (f" ({'; '.join(over)})" if over else "")
