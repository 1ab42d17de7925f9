"""Studies that come with the project: what they reproduce, what they gave, and whether they can run here."""

import streamlit as st

from attrcore.kinds import Refused, Result
from attrcore.models import find
from attrcore.origin import MISSING
from attrcore.recipe import Recipe
from attrcore.studies.budget import Budget
from attrcore.studies.fooling import Fooling
from attrcore.studies.selection import collection
from attrcore.studyfile import StudyFile, shipped, written
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
        st.markdown(f"This result comes with the project. {made(found.made_by)}")
    return found


def made(by: dict[str, str]) -> str:
    """The versions and the device that made a result."""
    there = {name: version for name, version in by.items() if version != MISSING}
    return f"Made by {', '.join(f'{name} {version}' for name, version in there.items())}."


def offer(study: Recipe, title: str, page: str) -> None:
    """The study as a file that runs it again."""
    st.download_button("Recipe (.json)", lambda: written(study, title), f"{page}-{study.key()}-recipe.json",
                       on_click="ignore", key=f"{page}.save.json",
                       help="Runs without a browser too: `python -m attrcore run FILE`.")  # fmt: skip


def settings(study: Recipe) -> str:
    """All of a study's in words."""
    return f"{show.settings(study)[:1].upper()}{show.settings(study)[1:]}."


def obstacle(study: Budget | Fooling) -> str:
    """Why it cannot run on this machine, in a sentence, or nothing."""
    asked = study.subject if isinstance(study, Fooling) else study
    try:
        entry = find(asked.model)
    except Refused as e:
        return f"It cannot run here: {e}"
    if reason := entry.missing():
        return f"It cannot run here: {reason}"
    if entry.digest != asked.digest:
        return f"It cannot run here: the weights of {asked.model} on this machine are not those it was set up for."
    if not asked.collection:
        return ""  # the recipe holds the picture
    try:
        collection(asked.collection)
    except Refused as e:
        return f"It cannot run here: {e}"
    return ""


def cost(study: Budget) -> str:
    """What it takes, and what else one can do meanwhile."""
    return (
        f"{sweep.cost(study)} It runs in the background, for hours without a graphics card; the bar says how long once "
        "it is under way. You may leave this page and come back."
    )
