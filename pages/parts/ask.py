"""Questions before a run is taken off the disk, and the link to one."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from attrcore import store
from attrcore.kinds import Refused
from attrcore.store import Entry
from pages.parts import knobs
from pages.parts.entries import line, link, megabytes, own, told

PRUNE = "Prune"
MEGA = 10**6


def ask(what: str, key: str = "") -> None:
    """Have the question asked, in this run of the page and the next ones, until it is answered."""
    knobs.memory("runs")["asked"] = what, key


def forget() -> None:
    """It was answered, or nobody wants to."""
    knobs.memory("runs").pop("asked", None)


def asked(entries: list[Entry]) -> None:
    """The question that waits for an answer, over the page."""
    what, key = knobs.memory("runs").get("asked", ("", ""))
    entry = next((entry for entry in entries if entry.key == key), None)
    if what == PRUNE:
        pruning(entries)
    elif entry is None:
        forget()
    else:
        {"Delete": deleting, "Link": linking}[what](entry)


@st.dialog("Delete this run?", on_dismiss=forget)
def deleting(entry: Entry) -> None:
    """One run, for all visitors."""
    st.markdown(f"{told(entry)}  \n{knobs.escaped(line(entry.key))}")
    other = "" if own(entry) else " You have not started it: ask whoever did."
    st.markdown(f"Its {megabytes(entry.size)} are taken off the disk, for all visitors. This cannot be undone.{other}")
    answer("Delete it", lambda: store.delete(entry.key))


@st.dialog("Link to this run", on_dismiss=forget)
def linking(entry: Entry) -> None:
    """The address, with a button that copies it."""
    st.code(link(entry), language=None, wrap_lines=True)
    st.caption("It opens the run for everybody who can reach this server, as long as the run is kept.")


@st.dialog("Delete the oldest runs?", on_dismiss=forget)
def pruning(entries: list[Entry]) -> None:
    """Down to a size, for all visitors."""
    total = sum(entry.size for entry in entries)
    st.markdown(f"All runs together take {megabytes(total)}.")
    most = st.number_input("Keep at most (MB)", 0.0, None, total / MEGA / 2, 1.0, key="runs.most", format="%.1f")
    st.markdown(
        "Runs that ended are deleted, the oldest first, of all visitors, until no more is left than that. Pinned ones "
        "stay, and those under way. This cannot be undone."
    )
    answer("Delete them", lambda: store.prune(int(most * MEGA)))


def answer(label: str, do: Callable[[], Any]) -> None:
    """Two buttons: do it, or do not.  What the store refuses is said in a sentence."""
    with st.container(horizontal=True):
        if st.button(label, key="runs.yes"):
            try:
                do()
            except Refused as e:
                st.error(str(e))
                return
            except FileNotFoundError:
                st.error("It was deleted meanwhile.")
                return
            forget()
            st.rerun()
        if st.button("Keep", key="runs.no"):
            forget()
            st.rerun()
