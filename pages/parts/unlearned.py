"""Maps that walk away from a trained network's, step by step: all under one slider, and their numbers."""

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
from attrcore.sanity.verdicts import bounded, class_verdict, ends, verdict
from attrcore.studies.class_randomisation import ClassRandomisation
from attrcore.studies.likeness import NULLS
from attrcore.studies.randomisation import Randomisation
from pages.parts import cached, knobs, layers, watch
from pages.parts.knobs import LINKED, escaped
from pages.parts.layers import Lane, Scale, Words
from pages.parts.tables import table

USUAL = "Spearman, absolute"
LAYER = {"cascading": "random down to {}", "bottom-up": "random up to {}", "independent": "{} alone is random"}
CALLED = {"random map": "random map", "input mask": "input alone", "another seed": "another seed", "edges": "edges"}
SURE = 1e-4  # of an interval so narrow nobody wants to know, such as that of a map beside itself
MANY = 5  # pictures, and draws, from which on intervals are of use
KEY = (
    "Yellow: the largest magnitudes, each map on its own scale; signed: purple speaks for the class, orange against. "
    "Maps are of one picture and draw, numbers and curves are means over all."
)
LIKE = (-1.0, 1.0)  # between which every likeness is
LOOKS = {"absolute": Look(), "signed": Look(values="signed")}

Study = Randomisation | ClassRandomisation


class Step(NamedTuple):
    """The maps of one step in colours, each on its own scale."""

    number: int
    maps: dict[str, list[np.ndarray]]  # absolute and signed, by method
    fixed: list[Lane]  # what asks no network: of the first step only


def measure(study: Study) -> str:
    """Which likeness the curves show."""
    names = [m.title for m in study.likenesses]
    trained = "trained network's" if isinstance(study, Randomisation) else "predicted class's"
    usual = names.index(USUAL) if USUAL in names else 0
    return st.selectbox(f"Likeness to the {trained} map", names, usual, filter_mode=None, width=300,
                        key=knobs.kept("walk.by"), **LINKED)  # fmt: skip


def words(study: Study) -> Words:
    """What is walked along."""
    if isinstance(study, Randomisation):
        return Words("Layer", LAYER[study.order], "beside the trained network's map")
    return Words("Class", "the {} class explained", "beside the predicted class's map")


def shown(study: Study, seen: Run, by: str) -> None:
    """Maps and curves as far as they have come."""
    data = sent(study, seen, by)
    if data is not None:
        layers.COMPONENT(key=data["key"], data=data)
        st.caption(" ".join((classes(study, watch.facts(seen)), KEY, few(study))))
    elif seen.state == "running":
        st.caption("The trained network's maps are being computed …")


def sent(study: Study, seen: Run, by: str) -> dict[str, Any] | None:
    """What the slider gets; None before there is anything."""
    said = [fact.facts for fact in watch.facts(seen) if "curves" in fact.facts]
    there = seen_steps(seen.key, kept.frames(seen.key))
    if not said or not there:
        return None
    n = said[-1]
    drawn = [p for points in n["curves"][by].values() for p in points]
    drawn += [p for nulls in n["nulls"][by].values() for p in nulls.values()]
    least = min((p["mean"] for p in drawn if p["mean"] is not None), default=0)
    low = 0.0 if least > -0.05 else math.floor(10 * least) / 10
    key = "randomise.layers" if isinstance(study, Randomisation) else "classes.layers"
    return layers.sent(key, n["steps"], lanes(study, n, by, there, seen.live), Scale(by, (low, 1.0)), words(study))


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
        edges = painted(frame["edges"].astype(np.float32), "absolute")
        fixed = [Lane("Sobel edges", [edges]), Lane("Input", [rgb(frame["image"])])]
    return Step(int(frame["step"]), {values: [painted(p, values) for p in planes] for values in LOOKS}, fixed)


def painted(plane: np.ndarray, values: str) -> np.ndarray:
    """A signed map (H, W) in colours, on its own scale."""
    plane, look = plane if values == "signed" else np.abs(plane), LOOKS[values]
    return paint(plane, limit([plane], look.clip), look)


def classes(study: Study, facts: list[kept.Fact]) -> str:
    """What is explained of the picture that is shown."""
    said = next((fact.facts["explained"] for fact in facts if "explained" in fact.facts), [])
    names = cached.classes(study.model)
    told = [f"“{escaped(names[one])}” ({chance:.1%})" for one, chance in said]
    if len(told) < 2:
        return f"The picture shown is taken for {told[0]}." if told else ""
    return f"Of the picture shown: predicted {told[0]}, runner-up {told[1]}, lowest score {told[-1]}."


def few(study: Study) -> str:
    """A warning where intervals can say little."""
    draws = study.seeds if isinstance(study, Randomisation) else MANY
    if min(draws, study.pictures.count) >= MANY:
        return ""
    return f"So few pictures or draws give wide intervals, which leave little sure: {MANY} of each say far more."


def lanes(study: Study, n: dict[str, Any], by: str, seen: list[Step], live: bool) -> list[Lane]:
    """One of each method, then the edges and the input, which never change."""
    found = []
    for m, (name, points) in enumerate(n["curves"][by].items()):
        nulls = n["nulls"][by][name]
        beside = [(CALLED[null], p["mean"]) for null, p in nulls.items() if p["mean"] is not None]
        said = said_of(study, n["steps"], points, nulls)
        absolute, signed = ([step.maps[values][m] for step in seen] for values in LOOKS)
        found.append(Lane(
            name, absolute, signed, [p["mean"] for p in points], [interval(p) for p in points], beside,
            f"{'So far: ' if live and said else ''}{said}",
        ))  # fmt: skip
    return found + seen[0].fixed


def said_of(study: Study, steps: list[str], points: list[dict[str, Any]], nulls: dict[str, dict[str, Any]]) -> str:
    """The verdict on one method."""
    return (
        verdict(steps, points, nulls, study.order) if isinstance(study, Randomisation) else class_verdict(points, nulls)
    )


def interval(p: dict[str, Any]) -> tuple[float, float] | None:
    """That over draws of weights and that over pictures together, as in verdicts; none where neither is known."""
    return ends(p) if bounded(p) else None


def verdicts(study: Study, n: dict[str, Any], by: str) -> None:
    """What each method's numbers say by this measure, where no maps are there to say it beside."""
    said = {m: said_of(study, n["steps"], points, n["nulls"][by][m]) for m, points in n["curves"][by].items()}
    st.markdown("\n".join(f"- **{method}**: {words}" for method, words in said.items() if words))


def numbers(study: Study, n: dict[str, Any], by: str) -> None:
    """Every method's curve by this measure, with intervals and nulls."""
    st.header("Every number")
    rows = [
        (name, *[told(p) for p in points], *[told(n["nulls"][by][name][null]) for null in NULLS])
        for name, points in n["curves"][by].items()
    ]
    heads = ("Method", *n["steps"], *(CALLED[null] for null in NULLS))
    table(dict(zip(heads, zip(*rows, strict=True), strict=True)), f"{by} to the first map, step by step")
    st.caption(about(study, n, by))
    for name, reason in n["refused"].items():
        st.caption(f"No maps by {name}: {reason}")


def about(study: Study, n: dict[str, Any], by: str) -> str:
    """What the numbers are, and how they were made."""
    nulls = (
        "Input alone: a random gradient times the image. Another seed: the same method on the trained network, where "
        "it draws anything."
    )
    if isinstance(study, ClassRandomisation):
        return (
            f"{by}: means over {n['pictures']} pictures; in brackets the 95 % interval (Student's t) over them. The "
            f"steps are the classes of each picture by the rank of their scores. {nulls}"
        )
    return (
        f"{by}: means over {n['pictures']} pictures and {n['seeds']} draws of weights; in brackets the 95 % intervals "
        f"(Student's t) over draws, then over pictures. {nulls} The explained class is {study.target} predicted one. "
        "Weights of a layer are drawn by the architecture's own code; BatchNorm's running statistics are "
        f"{study.statistics}."
    )


def told(p: dict[str, Any], most: tuple[float, float] = LIKE) -> str:
    """A mean with its intervals, cut to what the measure can be at most."""
    if p["mean"] is None:
        return ""
    over = [f"{max(most[0], low):z.2f} to {min(most[1], high):z.2f}"
            for low, high in ((p["low"], p["high"]), p.get("pictures", (None, None)))
            if low is not None and high - low > SURE]  # fmt: skip
    return f"{p['mean']:z.2f}" + (f" ({'; '.join(over)})" if over else "")
