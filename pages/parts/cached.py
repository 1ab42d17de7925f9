"""Answers of the engine, kept for all visitors: the same question is computed once.

Keys are content digests, never arrays or recipes themselves: Streamlit hashes large arrays by a sample of their
values, and nested recipes without their names.
"""

from collections.abc import Callable
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


def classes(model: str) -> tuple[str, ...]:
    """Names of the model's outputs."""
    return answer(quick.classes, model)


def prediction(model: str, image: np.ndarray) -> np.ndarray:
    """Probability of each class."""
    return answer(quick.predict, model, MODELS[model].digest, image)


def drawn(model: str, image: np.ndarray, target: int, method: Recipe) -> quick.Drawn | Refused:
    """The attribution and its checks, or why this network cannot have it."""
    return answer(quick.explain, model, MODELS[model].digest, image, target, method.to_dict())


def answer(function: Callable[..., Any], *args: Any) -> Any:
    """What the engine says, from memory when it was asked the same before."""
    return remembered(jobs.content_key(function, args), function, args)


@st.cache_data(max_entries=400, show_spinner=False)
def remembered(key: str, _function: Callable[..., Any], _args: tuple[Any, ...]) -> Any:
    """The answer by its key; a refusal is an answer too."""
    try:
        return jobs.engine().ask(_function, *_args)
    except Refused as reason:
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
