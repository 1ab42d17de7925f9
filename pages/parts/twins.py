"""The two sides of a comparison: what each explains, and what stands beside them."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from math import prod

import numpy as np
import streamlit as st

from attrcore.answers import Answer
from attrcore.data import collections
from attrcore.explain import EXPLAINERS
from attrcore.kinds import Refused
from attrcore.models import MODELS, find
from attrcore.quick import Drawn
from attrcore.recipe import Recipe
from pages.parts import cached, knobs, pick, show
from pages.parts.knobs import LINKED, kept

OTHER = "Integrated Gradients"
WHAT = ("methods", "models", "pictures", "classes")
MOST_WORK = 60_000_000  # pixels times passes of all maps of other pictures together: some ten seconds
OTHERS = 8


@dataclass(frozen=True)
class Side:
    """What one of the two maps explains, and how."""

    model: str
    title: str  # of its picture
    pixels: np.ndarray  # (C, H, W) uint8
    target: int | None
    classes: tuple[str, ...]
    name: str  # of its method
    method: Recipe
    differs: str = ""  # in what, where that is not the method

    @property
    def label(self) -> str:
        """What stands over its map."""
        return f"{self.name} · {self.differs}" if self.differs else self.name

    def answer(self) -> Answer:
        """Its map, to come."""
        return cached.explained(self.pixels, self.model, self.target, self.method)


def sides(scene: pick.Scene, what: str) -> tuple[Side, Side]:
    """The scene of the sidebar, and a second one that differs in one thing.  Ends the run where that is missing."""
    seen = scene.picture
    with st.container(horizontal=True):
        name = st.selectbox("Method", EXPLAINERS, key=kept("method"), **LINKED)
        first = Side(
            scene.model, seen.label or seen.name, seen.pixels, scene.wanted, scene.classes, name, method(name)
        )  # fmt: skip
        if what == "methods":
            rest = [n for n in EXPLAINERS if n != name]
            usual = rest.index(OTHER) if name != OTHER else 0
            second = st.selectbox("Other method", rest, usual, key=kept("method2"), **LINKED)
            return first, replace(first, name=second, method=method(second))
        if what == "models":
            return replace(first, differs=first.model), replace(first, **other_model(scene))
        if what == "classes":
            options = pick.named(scene.classes)
            key = f"class {len(options)} 2"
            chosen = st.selectbox("Other class", options, 1, key=key, filter_mode="contains", **LINKED)
            asked = "predicted class" if scene.wanted is None else scene.classes[scene.wanted]
            return replace(first, differs=asked), replace(first, target=options.index(chosen), differs=chosen)
    with st.sidebar:
        other = pick.picture(scene.model, " 2", seen)
    if other is None:
        st.info("Choose the other picture in the sidebar.")
        raise knobs.Ended
    titles = apart(seen, other)
    return replace(first, title=titles[0], differs=titles[0]), replace(
        first, title=titles[1], pixels=other.pixels, differs=titles[1]
    )


def apart(first: pick.Picture, second: pick.Picture) -> tuple[str, str]:
    """Two titles of pictures that differ, by name where labels do not."""
    labels = first.label or first.name, second.label or second.name
    if labels[0] != labels[1]:
        return labels
    names = [f"{p.label} ({'no. ' * p.name.isdigit()}{p.name})" if p.label else p.name for p in (first, second)]
    return names[0], names[1] if names[0] != names[1] else f"{names[1]} again"


def method(name: str) -> Recipe:
    """An explainer with the settings chosen in the sidebar, shared with the page See."""
    cls = EXPLAINERS[name]
    if not fields(cls):
        return cls()
    with st.sidebar.expander(name):
        return knobs.recipe(cls)


def other_model(scene: pick.Scene) -> dict[str, object]:
    """A second model that takes the same picture, to explain the class that the first explains, where it knows it."""
    size = find(scene.model).size
    fit = [n for n in (*MODELS, *pick.checkpoints()) if n != scene.model and find(n).size == size]
    here = [n for n in fit if not find(n).missing()]
    if not here:
        st.info(f"No other model on this machine takes pictures of {size[2]} x {size[1]} pixels.")
        raise knobs.Ended
    other = pick.model("Other model", "model2", here)
    return {
        "model": other,
        "classes": (classes := cached.classes(other)),
        "target": same(scene, classes),
        "differs": other,
    }


def same(scene: pick.Scene, classes: tuple[str, ...]) -> int | None:
    """The number that a scene's explained class has among other `classes`; None where none has its name."""
    if classes == scene.classes:
        return scene.target
    name = scene.classes[scene.target]
    return classes.index(name) if name in classes else None


def settings(pixels: int) -> tuple[int, int]:
    """How many pixels count as most important, and how many other pictures to compare with."""
    with st.container(horizontal=True):
        k = st.slider(
            "Most important pixels", 1, min(pixels // 2, 100_000), max(1, pixels // 8), key=f"k{pixels}", **LINKED
        )
        count = st.slider(
            "Maps of other pictures", 0, 20, OTHERS, key="others", help="Of the second map's model and method.",
            **LINKED,
        )  # fmt: skip
    return k, count


def others(side: Side, scene: pick.Scene, count: int) -> list[Answer]:
    """Maps to come of the same model and method for the pictures that follow, each of the class predicted there."""
    collection = collections().get(scene.picture.source)
    if not count or collection is None:
        return []
    fit = min(count, MOST_WORK // (max(1, side.method.passes) * prod(side.pixels.shape)))
    if fit < count:
        st.caption(f"{side.name} takes long: maps of {fit} other pictures instead of {count}.")
    names = [n for n in collection.names() if n != scene.picture.name]
    start = collection.names().index(scene.picture.name)
    chosen = [names[(start + i) % len(names)] for i in range(min(fit + 1, len(names)))]  # one may be the second picture
    pixels = (cached.fitted(scene.picture.source, name, side.model)[0] for name in chosen)
    strangers = [replace(side, pixels=p, target=None) for p in pixels if not np.array_equal(p, side.pixels)]
    return [side.answer() for side in strangers[:fit]]


def there(strangers: Iterable[Answer]) -> list[Drawn]:
    """Their maps, without those that were refused."""
    found = []
    for answer in strangers:
        try:
            found.append(cached.awaited(answer))
        except Refused:
            continue
    return found


def about(side: Side, target: int, chances: np.ndarray) -> str:
    """What a map explains, with which settings, and the two most probable classes."""
    model = pick.spoken(side.model)
    best = chances.argsort()[::-1][:2]
    first, *rest = [f"“{knobs.escaped(side.classes[i])}” ({chances[i]:.1%})" for i in best]
    chance = f"{chances[target]:.1%}"
    gives = f"predicts it ({chance})" if target == best[0] else f"gives it {chance} and predicts {first}"
    return (
        f"Explains “{knobs.escaped(side.classes[target])}” in {model}, which {', then '.join([gives, *rest])}. "
        f"Settings: {show.settings(side.method)}."
    )


def shared(scene: pick.Scene, right: Side) -> str:
    """Which class two models explain."""
    name = knobs.escaped(scene.classes[scene.target])
    whose = f", which {scene.title} predicts" if scene.wanted is None else ""
    if right.target is not None:
        return f"Both maps explain “{name}”{whose}: only the model changes."
    return (
        f"{pick.spoken(right.model)} knows no class “{name}”, so its map explains what it predicts itself: model and "
        "class change."
    )
