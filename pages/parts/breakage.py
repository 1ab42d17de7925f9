"""How far a study of many sizes has come: what its run has said so far, and what is under way."""

from typing import Any, NamedTuple

import streamlit as st

from attrcore import kept
from attrcore.folder import Look
from attrcore.models import find
from attrcore.studies.budget import Budget
from pages.parts import watch


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
    """Before the first number.  Raises Refused where the network is not here any more."""
    _, height, width = find(study.model).size
    return Found({"levels": study.sizes(), "curves": {}, "chance": {}, "pixels": height * width})


def said(study: Budget, seen: Look) -> Found:
    """The latest summary among the facts of a run's steps."""
    told = (Found(fact.facts, fact.n) for fact in reversed(watch.facts(seen)) if "curves" in fact.facts)
    return next(told, None) or nothing(study)


def under_way(study: Budget, seen: Look, drawn: int) -> None:
    """Which attack and size is computed now; has the page drawn anew where there is more than step `drawn` said."""
    if not seen.live:
        return
    if said(study, seen).n != drawn:
        st.rerun()
    facts = seen.facts if seen.total else {}
    now = f"{facts['attack']}, changes up to {facts['level']:g} levels" if "attack" in facts else "…"
    st.caption(f"Under way: {now}")
