"""Widgets that put a contest together: which networks, one picture, one attack."""

import streamlit as st

from attrcore.models import MODELS, find
from attrcore.studies.contest import MOST, SEPARATOR, Contest
from pages.parts import attacks, knobs, pick
from pages.parts.knobs import LINKED, kept


def chosen() -> Contest:
    """The contest that the widgets describe.  Ends the run where there is none to contend with."""
    scene = pick.scene()
    there = [name for name in (*MODELS, *pick.checkpoints()) if name != scene.model and rival(name, scene.model)]
    titles = {pick.titled(name): name for name in there}
    first = [title for title, name in titles.items() if name.startswith("RAR")][: MOST - 1] or list(titles)[:1]
    picked = st.multiselect("Against", titles, first, key=kept("models.against"), max_selections=MOST - 1, wrap=True,
                            help="Networks for images of the same size, attacked beside the one in the sidebar.",
                            **LINKED)  # fmt: skip
    if not picked:
        st.info("Choose at least one network to compare with.")
        raise knobs.Ended
    others = [titles[title] for title in picked]
    digests = [find(name).digest for name in others]
    return Contest(attacks.chosen(scene), SEPARATOR.join(others), SEPARATOR.join(digests))


def rival(name: str, model: str) -> bool:
    """Is it here, and takes images of the same size?"""
    return not find(name).missing() and tuple(find(name).size) == tuple(find(model).size)
