"""Which maps to see, and with which settings; favourites are remembered by the visitor's browser, not by the server."""

from dataclasses import fields

import streamlit as st

from attrcore.explain import EXPLAINERS
from attrcore.recipe import Recipe
from pages.parts import wire
from pages.parts.knobs import LINKED, kept, recipe

MAPS, SHELF = "maps", "favourites"
WORDS = {
    "keep": "Keep these as favourites", "show": "Show my favourites", "done": "Kept in this browser.",
    "failed": "This browser keeps nothing.",
}  # fmt: skip

COMPONENT = wire.component("favourites")


def chosen(default: tuple[str, ...]) -> dict[str, Recipe]:
    """Explainers by menu name, in menu order, each with the settings chosen in the sidebar."""
    names = st.pills("Maps", EXPLAINERS, selection_mode="multi", default=default, key=kept(MAPS), **LINKED)
    favourites(names)
    picked = {}
    for name, cls in EXPLAINERS.items():
        if name in names and fields(cls):
            with st.sidebar.expander(name):
                picked[name] = recipe(cls)
        elif name in names:
            picked[name] = cls()
    return picked


def favourites(names: list[str]) -> None:
    """Two buttons: one keeps the maps of now, the other shows those that were kept."""
    COMPONENT(key=SHELF, data={**WORDS, "known": list(EXPLAINERS), "now": names}, on_chosen_change=show)


def show() -> None:
    """Have those maps shown that the browser kept, as far as they exist: a visitor can send anything."""
    sent = st.session_state[SHELF].get("chosen")
    known = [name for name in EXPLAINERS if isinstance(sent, list) and name in sent]
    if known:
        st.session_state[MAPS] = known
