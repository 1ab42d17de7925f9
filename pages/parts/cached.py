"""What is computed once for all visitors: the engine's answers, and pictures brought to a network's size.

Streamlit's caches get content digests and names as keys, never arrays or recipes: it hashes large arrays by a sample
of their values, and nested recipes without their names.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import numpy as np
import streamlit as st

from attrcore import jobs, quick
from attrcore.data import DATASETS, own
from attrcore.data.fit import fit
from attrcore.kinds import Refused
from attrcore.models import MODELS
from attrcore.recipe import Recipe

_run = threading.local()


@contextmanager
def run() -> Iterator[None]:
    """One run of a page.  When it ends, by itself or because the visitor has moved on, its open questions end too."""
    _run.asked = []
    try:
        yield
    finally:
        jobs.engine().give_up(_run.asked)


def begun(function: Callable[..., Any], *args: Any) -> jobs.Answer:
    """A question put to the engine within this run."""
    answer = jobs.engine().begin(function, *args)
    getattr(_run, "asked", []).append(answer)
    return answer


def classes(model: str) -> tuple[str, ...]:
    """Names of the model's outputs."""
    return awaited(begun(quick.classes, model))


def prediction(model: str, image: np.ndarray) -> jobs.Answer:
    """The answer to come of probabilities, one per class; does not wait."""
    return begun(quick.predict, model, MODELS[model].digest, image)


def maps(model: str, image: np.ndarray, target: int | None, methods: dict[str, Recipe]) -> dict[str, jobs.Answer]:
    """One answer to come per method, a quick.Drawn each; all are asked at once, and this does not wait.

    A target of None is the predicted class, so that maps need not wait for the prediction either.
    """
    about = model, MODELS[model].digest, image, target
    return {name: begun(quick.explain, *about, method.to_dict()) for name, method in methods.items()}


def awaited(answer: jobs.Answer) -> Any:
    """The answer, when it comes.  Leaves the page where the visitor has chosen something else meanwhile."""
    return answer.result(lambda: "model" in st.session_state)  # looking there is where Streamlit ends a run


def drawn(answer: jobs.Answer) -> quick.Drawn | Refused | jobs.NoAnswer:
    """One map when it is there, or why there is none."""
    try:
        return awaited(answer)
    except (Refused, jobs.NoAnswer) as reason:
        return reason


def fitted(source: str, name: str, model: str) -> np.ndarray:
    """A picture of a collection as the model sees it, (C, H, W) uint8."""
    return fitted_to(source, name, MODELS[model].size, MODELS[model].resize)


@st.cache_data(max_entries=2000, show_spinner=False)
def fitted_to(source: str, name: str, size: tuple[int, int, int], resize: int) -> np.ndarray:
    """The same, by what decides it."""
    return fit(DATASETS[source]().open(name), size, resize)


def fitted_upload(data: bytes, model: str) -> np.ndarray:
    """A visitor's picture as the model sees it.  Raises ValueError, in a sentence, for what is no good picture."""
    return upload_to(sha256(data).hexdigest(), data, MODELS[model].size, MODELS[model].resize)


@st.cache_data(max_entries=100, show_spinner=False)
def upload_to(digest: str, _data: bytes, size: tuple[int, int, int], resize: int) -> np.ndarray:
    """The same, by what decides it."""
    return fit(own.read(_data), size, resize)
