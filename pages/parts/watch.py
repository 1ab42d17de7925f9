"""A study from a page: start it, watch it, end it, go on with it.

What is shown is read from the run's folder.  So it is there again after a reload, a restart of the app, and for
whoever asks for the same.
"""

import re
from collections.abc import Callable

import streamlit as st

from attrcore import jobs, kept, store
from attrcore.answers import NoAnswer
from attrcore.folder import KEY, Folder, Look
from attrcore.kinds import Refused
from attrcore.recipe import Recipe
from pages.parts import address, knobs

LOOKS = 0.25  # seconds between two looks at a run that is under way
WORDS = {"cancelled": "It was cancelled.", "failed": "It failed.", "interrupted": "It was broken off."}


def opened(kind: type[Recipe]) -> Recipe | None:
    """The study of the run that the address names, where it is one of this kind."""
    key = address.named()
    if not re.fullmatch(KEY, key):
        return None
    try:
        found = Folder(key).recipe()
    except (OSError, ValueError, TypeError):
        st.info(f"The link asked for the run {key}, which is not here.")
        return None
    if not isinstance(found, kind):
        return None
    if found.key() != key:
        st.info(f"The run {key} was made by an earlier version, in which its settings meant something else.")
        return None
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"This is the run `{key}` from the store, with the settings it was started with.")
        if st.button("Close it and choose anew"):
            del st.query_params[address.RUN]
            st.rerun()
    return found


def start(study: Recipe, label: str, cost: str = "", addressed: bool = True) -> Look | None:
    """The button that starts the study, or goes on with it, unless it runs or is done; how it is, None before it.

    The address of the page names the run, unless it is not what the page is about.
    """
    key = study.key()
    seen = jobs.engine().look(key)
    with st.container(horizontal=True, vertical_alignment="center"):
        if seen is None or not (seen.live or (seen.state == "done" and store.sound(key))):
            again = "Go on" if seen is not None and seen.resumable else label
            place = st.empty()
            if place.button(again, type="primary", key=f"start.{type(study).__name__}"):
                jobs.engine().start(study, knobs.visitor())
                place.empty()  # it is done: what follows is drawn of a run that has begun
                seen = jobs.engine().look(key)
            elif seen is None and cost:
                st.caption(cost)
    if addressed:
        address.stands_for(None if seen is None else key)
    return seen


def follow(
    study: Recipe,
    draw: Callable[[Look], None],
    more: Callable[[Look], bool] = lambda seen: False,
    first: Look | None = None,
) -> Look | None:
    """How far the run is, and what `draw` makes of it, anew four times a second while it is under way.

    `more` says whether `draw` has something left to do for a run that is over; `first` is how the run was when the page
    above was drawn, which is drawn again where that has changed.  Returns the run once it is over.
    """
    key = study.key()
    first = first or jobs.engine().look(key)
    if first is None:
        return None
    going = first.live or more(first)

    @st.fragment(run_every=LOOKS if going else None)
    def look() -> None:
        seen = jobs.engine().look(key)
        if seen is None:
            st.info("This run was deleted.")
            return
        try:
            state(seen)
            draw(seen)
        except (Refused, NoAnswer) as e:
            st.error(str(e))
        if going and not seen.live and not more(seen):
            st.rerun()  # the rest of the page is drawn of what it found

    look()
    return None if first.live else first


def facts(seen: Look) -> list[kept.Fact]:
    """What the steps of a run said so far, of which only the new is read.

    A run that goes on drops what it said after its checkpoint before it counts steps: then all is read anew.
    """
    memory, now = knobs.memory("watch.facts"), (seen.key, seen.attempt, seen.total > 0)
    if memory.get("of") != now:
        memory.update(of=now, since=0, facts=[])
    new, memory["since"] = kept.facts(seen.key, memory["since"])
    memory["facts"] += new
    return memory["facts"]


def state(seen: Look) -> None:
    """One line: where it is in the queue, how far it is, how it ended."""
    if seen.live:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(min(1.0, seen.done / seen.total) if seen.total else 0.0, words(seen), width="stretch")
            if st.button("Cancel", key=f"cancel.{seen.key}"):
                jobs.engine().cancel(seen.key)
    elif seen.state in WORDS:
        how = st.error if seen.state == "failed" else st.warning
        more = " It can go on from its last checkpoint." if seen.resumable else ""
        how(f"{WORDS[seen.state]} {seen.error}{more}")


def words(seen: Look) -> str:
    """A live run in words."""
    if seen.state == "queued":
        before = {0: "It is the next.", 1: "One study is before it."}
        return f"Waiting for a worker. {before.get(seen.ahead, f'{seen.ahead} studies are before it.')}"
    if not seen.total:
        return "Starting …"
    left = "" if seen.left is None else f", about {duration(seen.left)} left"
    phase = f" ({seen.facts['phase']})" if "phase" in seen.facts else ""
    return f"Step {seen.done} of {seen.total}{phase}{left}"


def duration(seconds: float) -> str:
    """In words, as exactly as one needs it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
