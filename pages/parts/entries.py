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
from pages.parts import described, knobs, watch

COLOURS = {"done": "green", "failed": "red", "interrupted": "orange", "cancelled": "gray"}
PAGES = {"Fooling": "Fool", "Budget": "Budget", "Transfer": "Transfer"}  # kind of study -> title of its page
UNREAD = "Its settings cannot be read here."


def title(kind: str) -> str:
    """A kind of study as people read it."""
    return PAGES.get(kind) or (called(found) if (found := runs.studies().get(kind)) else kind or "unknown")


def opener(entry: Entry) -> None:
    """A link to the page that shows the run, where there is one."""
    if file := shown_by(entry.kind):
        st.page_link(file, label="Open", query_params={watch.OPENED: entry.key})


def shown_by(kind: str) -> str | None:
    """The file of the page that shows runs of that kind, as the menu names it."""
    section = next((s for s, titles in SECTIONS.items() if PAGES.get(kind) in titles), None)
    return f"{section.lower()}/{PAGES[kind].lower()}.py" if section else None


def link(entry: Entry) -> str:
    """The address of the page that shows the run; empty where there is none."""
    if not (file := shown_by(entry.kind)):
        return ""
    page = file.partition("/")[2].removesuffix(".py")
    return urljoin(st.context.url or "", f"{page}?{urlencode({watch.OPENED: entry.key})}")


def told(entry: Entry) -> str:
    """Which run it is.  Plain words: of a tick's name, those who do not see it hear every letter."""
    return f"{title(entry.kind)} {entry.key}"


def about(entry: Entry) -> str:
    """How it ended, whose it is, since when, how large."""
    state = f":{COLOURS[entry.state]}-badge[{entry.state}] " if entry.state in COLOURS else ""
    pinned = " :blue-badge[pinned]" if entry.pinned else ""
    return f"{state}{whose(entry.visitor)} · {when(entry.made)} · {megabytes(entry.size)}{pinned}"


def whose(visitor: str) -> str:
    """Who started it, as far as one can say."""
    if visitor == knobs.visitor():
        return ":green-badge[yours]"
    return f"visitor {visitor[:4]}" if re.fullmatch("[0-9a-f]{32}", visitor) else knobs.escaped(visitor) or "unknown"


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
