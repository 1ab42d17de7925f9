"""What a finished run found, in a few words, and the picture it is about: by them one tells runs apart."""

import threading
from collections.abc import Callable
from contextlib import suppress
from statistics import mean
from typing import Any

import cachetools
import numpy as np
import streamlit as st

from attrcore import kept
from attrcore.answers import NoAnswer
from attrcore.folder import Folder
from attrcore.kinds import Refused
from attrcore.look import picture
from attrcore.store import Entry
from attrcore.studies.fooling import Fooling

WIDTH = 56  # px of a picture
TOP, RANKS = "Top-k overlap", "Spearman, absolute"
MOST = 3  # methods that are named
UNREADABLE = (OSError, ValueError, TypeError, KeyError, Refused, NoAnswer)  # damaged, of another version, or away


def found(entry: Entry) -> str:
    """What it found; empty where that is not known here."""
    if entry.state != "done" or entry.kind not in WORDS:
        return ""
    try:
        return told(entry.key, entry.made)
    except UNREADABLE:
        return ""


@cachetools.cached(cachetools.LRUCache(2000), lock=threading.Lock())
def told(key: str, made: float) -> str:
    """The same, read once for each time that the run was started."""
    result = kept.result(key, ())
    return WORDS[type(result.recipe).__name__](result.numbers)


def fooling(n: dict[str, Any]) -> str:
    """An attack on a map."""
    if not n["change"]["attacked"]["largest"]:
        return "failed: the image is as it was"
    overlap = n["likeness"][0]
    kept_ = "kept" if n["kept"]["attacked"] else "lost"
    return (
        f"{overlap['attacked']:.0%} of the top pixels left, by a random walk {overlap['walk']:.0%}; prediction {kept_}"
    )


def budget(n: dict[str, Any]) -> str:
    """A sweep: its largest change."""
    curves = n["curves"][TOP]
    return (
        f"at {n['levels'][-1]:g} levels the top-k attack leaves {curves['Top-k'][-1]['mean']:.0%} of the top pixels, "
        f"a random walk {curves['Random walk'][-1]['mean']:.0%}"
    )


def transfer(n: dict[str, Any]) -> str:
    """A matrix: the maps under attack, and all others."""
    columns, cells = [c["method"] for c in n["columns"]], n["likeness"][TOP]["mean"]
    attacks = [(row["method"], cells[i]) for i, row in enumerate(n["rows"]) if row["kind"] == "attack"]
    own, others = [], []
    for method, row in attacks:
        for name, value in zip(columns, row, strict=True):
            if value is not None:
                (own if name == method else others).append(value)
    there = {"attacked maps keep": own, "others": others}
    said = [f"{what} {mean(values):.0%}" for what, values in there.items() if values]
    return f"{', '.join(said)} of their top pixels" if said else ""


def manipulated(n: dict[str, Any]) -> str:
    """A network that was fine-tuned."""
    now = n["networks"]["fooled"]
    return (
        f"{now['fooled']['share']:.0%} of the maps fooled by share, {now['fooled by test loss']['share']:.0%} by test "
        f"loss; {now['agreement']['share']:.0%} of the predictions kept"
    )


def randomised(n: dict[str, Any]) -> str:
    """A network that lost its weights: each method's last step."""
    kept_ = [f"{name} {points[-1]['mean']:z.2f}" for name, points in n["curves"][RANKS].items()
             if points[-1]["mean"] is not None]  # fmt: skip
    return f"at {n['steps'][-1]} maps keep ({RANKS}): {', '.join(kept_[:MOST])}{', …' if len(kept_) > MOST else ''}"


def labels(n: dict[str, Any]) -> str:
    """Twins: how much less alike permuted labels make maps than another training does."""
    apart = [f"{name} {p['mean']:+.2f}" for name, p in n["difference"][RANKS].items() if p["mean"] is not None]
    return (
        f"permuted labels less another network ({RANKS}): {', '.join(apart[:MOST])}{', …' if len(apart) > MOST else ''}"
    )


WORDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "Fooling": fooling, "Budget": budget, "Transfer": transfer, "ModelFooling": manipulated,
    "Randomisation": randomised, "DataRandomisation": labels,
}  # fmt: skip


def thumbnail(entry: Entry) -> None:
    """The picture that it is about, where it is about one."""
    if entry.kind == "Fooling":
        with suppress(*UNREADABLE):
            st.image(seen(entry.key), width=WIDTH, output_format="PNG", alt="The picture under attack")


@cachetools.cached(cachetools.LRUCache(500), lock=threading.Lock())
def seen(key: str) -> np.ndarray:
    """The same in colours, (H, W, 3) uint8."""
    study = Folder(key).recipe()
    if not isinstance(study, Fooling):
        raise TypeError(f"the run {key} is no attack on a picture")
    return picture(study.subject.pixels()[0].numpy())
