"""What is computed once for all visitors: the engine's answers, and pictures brought to a network's size.

Streamlit's caches get content digests and names as keys, never arrays or recipes: it hashes large arrays by a sample
of their values, and nested recipes without their names.
"""

import gc
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import cachetools
import numpy as np
import streamlit as st
from PIL import Image

from attrcore import answers, compare, jobs, quick
from attrcore.data import collections, drawn, names, own
from attrcore.data.fit import DARK, fit_and_say, rim
from attrcore.kinds import Refused
from attrcore.look import Look, in_words, limit, paint, scale, shown
from attrcore.models import find
from attrcore.recipe import Recipe

# So many pages are drawn at a time; the others wait their turn.  Python runs one thread anyway, and thirty that fight
# for it every few milliseconds need longer in all.
TURNS = threading.Semaphore(2)
SWEEP = 60.0  # seconds between two full garbage collections, of a quarter of a second each

Size = tuple[int, int, int]  # C, H, W

log = logging.getLogger("attrcore.pages")
_swept = -SWEEP
_run = threading.local()


@contextmanager
def run() -> Iterator[None]:
    """One run of a page.  When it ends, by itself or because the visitor has moved on, its open questions end too."""
    _run.asked = []
    with TURNS:
        spare_the_collector()
        _run.has_turn = True
        try:
            yield
        finally:
            _run.has_turn = False
            jobs.engine().give_up(_run.asked)


def spare_the_collector() -> None:
    """Hide what lives longer than a run from the garbage collector, but for one sweep a minute.

    Streamlit collects after every run.  With torch imported that would take a quarter of a second, and with thirty
    visitors' sessions alone some 7 ms, which hold up everybody.
    """
    global _swept
    if time.monotonic() - _swept > SWEEP:
        _swept = time.monotonic()
        gc.unfreeze()
        gc.collect()
    gc.freeze()


@contextmanager
def aside() -> Iterator[None]:
    """Let others draw while this run waits for something."""
    if not getattr(_run, "has_turn", False):
        yield
        return
    TURNS.release()
    try:
        yield
    finally:
        TURNS.acquire()


def begun(function: Callable[..., Any], *args: Any) -> answers.Answer:
    """A question put to the engine within this run."""
    answer = jobs.engine().begin(function, *args)
    getattr(_run, "asked", []).append(answer)
    return answer


def known(questions: Iterable[tuple[Any, ...]]) -> list[answers.Answer] | None:
    """The answers to questions, each a function and its arguments, if all are there already; asks nothing."""
    found = []
    for question in questions:
        if (answer := jobs.engine().known(*question)) is None:
            return None
        found.append(answer)
    return found


def classes(model: str) -> tuple[str, ...]:
    """Names of the model's outputs."""
    return awaited(begun(quick.classes, model))


def prediction(model: str, image: np.ndarray) -> answers.Answer:
    """The answer to come of what the model says of an image, a quick.Prediction; does not wait."""
    return begun(quick.predict, model, find(model).digest, image)


def maps(model: str, image: np.ndarray, target: int | None, methods: dict[str, Recipe]) -> dict[str, answers.Answer]:
    """One answer to come per method, a quick.Drawn each; all are asked at once, and this does not wait.

    A target of None is the predicted class, so that maps need not wait for the prediction either.
    """
    cheap_first = sorted(methods, key=lambda name: methods[name].passes)
    asked = {name: explained(image, model, target, methods[name]) for name in cheap_first}
    return {name: asked[name] for name in methods}


def explained(image: np.ndarray, model: str, target: int | None, method: Recipe) -> answers.Answer:
    """The answer to come of one map, a quick.Drawn; a target of None is the predicted class."""
    return begun(quick.explain, model, find(model).digest, image, target, method.to_dict())


def likeness(a: quick.Drawn, b: quick.Drawn, k: int) -> compare.Compared:
    """How alike two maps are by every measure, beside chance."""
    return awaited(begun(compare.likeness, a.attribution, b.attribution, k))


def beside(a: quick.Drawn, others: list[quick.Drawn], k: int) -> list[tuple[float, float, float] | None]:
    """How alike a map and those of other pictures are, at least one, in the order of likeness's rows."""
    return awaited(begun(compare.beside, a.attribution, np.stack([d.attribution for d in others]), k))


def still_there() -> None:
    """Leave the page where the visitor has chosen something else meanwhile."""
    "model" in st.session_state  # noqa: B015 - looking there is where Streamlit ends a run


def awaited(answer: answers.Answer) -> Any:
    """The answer, when it comes."""
    with aside():
        return answer.result(still_there)


def soon(expected: Iterable[answers.Answer], seconds: float) -> None:
    """Wait for all of them, but not longer than that."""
    end = time.monotonic() + seconds
    with aside():
        for answer in expected:
            answer.soon(max(0.0, end - time.monotonic()))


def as_they_come(expected: dict[str, answers.Answer]) -> Iterator[tuple[str, quick.Drawn | Refused | answers.NoAnswer]]:
    """Each map when it is there, or why there is none."""
    arrived = answers.as_they_come(expected, still_there)
    for _ in expected:
        with aside():
            name = next(arrived)
        try:
            yield name, awaited(expected[name])
        except (Refused, answers.NoAnswer) as reason:
            yield name, reason
        except (RuntimeError, ValueError) as bug:  # of one method, which must not take the others' maps away
            log.exception("%s failed", name)
            yield name, answers.NoAnswer(f"This method failed here, and the server's log says why ({bug}).")


class Painted(NamedTuple):
    """One map as it is shown."""

    png: bytes
    top: float  # the value of the strongest colour
    words: str  # for those who do not see it
    scale: str  # what the colours stand for
    empty: bool  # are there no values of the chosen sign?
    drawn: quick.Drawn  # holds on to what the key names by its address


@cachetools.cached(
    cachetools.LRUCache(200),
    key=lambda name, drawn, look, common, image: (
        name,
        id(drawn),
        look,
        common,
        (look.opacity < 1 or look.view != "colours") and image.tobytes(),
    ),
    lock=threading.Lock(),
)
def painted(name: str, drawn: quick.Drawn, look: Look, common: float | None, image: np.ndarray) -> Painted:
    """A map in colours, on the scale that is common to all maps, or on its own where that is None."""
    plane = shown(drawn.attribution, look.drawn)
    top = limit([plane], look.clip) if common is None else common
    file = BytesIO()
    Image.fromarray(paint(plane, top, look, image)).save(file, "PNG")
    return Painted(file.getvalue(), top, in_words(name, plane), scale(plane, top), not plane.any(), drawn)


def fitted(source: str, name: str, model: str) -> tuple[np.ndarray, str]:
    """A picture of a collection as the model sees it, (C, H, W) uint8, and what was done to it."""
    return fitted_to(source, name, *shape_for(model))


@st.cache_data(max_entries=2000, show_spinner=False)
def fitted_to(source: str, name: str, size: Size, resize: int, interpolation: str) -> tuple[np.ndarray, str]:
    """The same, by what decides it."""
    return fit_and_say(collections()[source].open(name), size, resize, interpolation)


def shape_for(model: str) -> tuple[Size, int, str]:
    """What a model wants of a picture: its size, the short side before the crop, and how it is brought to that."""
    entry = find(model)
    return entry.size, entry.resize, entry.interpolation


def fitted_upload(data: bytes, model: str) -> tuple[np.ndarray, str]:
    """A visitor's picture as the model sees it.  Raises Refused, in a sentence, for what is no good picture."""
    return upload_to(sha256(data).hexdigest(), data, *shape_for(model))


@st.cache_data(max_entries=100, show_spinner=False)
def upload_to(digest: str, _data: bytes, size: Size, resize: int, interpolation: str) -> tuple[np.ndarray, str]:
    """The same, by what decides it."""
    return fit_and_say(own.read(_data), size, resize, interpolation)


@st.cache_data(max_entries=100, show_spinner=False)
def framed(digest: str, _data: bytes) -> tuple[np.ndarray | None, bool]:
    """A visitor's picture framed as MNIST's digits are, (28, 28) uint8, and whether it looks as if it should be.

    Ink on a ground should; a light digit on 28 x 28 dark pixels is framed already.
    """
    picture = own.read(_data)
    there = picture.size == (drawn.FRAME, drawn.FRAME) and rim(picture) <= DARK[1]
    return drawn.framed(picture), drawn.looks_drawn(picture) and not there


@st.cache_data(max_entries=200, show_spinner=False)
def strange(source: str, _labels: Iterable[str], classes: tuple[str, ...]) -> bool:
    """Is nothing that a collection shows among these classes?"""
    return not names.known(_labels, classes)


def accepted(file: Path, settings: dict[str, Any], called: str) -> str:
    """Have a visitor's checkpoint checked in a worker, and kept; the name it is found by.  Raises Refused."""
    return awaited(begun(quick.accept, str(file), settings, called))
