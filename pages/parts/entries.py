"""What is said of one run of the store: what it computes, whose it is, and where it is shown."""

import re
import threading
from datetime import datetime
from urllib.parse import urlencode, urljoin
from zoneinfo import ZoneInfo

import cachetools
import streamlit as st

from attrcore import runs
from attrcore.folder import Folder
from attrcore.recipe import called
from attrcore.store import Entry
from pages.frame import SECTIONS
from pages.parts import address, described, knobs

COLOURS = {"done": "green", "failed": "red", "interrupted": "orange", "cancelled": "gray"}
PAGES = {
    "Fooling": "Fool",
    "Budget": "Budget",
    "Transfer": "Transfer",
    "ModelFooling": "Manipulate",
    "Randomisation": "Randomise",
    "DataRandomisation": "Labels",
    "ClassRandomisation": "Classes",
}  # kind of study -> title of its page
UNREAD = "Its settings cannot be read here."


def title(kind: str) -> str:
    """A kind of study as people read it."""
    return PAGES.get(kind) or (called(found) if (found := runs.studies().get(kind)) else kind or "unknown")


def opener(entry: Entry) -> None:
    """A link to the page that shows the run, where there is one."""
    if file := shown_by(entry.kind):
        st.page_link(file, label="Open", query_params={address.RUN: entry.key})


def shown_by(kind: str) -> str | None:
    """The file of the page that shows runs of that kind, as the menu names it."""
    section = next((s for s, titles in SECTIONS.items() if PAGES.get(kind) in titles), None)
    return f"{section.lower()}/{PAGES[kind].lower()}.py" if section else None


def link(entry: Entry) -> str:
    """The address of the page that shows the run; empty where there is none."""
    if not (file := shown_by(entry.kind)):
        return ""
    page = file.partition("/")[2].removesuffix(".py")
    return urljoin(st.context.url or "", f"{page}?{urlencode({address.RUN: entry.key})}")


def told(entry: Entry) -> str:
    """Which run it is.  Plain words: of a tick's name, those who do not see it hear every letter."""
    return f"{title(entry.kind)} {entry.key}"


def what(entry: Entry) -> str:
    """How it ended and what it computes, in Markdown."""
    badges = [(COLOURS.get(entry.state), entry.state), ("violet" if own(entry) else None, "yours"),
              ("blue" if entry.pinned else None, "pinned")]  # fmt: skip
    marks = "".join(f":{colour}-badge[{word}] " for colour, word in badges if colour)
    return f"{marks}{knobs.escaped(line(entry.key))}"


def about(entry: Entry) -> str:
    """Whose it is, since when, how large."""
    return f"{whose(entry)} · {when(entry.made)} · {megabytes(entry.size)}"


def own(entry: Entry) -> bool:
    """Did this visitor start it?"""
    return entry.visitor == knobs.visitor()


def whose(entry: Entry) -> str:
    """Who started it, as far as one can say."""
    if own(entry):
        return "started by you"
    name = entry.visitor or "nobody knows whom"
    return f"started by {f'visitor {name[:4]}' if re.fullmatch('[0-9a-f]{32}', name) else knobs.escaped(name)}"


def when(made: float) -> str:
    """Date and time where the visitor is."""
    if not made:
        return "nobody knows when"
    return f"{datetime.fromtimestamp(made, ZoneInfo(st.context.timezone or 'UTC')):%d %b %Y, %H:%M}"


def megabytes(size: int) -> str:
    """Bytes as people count them."""
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.0f} kB"


def known(key: str) -> bool:
    """Can its settings be read here?"""
    return line(key) != UNREAD


def line(key: str) -> str:
    """Its settings in a line."""
    try:
        return described_once(key)
    except (OSError, ValueError, TypeError):  # damaged, or of another version
        return UNREAD


@cachetools.cached(cachetools.LRUCache(2000), lock=threading.Lock())
def described_once(key: str) -> str:
    """The same, read once: a key stands for its settings."""
    runs.studies()  # so that all kinds are known
    return described.line(Folder(key).recipe())
