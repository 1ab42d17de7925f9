"""Several networks under one attack: side by side on the stage while it runs, and what it did to each."""

from typing import Any

import streamlit as st

from attrcore import kept
from attrcore.folder import Look as Run
from attrcore.kept import Fact
from attrcore.kinds import Result
from attrcore.studies.contest import Contest
from attrcore.studies.fooling import Fooling
from attrcore.studies.running import under
from pages.parts import evidence, fooled, pick, theatre, watch
from pages.parts.tables import table
from pages.parts.theatre import Frame, Play

STAGE = "models.stage"
MEASURES = ("Top-k overlap", "Kendall", "Cosine")  # in the table; each network's own attack has them all
CURVES = ("Overlap", "Kendall", "Confidence")


def stage(study: Contest, seen: Run) -> None:
    """Send what is new of a run to the browser."""
    key, facts, each = name(study, seen), {fact.n: fact.facts["networks"] for fact in steps(seen)}, study.foolings()
    if 0 not in facts:
        if seen.state == "running":
            st.caption("The first maps are being computed …")
        return
    numbers = [n for n in kept.frames(seen.key, theatre.had(STAGE, key) + 1) if n in facts][: fooled.AT_ONCE]
    frames = [frame(n, facts[n], kept.frame(seen.key, n), each) for n in numbers]
    live = seen.live or more(study, seen)
    theatre.stage(STAGE, play(key, each, facts[0]), [f for f in frames if f], live=live)


def steps(seen: Run) -> list[Fact]:
    """What the attack's steps said so far."""
    return [fact for fact in watch.facts(seen) if "networks" in fact.facts and "step" in fact.facts["networks"][0]]


def more(study: Contest, seen: Run) -> bool:
    """Are there frames that this visitor's browser has not got yet?"""
    return seen.frame is not None and theatre.had(STAGE, name(study, seen)) < seen.frame


def name(study: Contest, seen: Run) -> str:
    """What the browser keeps the frames of this attempt under."""
    return f"{study.key()}.{seen.attempt}"


def play(key: str, each: list[Fooling], first: list[dict[str, Any]]) -> Play:
    """A column of panes and curves for each network."""
    one = [fooled.play(study, key, facts) for study, facts in zip(each, first, strict=True)]
    heads = [pick.plain(study.subject.model) for study in each]
    panes = [f"{i + 1}. {head}" for i, head in enumerate(heads)]
    panes += [f"{i + 1}. {pane}" for pane in fooled.PANES[1:] for i in range(len(each))]
    curves = [
        next(curve for curve in p.curves if curve.name == curved)._replace(name=numbered(curved, i))
        for curved in CURVES
        for i, p in enumerate(one)
    ]
    return Play(key, tuple(panes), tuple(curves), one[0].size, one[0].total, one[0].region, columns=len(each))


def numbered(curve: str, i: int) -> str:
    """A curve of one network."""
    return f"{i + 1}. {curve}"


def frame(n: int, facts: list[dict[str, Any]], seen: dict[str, Any], each: list[Fooling]) -> Frame | None:
    """One step of all; None where its file has gone."""
    if not seen:
        return None
    one = [
        fooled.frame(n, f, under(str(i), seen), None, study)
        for i, (f, study) in enumerate(zip(facts, each, strict=True))
    ]
    if not all(one):
        return None
    rows = zip(*(f.pictures for f in one), strict=True)
    numbers = {numbered(k, i): v for i, f in enumerate(one) for k, v in f.numbers.items()}
    marks = {2 * len(one) + i: f.marks[2] for i, f in enumerate(one)}
    lost = [f"{i + 1}: {f.note}" for i, f in enumerate(one) if f.note]
    return Frame(n, tuple(p for row in rows for p in row), numbers, marks, "; ".join(lost))


def told(study: Contest, found: Result) -> None:
    """What it did to each network, in a table and in words."""
    results = [(fooling, study.of(i, found)) for i, fooling in enumerate(study.foolings())]
    columns: dict[str, list[str]] = {"Network": [pick.plain(fooling.subject.model) for fooling, _ in results]}
    for m, row in enumerate(results[0][1].numbers["likeness"]):
        if row["measure"] not in MEASURES:
            continue
        columns[row["measure"]] = [beside(result.numbers["likeness"][m]) for _, result in results]
    columns["Prediction"] = ["kept" if result.numbers["kept"]["attacked"] else "lost" for _, result in results]
    columns["Probability"] = [
        f"{result.numbers['chances']['clean']:.1%}, then {result.numbers['chances']['attacked']:.1%}"
        for _, result in results
    ]
    table(columns, "Likeness of each network's map before and after")
    st.caption(
        "Each measure: after the attack (after random changes of the same size, their mean; chance level or that of a "
        "moved map). All is measured on the saved file. One picture says little of a network: the scores below are of "
        "many."
    )
    for fooling, result in results:
        st.subheader(pick.spoken(fooling.subject.model))
        evidence.verdict(fooling, result)


def beside(row: dict[str, Any]) -> str:
    """One measure after the attack, with what stands beside it."""
    mean, *_ = evidence.middle(row["random"])
    return f"{row['attacked']:.2f} (random {mean:.2f}; chance {row['chance']:.2f})"
