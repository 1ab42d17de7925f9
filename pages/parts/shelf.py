"""The runs of the store as rows: those under way, which are looked at twice a second, and those that ended."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import cachetools
import streamlit as st

from attrcore import jobs, store
from attrcore.answers import NoAnswer
from attrcore.folder import LIVE, Folder, Look
from attrcore.kinds import Refused
from attrcore.paths import runs_folder
from attrcore.store import Entry
from pages.parts import ask, knobs, outcomes, watch
from pages.parts.entries import about, known, link, megabytes, opener, own, title, told, what
from pages.parts.knobs import LINKED, kept

PAGE = 20  # runs on a page
LOOKS = 0.5  # seconds between two looks at what is under way
NEWS = 2.0  # seconds for which all visitors share one list of what is new
STATES = ("under way", "done", "cancelled", "failed", "interrupted")
ANY = "any"
COMPARED = "compare"  # in the address: keys of runs that are ticked


class Listed(NamedTuple):
    """The runs as they were at one moment."""

    at: float
    entries: list[Entry]


def listed() -> Listed:
    """As they are now."""
    at = time.monotonic()
    return Listed(at, store.listed())


@cachetools.cached(cachetools.TTLCache(1, NEWS), key=runs_folder, lock=threading.Lock())
def news() -> Listed:
    """As they were a moment ago: one list for all visitors that watch."""
    return listed()


def filtered(entries: list[Entry]) -> list[Entry]:
    """Those that the filters let through."""
    kinds = sorted({title(entry.kind) for entry in entries})
    with st.container(horizontal=True, gap="medium"):
        whose = st.segmented_control("Whose", ("all", "mine"), default="all", required=True, key=kept("runs.whose"),
                                     help="Mine: started in this browser tab.", **LINKED)  # fmt: skip
        state = st.selectbox("State", (ANY, *STATES), key=kept("runs.state"), filter_mode=None, width=160, **LINKED)
        kind = st.selectbox("Kind", (ANY, *kinds), key=kept("runs.kind"), filter_mode=None, width=200, **LINKED)
    return [
        entry
        for entry in entries
        if (whose == "all" or own(entry))
        and (state == ANY or state == (STATES[0] if entry.state in LIVE else entry.state))
        and kind in (ANY, title(entry.kind))
    ]


def looked(entries: list[Entry]) -> list[Entry]:
    """The same with the state that the engine knows: a disk that takes nothing may say less."""
    now = {entry.key: jobs.engine().look(entry.key) for entry in entries if entry.state in LIVE}
    return [e._replace(state=seen.state) if (seen := now.get(e.key)) else e for e in entries]


def live(entries: list[Entry], all_: Listed) -> None:
    """Those under way, anew twice a second; the page is drawn again when one ends or another comes."""
    going = [entry for entry in entries if entry.state in LIVE]
    drawn = {(entry.key, entry.state in LIVE, entry.pinned) for entry in all_.entries}

    @st.fragment(run_every=LOOKS if going else 2 * NEWS)
    def look() -> None:
        seen = {entry.key: jobs.engine().look(entry.key) for entry in going}
        for entry in going:
            if (now := seen[entry.key]) is not None and now.live:
                under_way(entry, now)
        latest = news()
        changed = {(entry.key, entry.state in LIVE, entry.pinned) for entry in latest.entries} != drawn
        if any(now is None or not now.live for now in seen.values()) or (latest.at > all_.at and changed):
            st.rerun()

    if going:
        st.subheader("Under way")
    look()


def under_way(entry: Entry, seen: Look) -> None:
    """One run that waits or runs."""
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"run.{entry.key}"):
        with st.container(gap="xxsmall", width="stretch", key=f"says.{entry.key}"):
            st.markdown(told(entry))
            st.markdown(what(entry))
            st.progress(min(1.0, seen.done / seen.total) if seen.total else 0.0, watch.words(seen))
            st.caption(about(entry))
        opener(entry)
        if st.button("Cancel", key=f"cancel.{entry.key}", help=f"Ends the run {entry.key}"):
            with sentence():
                jobs.engine().cancel(entry.key)


def ended(entries: list[Entry], ticked: list[Entry]) -> None:
    """Those that ended, page by page."""
    over = [entry for entry in entries if entry.state not in LIVE]
    if not over:
        return
    st.subheader("Ended")
    pages = -(-len(over) // PAGE)
    number = 1
    place = st.container(gap="small")
    if pages > 1:
        st.caption(f"{len(over):,} runs, {PAGE} on a page, the latest first.")
        number = st.pagination(pages, key=kept("runs.page"), **LINKED)
    with place:
        for entry in over[(number - 1) * PAGE : number * PAGE]:
            row(entry, ticked)


def row(entry: Entry, ticked: list[Entry]) -> None:
    """One run that ended: what it is, and what can be done with it."""
    seen = store.look(entry.key) if entry.state != "done" else None
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"run.{entry.key}"):
        outcomes.thumbnail(entry)
        with st.container(gap="xxsmall", width="stretch", key=f"says.{entry.key}"):
            if entry.state == "done":
                tick(entry, ticked)
            else:
                st.markdown(told(entry))
                if reason := seen.error if seen else "":
                    st.caption(knobs.escaped(reason))
            st.markdown(what(entry))
            if outcome := outcomes.found(entry):
                st.markdown(f"**Found:** {outcome}.")
            st.caption(about(entry))
        opener(entry)
        again = entry.state != "done" and known(entry.key)
        can = [("Go on" if seen and seen.resumable else "Run again")] if again else []
        can += ["Unpin" if entry.pinned else "Pin", *(["Link"] if link(entry) else []), "Delete"]
        if chosen := st.menu_button("More", can, key=f"more.{entry.key}", help=f"What to do with the run {entry.key}"):
            act(entry, chosen)


def act(entry: Entry, chosen: str) -> None:
    """Do what the menu of a run says, or ask first."""
    with sentence():
        if chosen in ("Go on", "Run again"):
            jobs.engine().start(Folder(entry.key).recipe(), knobs.visitor())
        elif chosen in ("Pin", "Unpin"):
            store.pin(entry.key, chosen == "Pin")
        else:
            ask.ask(chosen, entry.key)
        st.rerun()


@contextmanager
def sentence() -> Iterator[None]:
    """What was refused is one sentence, and the page goes on."""
    try:
        yield
    except (Refused, NoAnswer) as e:
        st.error(str(e))
    except FileNotFoundError:
        st.error("This run was deleted meanwhile.")


def tick(entry: Entry, ticked: list[Entry]) -> None:
    """The switch that has a run compared; only those of one kind can be."""
    other = bool(ticked) and ticked[0].kind != entry.kind
    why = f"Only runs of one kind are compared; {title(ticked[0].kind)} is ticked." if other else None
    round_ = knobs.memory("runs").get("round", 0)
    st.checkbox(told(entry), entry.key in {e.key for e in ticked}, key=f"tick.{entry.key}.{round_}", disabled=other,
                help=why, on_change=turn, args=(entry.key,), width="stretch")  # fmt: skip


def turn(key: str) -> None:
    """Tick the run, or no longer."""
    keys = st.query_params.get_all(COMPARED)
    st.query_params[COMPARED] = [k for k in keys if k != key] if key in keys else [*keys, key]


def untick() -> None:
    """Take all ticks away."""
    st.query_params.pop(COMPARED, None)
    knobs.memory("runs")["round"] = knobs.memory("runs").get("round", 0) + 1


def ticked(entries: list[Entry]) -> list[Entry]:
    """The finished runs that the address names, of the first one's kind."""
    done = {entry.key: entry for entry in entries if entry.state == "done"}
    found = [done[key] for key in dict.fromkeys(st.query_params.get_all(COMPARED)) if key in done]
    return [entry for entry in found if entry.kind == found[0].kind]


def room(entries: list[Entry]) -> None:
    """What all runs take on the disk, and a way to make room."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{len(entries):,} runs, {megabytes(sum(entry.size for entry in entries))} on disk.")
        if st.button("Make room", help="Deletes the oldest runs that ended, down to a size that you choose."):
            ask.ask(ask.PRUNE)
