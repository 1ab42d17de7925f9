"""What the address of a page asked for in vain, what it does not hold, and the sentences that say so."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from pages.parts.knobs import RUNS, escaped, memory

ASKED, IN_VAIN, LACKS = "the link asks for", "the link asked in vain for", "the address lacks"
RUN = "run"  # in the address: the key of a run from the store, to be shown instead of what the widgets say
NAMED = "the run that this page named"
MOST_LETTERS = 60  # of a link's own words
KINDS = {
    "model": "model", "model2": "other model", "pictures": "collection", "pick.": "picture", "no.": "picture number",
    "maps": "map", "class": "class", "method": "method", "inspect": "map to inspect", "reproduce": "study",
}  # fmt: skip


def arrive() -> None:
    """Before a page is drawn: note what the link asks for, since Streamlit drops what cannot be without a word."""
    if ASKED not in st.session_state:
        st.session_state[ASKED] = {key: st.query_params.get_all(key) for key in st.query_params}
        st.session_state[IN_VAIN] = {}
    elif st.session_state[RUNS] == 0:  # another page: it was said
        st.session_state[IN_VAIN] = {}
    st.session_state[LACKS] = []


def missed() -> list[str]:
    """After a page was drawn: a sentence for each choice of the link that it could not honour, until it is changed."""
    if asked := st.session_state[ASKED]:
        found = {key: st.session_state[key] for key in asked if key in st.session_state}
        st.session_state[IN_VAIN] = {key: (asked[key], got) for key, got in found.items() if not same(asked[key], got)}
        st.session_state[ASKED] = {}
    told = st.session_state[IN_VAIN]
    return [sentence(key, *told[key]) for key in told if st.session_state.get(key, told) == told[key][1]]


def same(asked: list[str], got: Any) -> bool:
    """Is what a widget holds what the link says?"""
    values = got if isinstance(got, list | tuple) else [] if got is None else [got]
    if isinstance(got, list | tuple):
        return {*map(plain, filter(None, asked))} == {*map(plain, values)}
    return [*map(plain, filter(None, asked[-1:]))] == [*map(plain, values)]


def plain(value: object) -> object:
    """A value as link and widget can be compared: 2.0 is 2, True is true."""
    words = str(value).lower()
    try:
        return float(words)
    except ValueError:
        return words


def sentence(key: str, asked: list[str], got: Any) -> str:
    """What was asked, and what there is instead."""
    if isinstance(got, list | tuple):
        absent = [word for word in asked if plain(word) not in {*map(plain, got)}]
        what, are = (kind(key), "is") if len(absent) == 1 else (f"{kind(key)}s", "are")
        return f"The link asked for the {what} {quoted(absent)}, which {are} not here; shown: {quoted(got)}."
    instead = f"this is {quoted([got])}" if got is not None else "none is chosen"
    return f"The link asked for the {kind(key)} {quoted(asked[-1:])}, which is not here; {instead}."


def kind(key: str) -> str:
    """What a key of the address chooses, in a word."""
    found = next((kind for start, kind in KINDS.items() if key.startswith(start)), None)
    return KINDS.get(key) or found or f"setting {escaped(key)}"


def quoted(words: Iterable[Any]) -> str:
    """Words that anybody may have written into a link."""
    return ", ".join(f"“{escaped(str(word)[:MOST_LETTERS])}”" for word in words) or "none"


def lacks(what: str) -> None:
    """Note that the address does not hold this, of what is on the page."""
    st.session_state[LACKS] = [*st.session_state.get(LACKS, []), what]


def stands_for(key: str | None) -> None:
    """Have the address name a run where it lacks what the run was made of; None where there is no run.

    Whoever opens the page by it, or loads it anew, sees the run; here it changes nothing: see `named`.
    """
    mine = memory(NAMED)
    if key is not None and st.session_state.get(LACKS):
        mine["named"] = st.query_params[RUN] = key
    elif mine.get("named") == st.query_params.get(RUN, ""):
        del st.query_params[RUN]


def named() -> str:
    """The run that the address asks to be shown; empty where there is none, or where this page has named it itself."""
    key = st.query_params.get(RUN, "")
    return "" if key == memory(NAMED).get("named") else key


def sharing() -> str:
    """How to share the screen, and what whoever opens the link will not see."""
    if st.query_params.get(RUN):
        return "To share this run, copy the address of the page."
    lacking = list(dict.fromkeys(st.session_state[LACKS]))
    but = f" but {' and '.join(lacking)}, which stays in this browser tab" if lacking else ""
    return f"To share this screen, copy the address of the page: it holds every choice{but}."


def link() -> str | None:
    """The address that the browser shows; None where there is no browser."""
    choices = urlencode({key: st.query_params.get_all(key) for key in st.query_params}, doseq=True)
    return f"{st.context.url}?{choices}" if st.context.url and choices else st.context.url
