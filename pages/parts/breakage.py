"""How far a study of many sizes has come: what its run has said so far, and what is under way."""

from typing import Any, NamedTuple

import streamlit as st

from attrcore import kept
from attrcore.folder import Look
from attrcore.studies.budget import Budget
from pages.parts import knobs


class Found(NamedTuple):
    """The table as far as it is filled."""

    numbers: dict[str, Any]  # as `Budget.summary` gives them; no curves before the first is there
    n: int = -1  # the step that said so
    made_by: dict[str, str] = {}  # noqa: RUF012 - known of a result only; nobody writes to it


def found(study: Budget, seen: Look | None) -> Found:
    """What a run has found by now, done or not."""
    if seen is not None and seen.state == "done":
        result = kept.result(seen.key, ())
        return Found(result.numbers, made_by=result.made_by)
    return nothing(study) if seen is None else said(study, seen)


def nothing(study: Budget) -> Found:
    """Before the first number."""
    return Found({"levels": study.sizes(), "curves": {}, "chance": {}, "pixels": 0})


def said(study: Budget, seen: Look) -> Found:
    """The latest summary among the facts of a run's steps, of which only the new ones are read.

    A run that goes on drops what it said after its checkpoint before it counts steps: then all are read anew.
    """
    memory, now = knobs.memory("budget.facts"), (seen.key, seen.attempt, seen.total > 0)
    if memory.get("of") != now:
        memory.update(of=now, since=0, found=nothing(study))
    new, memory["since"] = kept.facts(seen.key, memory["since"])
    for fact in reversed(new):
        if "curves" in fact.facts:
            memory["found"] = Found(fact.facts, fact.n)
            break
    return memory["found"]


def under_way(study: Budget, seen: Look, drawn: int) -> None:
    """Which attack and size is computed now; has the page drawn anew where there is more than step `drawn` said."""
    if not seen.live:
        return
    if said(study, seen).n != drawn:
        st.rerun()
    if seen.total and "attack" in seen.facts:
        st.caption(f"Under way: {seen.facts['attack']}, changes up to {seen.facts['level']:g} levels.")
