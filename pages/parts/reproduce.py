"""Studies that come with the project: what they reproduce, what they gave, and whether they can run here."""

import streamlit as st

from attrcore.data import collections
from attrcore.kinds import Result
from attrcore.models import find
from attrcore.recipe import Recipe
from attrcore.studies.budget import Budget
from attrcore.studies.fooling import Fooling
from attrcore.studyfile import StudyFile, shipped
from pages.parts import knobs, show, sweep

OWN = "your own settings"


def chosen(kind: type[Recipe]) -> StudyFile | None:
    """One of those of this kind; None for the visitor's own settings."""
    files = {file.title: file for file in shipped().values() if isinstance(file.study, kind)}
    title = st.selectbox("Reproduce", [OWN, *files], key=f"reproduce.{kind.__name__}", filter_mode=None, width=480,
                         help="Settings near to the paper's, with the differences told.", **knobs.LINKED)  # fmt: skip
    return files.get(title)


def about(file: StudyFile) -> Result | None:
    """Say what it is; what it gave, where that ships."""
    st.markdown(file.about)
    st.caption(settings(file.study))
    found = file.result()
    if found is not None:
        made = ", ".join(f"{name} {version}" for name, version in found.made_by.items())
        st.markdown(f"This result comes with the project. It was made by {made}.")
    return found


def settings(study: Recipe) -> str:
    """All of a study's in words."""
    return f"{show.settings(study)[:1].upper()}{show.settings(study)[1:]}."


def obstacle(study: Budget | Fooling) -> str:
    """Why it cannot run on this machine, in a sentence, or nothing."""
    asked = study.subject if isinstance(study, Fooling) else study
    try:
        entry = find(asked.model)
    except KeyError as e:
        return f"It cannot run here: {e.args[0]}"
    if reason := entry.missing():
        return f"It cannot run here: {reason}"
    if entry.digest != asked.digest:
        return f"It cannot run here: the weights of {asked.model} on this machine are not those it was set up for."
    if not asked.collection:
        return ""  # the recipe holds the picture
    source = collections().get(asked.collection)
    if source is None:
        return f"It cannot run here: there is no collection {asked.collection!r} on this machine."
    reason = source.missing()
    return f"It cannot run here: {reason}" if reason else ""


def cost(study: Budget) -> str:
    """What it takes, and what else one can do meanwhile."""
    return (
        f"{sweep.cost(study)} It runs in the background, for hours without a graphics card; the bar says how long once "
        "it is under way. You may leave this page and come back."
    )
