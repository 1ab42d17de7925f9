"""Widgets that choose.  Each draws itself and returns what was chosen; no other file writes to st.session_state.

Every choice but an uploaded picture is bound to the address, under the widget's key: a copied link restores it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import streamlit as st

from attrcore.answers import Answer
from attrcore.models import MODELS, find
from attrcore.models.stored import PREFIX, stored
from pages.parts import cached, own_model
from pages.parts.knobs import LINKED, Ended, escaped, kept
from pages.parts.pictures import Picture, picture

OWN_MODEL, NEXT = "Your own checkpoint …", "next model"
PREDICTED = "the predicted one"


@dataclass(frozen=True)
class Scene:
    """A model, a picture, and the class to explain; the prediction is asked for and may still be on its way."""

    model: str
    picture: Picture
    classes: tuple[str, ...]
    wanted: int | None  # None: whatever is predicted
    prediction: Answer

    @property
    def title(self) -> str:
        """The model as people read it, without what tells two of one title apart."""
        return spoken(self.model)

    @property
    def chances(self) -> np.ndarray:
        """Probability of each class; waits for it."""
        return cached.awaited(self.prediction).chances

    @property
    def target(self) -> int:
        """The class whose score is explained; waits for the prediction where that decides."""
        return int(self.chances.argmax()) if self.wanted is None else self.wanted

    @property
    def asked(self) -> str:
        """The class in words; does not wait."""
        return "the predicted class" if self.wanted is None else f"“{escaped(self.classes[self.wanted])}”"


def scene() -> Scene:
    """Model, picture and class, from the sidebar.  Ends the run where one of them is still missing."""
    with st.sidebar:
        name = model()
    weights(name)
    with st.sidebar:
        if origin := getattr(find(name), "origin", str)():
            st.caption(origin)
        seen = picture(name)
    if seen is None:
        st.info("Choose, take or draw a picture in the sidebar.")
        raise Ended
    prediction, classes = cached.prediction(name, seen.pixels), cached.classes(name)
    with st.sidebar:
        return Scene(name, seen, classes, wanted(classes), prediction)


def next_is(name: str) -> None:
    """Have what is drawn next choose this checkpoint, which is the visitor's own from now on."""
    st.session_state["checkpoints"] = [*st.session_state.get("checkpoints", []), name]
    st.session_state[NEXT] = name


def model(label: str = "Model", key: str = "model", names: Iterable[str] | None = None) -> str:
    """A network: those that are here, those to download, and checkpoints of one's own."""
    if names is None:
        away = [name for name in MODELS if MODELS[name].missing()]
        names = [*(name for name in MODELS if name not in away), *checkpoints(), OWN_MODEL, *away]
    options = {titled(name): name for name in names}
    if NEXT in st.session_state:  # accepted in the run before
        st.session_state[key] = titled(st.session_state.pop(NEXT))
    help = f"Those above “{OWN_MODEL}” are on this machine; those below are to be downloaded first, which is asked for."
    help = help if OWN_MODEL in options else None
    return options[st.selectbox(label, options, key=kept(key), filter_mode="contains", help=help, **LINKED)]


def titled(name: str) -> str:
    """A model as menu and link show it: the same on every machine, and never the same for two."""
    return f"{find(name).title} {name}" if name.startswith(PREFIX) else name


def plain(name: str) -> str:
    """A model as people read it, without what tells two of one title apart."""
    return titled(name).removesuffix(f" {name}") or name


def spoken(name: str) -> str:
    """The same for where Markdown is read."""
    return escaped(plain(name))


def checkpoints() -> list[str]:
    """Names of the stored checkpoints to offer: all where only this machine is served, else the visitor's own.

    The visitor's own are those accepted in this session and the one that the link names.
    """
    if st.get_option("server.address") == "localhost":
        return list(stored())
    linked = st.query_params.get("model", "").rpartition(" ")[2]
    return [n for n in stored() if n == linked or n in st.session_state.get("checkpoints", [])]


def weights(name: str) -> None:
    """Take a checkpoint, or offer to download a model's weights, where they are not here; wait for the answer."""
    if name == OWN_MODEL:
        if accepted := own_model.offered(checkpoints()):
            next_is(accepted)
            st.rerun()
        raise Ended
    source = find(name)
    reason = source.missing()
    if not reason:
        return
    if not hasattr(source, "fetch"):
        st.info(reason)
        raise Ended
    st.info(
        f"{reason} Download them, or put `{source.architecture}.safetensors` into `{source.folder()}`. "
        "The MNIST networks, and every network whose weights are here, work without."
    )
    if st.button(f"Download them from {source.host} ({source.megabytes:.0f} MB)"):
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
    raise Ended


def wanted(classes: tuple[str, ...]) -> int | None:
    """The class to explain, or None for the predicted one."""
    options = [PREDICTED, *named(classes)]
    chosen = st.selectbox(
        "Class to explain", options, key=kept(f"class{len(classes)}"), filter_mode="contains", **LINKED,
        help="Type to search. A map answers: what speaks for this class?",
    )  # fmt: skip
    return None if chosen == PREDICTED else options.index(chosen) - 1


def another_class(scene: Scene) -> None:
    """One of the most probable classes, to be explained instead."""
    best = scene.chances.argsort()[::-1][:5].tolist()
    options = {i: f"{scene.classes[i]} · {scene.chances[i]:.1%}" for i in best}

    def explain(keys: dict[int, str]) -> None:
        chosen = st.session_state["another class"]
        if chosen is not None:
            st.session_state[f"class{len(keys)}"] = keys[chosen]

    st.menu_button(
        "Explain another", options, format_func=options.get, key="another class", on_click=explain,
        args=(dict(enumerate(named(scene.classes))),),
    )  # fmt: skip


def named(classes: tuple[str, ...]) -> list[str]:
    """Names of classes as the menu shows them: with their numbers where there are many, or where names repeat."""
    numbered = len(classes) > 10 or len(set(classes)) < len(classes)
    return [f"{name} ({i})" if numbered else name for i, name in enumerate(classes)]
