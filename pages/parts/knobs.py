"""Widgets for the knobs of recipes: a new method has its controls the day it is written.

Every choice is bound to the address, under the widget's key: a copied link restores it.
"""

import math
import re
from contextlib import nullcontext
from dataclasses import fields
from typing import Any
from uuid import uuid4

import streamlit as st

from attrcore.recipe import Recipe, parts, types

LINKED: dict[str, Any] = {"bind": "query-params"}
MOST_LETTERS = 200  # of a setting in words

PAGE, RUNS = "page", "runs since the page changed"
FILES = "files"  # that the visitor sent, by the key of their widget


class Ended(Exception):
    """There is no more of this page now, and it has said why.  `pages.frame` stops there; raise it for st.stop()."""


def kept(key: str) -> str:
    """The key of a widget whose value follows the reader to other pages, where a widget has the same key."""
    if st.session_state.get(RUNS, 2) < 2 and key in st.session_state:  # Streamlit forgets what is not set anew
        st.session_state[key] = st.session_state[key]
    return key


def usual(key: str, value: Any, most: float = math.inf) -> str:
    """The same, of a widget whose usual value changes: it goes along until something else is chosen, `most` at most.

    So the address, which leaves usual values out, still says what is seen.
    """
    before = f"{key} usual"
    if key in st.session_state and st.session_state[key] == st.session_state.get(before, value):
        st.session_state[key] = value
    st.session_state[before] = value
    if key in st.session_state and most < math.inf and st.session_state[key] > most:
        st.session_state[key] = most
    return kept(key)


def state(key: str) -> Any:
    """What a component of our own has said, before it is drawn in this run; None where it has said nothing."""
    return st.session_state.get(key)


def choose(key: str, value: Any) -> None:
    """Have the widget of that key hold a value; only in a callback, which runs before widgets are drawn."""
    st.session_state[key] = value


def memory(key: str) -> dict[str, Any]:
    """What a part remembers of this visitor until they leave."""
    return st.session_state.setdefault(key, {})


def let_go(key: str) -> None:
    """Forget the file that a visitor sent by the widget of that key, where it holds none any more; in a callback."""
    if st.session_state.get(key) is None:
        memory(FILES).pop(key, None)


def visitor() -> str:
    """A name for whoever sits before this browser tab, which says nothing of them."""
    return memory("visitor").setdefault("name", uuid4().hex)


def escaped(words: str) -> str:
    """Words that a visitor may have written, such as names of classes, for where Markdown is read."""
    return re.sub(r"([\\`*_{}\[\]()#+.!|<>~$:-])", r"\\\1", words)


def arrive(page: str) -> None:
    """Note which page is drawn, before it is."""
    same = st.session_state.get(PAGE, page) == page
    st.session_state[RUNS] = min(2, st.session_state.get(RUNS, 2) + 1) if same else 0
    st.session_state[PAGE] = page


def settle() -> None:
    """After a page was drawn: have the address hold what followed the reader from another page.

    Streamlit takes all choices off the address when the page changes, though it still knows them in a second run; it
    sends them to the browser with any change of ours, and none will do.
    """
    if st.session_state[RUNS] == 0:
        st.rerun()
    if st.session_state[RUNS] == 1:
        st.query_params.update({})


def pressed(label: str, key: str, of: str) -> bool:
    """A button that starts something long and then stops it.  It stays pressed for `of`, and for nothing else."""
    state = f"{key} pressed for"
    if st.session_state.get(state) != of:
        st.session_state[state] = None
    on = st.session_state[state] is not None

    def turn() -> None:
        st.session_state[state] = None if on else of

    st.button("Stop computing" if on else label, key=key, on_click=turn)
    return on


def recipe(
    cls: type[Recipe], across: bool | int = False, under: str = "", given: dict[str, Any] | None = None
) -> Recipe:
    """One widget per knob of `cls`, below each other or across the page, and the recipe they describe.

    What is `given` is not asked for.

    Those across the page are 375 px wide, or so many as `across` says.

    A part that is a recipe itself gets a menu of what it may be, and then the widgets of what was chosen.  `under`
    tells the widgets of two equal parts apart.
    """
    name, width = f"{under}{cls.__name__}", 375 if across is True else across or "stretch"
    with st.container(horizontal=True, gap="medium") if across else nullcontext():
        values: dict[str, Any] = dict(given or {})
        for f in fields(cls):
            if f.metadata and f.name not in values:
                idle = any(values[other] not in those for other, those in f.metadata.get("when", {}).items())
                values[f.name] = widget(name, cls, f, width, idle)
        return cls(**values)


def tuned(start: Recipe, under: str = "") -> Recipe:
    """The same, of widgets that start with a recipe's own settings; its parts follow, each under its name."""
    cls, name, values = type(start), f"{under}{type(start).__name__}", {}
    with st.container(horizontal=True, gap="medium"):
        for f in fields(cls):
            if not isinstance(value := getattr(start, f.name), Recipe):
                values[f.name] = widget(name, cls, f, 270, start=value)
    for f in fields(cls):
        if isinstance(value := getattr(start, f.name), Recipe):
            st.markdown(f"**{f.metadata.get('label') or label_of(f.name)}.** {type(value).title()}")
            values[f.name] = tuned(value, f"{name}.{f.name}.")
    return cls(**values)


def linked(cls: type[Recipe]) -> bool:
    """Did the visitor come by a link with a choice other than the usual one for a knob of `cls`?"""
    key = f"linked {cls.__name__}"
    if key not in st.session_state:
        st.session_state[key] = any(name.startswith(f"{cls.__name__}.") for name in st.query_params)
    return st.session_state[key]


def chosen_part(key: str, cls: type[Recipe], f: Any, shared: dict[str, Any]) -> Recipe:
    """A recipe within a recipe: which one, and its knobs."""
    kinds = parts(cls, f.name)
    usual = list(kinds.values()).index(type(f.default))
    kind = kinds[st.selectbox(label_of(f.name), kinds, usual, filter_mode=None, **shared)]
    return recipe(kind, under=f"{key}.") if fields(kind) else kind()


def help_of(cls: type[Recipe], name: str) -> str:
    """What is said of a knob, for a widget of a page's own."""
    return next(f.metadata["help"] for f in fields(cls) if f.name == name)


def label_of(name: str) -> str:
    """A knob's name as people read it."""
    return name.replace("_", " ").capitalize()


def widget(name: str, cls: type[Recipe], f: Any, width: int | str, idle: bool = False, start: Any = None) -> Any:
    """The widget that a knob asks for: a menu, a switch, a number or a slider; greyed where it is `idle`.

    It holds the knob's usual value first, or `start`, which may come to be another one.
    """
    value = f.default if start is None else start
    lo, hi, help, choices = (f.metadata.get(k) for k in ("lo", "hi", "help", "choices"))
    label, key = f.metadata.get("label") or label_of(f.name), f"{name}.{f.name}"
    shared: dict[str, Any] = {
        "key": kept(key) if start is None else usual(key, start),
        "help": help,
        "width": width,
        "disabled": idle,
        **LINKED,
    }
    if "part" in f.metadata:
        return chosen_part(key, cls, f, shared)
    if choices and sum(map(len, choices)) <= 30:  # they fit side by side
        return st.segmented_control(label, choices, default=value, required=True, **shared)
    if choices:
        return st.selectbox(label, choices, choices.index(value), filter_mode=None, **shared)
    kind = types(cls)[f.name]
    if kind is str:
        return st.text_input(label, value, max_chars=MOST_LETTERS, **shared)
    if kind is bool:
        return st.toggle(label, value, **shared)
    if hi - lo > 10_000 or 0 < 1000 * lo <= hi:  # seeds, and rates that span decades: too fine for a slider
        return st.number_input(label, lo, hi, value, format=None if kind is int else "%.4g", **shared)
    if kind is int:
        return st.slider(label, lo, hi, value, **shared)
    return st.slider(label, lo, hi, value, step=0.01 if hi - lo <= 1 else 0.05 if hi - lo <= 10 else 0.5, **shared)
