"""Widgets that choose.  Each draws itself and returns what was chosen; no other file writes to st.session_state.

Every choice but an uploaded picture is bound to the address, under the widget's key: a copied link restores it.
"""

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
import streamlit as st

from attrcore.answers import Answer
from attrcore.data import DATASETS
from attrcore.data.own import FORMATS, MOST_BYTES
from attrcore.explain import EXPLAINERS
from attrcore.models import MODELS
from attrcore.recipe import Recipe
from pages.parts import cached
from pages.parts.knobs import LINKED, recipe

OWN = "Your own picture"
PREDICTED = "the predicted one"
MANY = 500  # above this a collection is leafed through by number


class Picture(NamedTuple):
    """What was chosen to look at, as the network sees it."""

    source: str
    name: str
    label: str  # what it shows, as its source says; may be empty
    pixels: np.ndarray  # (C, H, W) uint8
    how: str  # what was done to it beyond scaling, in words; may be empty


@dataclass(frozen=True)
class Scene:
    """A model, a picture, and the class to explain; the prediction is asked for and may still be on its way."""

    model: str
    picture: Picture
    classes: tuple[str, ...]
    wanted: int | None  # None: whatever is predicted
    prediction: Answer

    @property
    def chances(self) -> np.ndarray:
        """Probability of each class; waits for it."""
        return cached.awaited(self.prediction)

    @property
    def target(self) -> int:
        """The class whose score is explained; waits for the prediction where that decides."""
        return int(self.chances.argmax()) if self.wanted is None else self.wanted

    @property
    def asked(self) -> str:
        """The class in words; does not wait."""
        return "the predicted class" if self.wanted is None else f"“{self.classes[self.wanted]}”"


def scene() -> Scene:
    """Model, picture and class, from the sidebar.  Ends the run where one of them is still missing."""
    with st.sidebar:
        model = st.selectbox("Model", MODELS, key="model", **LINKED)
    weights(model)
    with st.sidebar:
        seen = picture(model)
    if seen is None:
        st.info("Choose a picture file in the sidebar.")
        st.stop()
    prediction, classes = cached.prediction(model, seen.pixels), cached.classes(model)
    with st.sidebar:
        return Scene(model, seen, classes, wanted(classes), prediction)


def weights(model: str) -> None:
    """Offer to download a model's weights where they are not on this machine, and wait for the answer."""
    source = MODELS[model]
    reason = source.missing()
    if not reason:
        return
    st.info(
        f"{reason} Download them, or put `{source.architecture}.safetensors` into `{source.folder()}`. "
        "The MNIST networks, and every network whose weights are here, work without."
    )
    if st.button(f"Download them from {source.host}"):
        bar = st.progress(0.0, "Connecting")
        try:
            with cached.aside():
                for p in source.fetch():
                    bar.progress(p.done / p.total, f"{p.done / 2**20:.1f} of {p.total / 2**20:.1f} MB")
        except (OSError, ValueError) as e:  # no answer, a full disk, or not what was published
            bar.empty()
            st.error(str(e))
        else:
            st.rerun()
    st.stop()


def picture(model: str) -> Picture | None:
    """A picture of a collection that suits the model, or the visitor's own."""
    channels = MODELS[model].size[0]
    suits = [name for name, cls in DATASETS.items() if cls.channels == channels and not cls().missing()]
    source = st.selectbox("Collection", [*suits, OWN], key=f"pictures{channels}", **LINKED)
    if source == OWN:
        return own_picture(model)
    collection = DATASETS[source]()
    names = collection.names()
    if len(names) > MANY:
        last = len(names) - 1
        name = names[st.number_input(f"Picture (0 to {last})", 0, last, key=f"no.{source}", **LINKED)]
    else:
        name = st.selectbox("Picture", names, format_func=collection.label, key=f"pick.{source}", **LINKED)
    return Picture(source, name, collection.label(name), *cached.fitted(source, name, model))


def own_picture(model: str) -> Picture | None:
    """The visitor's upload, checked, once there is one.  It stays in this browser session and in no link."""
    kinds = [f.lower() for f in FORMATS] + ["jpg", "tif"]
    help = (
        "Photos are cropped to the network's square; digits are padded, and inverted when they are dark on white. "
        "An animation gives its first frame; what is transparent becomes white. A link to this page does not carry it."
    )
    file = st.file_uploader("Your picture", kinds, max_upload_size=MOST_BYTES >> 20, help=help)
    if file is None:
        return None
    return Picture(OWN, file.name, "", *cached.fitted_upload(file.getvalue(), model))


def wanted(classes: tuple[str, ...]) -> int | None:
    """The class to explain, or None for the predicted one."""
    options = [PREDICTED, *(f"{name} ({i})" if len(classes) > 10 else name for i, name in enumerate(classes))]
    chosen = st.selectbox(
        "Class to explain", options, key=f"class{len(classes)}", filter_mode="contains", **LINKED,
        help="Type to search. A map answers: what speaks for this class?",
    )  # fmt: skip
    return None if chosen == PREDICTED else options.index(chosen) - 1


def methods(default: tuple[str, ...]) -> dict[str, Recipe]:
    """Explainers by menu name, in menu order, each with the settings chosen in the sidebar."""
    chosen = st.pills("Maps", EXPLAINERS, selection_mode="multi", default=default, key="maps", **LINKED)
    picked = {}
    for name, cls in EXPLAINERS.items():
        if name in chosen and fields(cls):
            with st.sidebar.expander(name):
                picked[name] = recipe(cls)
        elif name in chosen:
            picked[name] = cls()
    return picked
