"""Which maps to see, and with which settings; favourites are remembered by the visitor's browser, not by the server.

Each group has a widget of its own.  What is chosen of all groups is kept here, and is one parameter of the address.
"""

import re
from dataclasses import fields

import streamlit as st

from attrcore.explain import ABOUT, EXPLAINERS, GROUPS
from attrcore.recipe import Recipe
from pages.parts import wire
from pages.parts.knobs import recipe

MAPS, SHELF = "maps", "favourites"
WORDS = {
    "keep": "Keep these as favourites", "show": "Show my favourites", "done": "Kept in this browser.",
    "failed": "This browser keeps nothing.",
}  # fmt: skip

COMPONENT = wire.component("favourites")


def chosen(default: tuple[str, ...]) -> dict[str, Recipe]:
    """Explainers by menu name, in menu order, each with the settings chosen in the sidebar."""
    if MAPS not in st.session_state:
        st.session_state[MAPS] = linked(default)
    names = st.session_state[MAPS]
    with st.expander(f"Choose maps: {len(EXPLAINERS)} methods in {len(GROUPS)} groups", key="choose maps"):
        with st.container(horizontal=True):
            for group in GROUPS:
                pills(group, names)
        with st.container(horizontal=True, vertical_alignment="center"):
            usual = [name for name in EXPLAINERS if name in default]
            st.button("Reset to the usual maps", key="reset", on_click=take, args=(usual,), disabled=names == usual)
            favourites(names)
    write(names, default)
    picked = {}
    for name in names:
        cls = EXPLAINERS[name]
        if fields(cls):
            with st.sidebar.expander(name):
                picked[name] = recipe(cls)
        else:
            picked[name] = cls()
    return picked


def pills(group: str, names: list[str]) -> None:
    """The methods of one group, `names` of them chosen."""
    key, mine = f"{MAPS}.{group}", [name for name in GROUPS[group] if name in names]
    if set(st.session_state.get(key, [""])) != set(mine):  # else a choice that is on its way would be overwritten
        st.session_state[key] = mine
    about = "\n\n".join([ABOUT[group], *(f"**{name}**: {gist(name)}" for name in GROUPS[group])])
    st.pills(group, GROUPS[group], selection_mode="multi", key=key, help=about, on_change=gather, width="content")


def gather() -> None:
    """Note what is chosen in all groups."""
    take([name for group in GROUPS for name in GROUPS[group] if name in st.session_state[f"{MAPS}.{group}"]])


def take(names: list[str]) -> None:
    """Have these maps shown."""
    st.session_state[MAPS] = names


def linked(default: tuple[str, ...]) -> list[str]:
    """The maps that the address names, as far as they exist; none where it says so, the usual ones otherwise."""
    sent = st.query_params.get_all(MAPS)
    known = [name for name in EXPLAINERS if name in sent]
    return known if known or sent == [""] else [name for name in EXPLAINERS if name in default]


def write(names: list[str], default: tuple[str, ...]) -> None:
    """Have the address name the maps, where they are not the usual ones."""
    said = [] if set(names) == set(default) else names or [""]
    if st.query_params.get_all(MAPS) != said:
        st.query_params[MAPS] = said


def gist(name: str) -> str:
    """What a method is: the title of its docstring without the reference, and the first sentence after it."""
    cls = EXPLAINERS[name]
    title = re.sub(r" \([^()]*\d{4}[^()]*\)", "", cls.title()).rstrip(".")
    first = re.split(r"(?<=[a-z)\]])[.:] (?=[A-Z])", cls.story().partition("\n")[0])[0].rstrip(".")
    return f"{first}." if title == name else f"{title}. {first}."


def favourites(names: list[str]) -> None:
    """Two buttons: one keeps the maps of now, the other shows those that were kept."""
    COMPONENT(key=SHELF, data={**WORDS, "known": list(EXPLAINERS), "now": names}, on_chosen_change=show)


def show() -> None:
    """Have those maps shown that the browser kept, as far as they exist: a visitor can send anything."""
    sent = st.session_state[SHELF].get("chosen")
    known = [name for name in EXPLAINERS if isinstance(sent, list) and name in sent]
    if known:
        take(known)
