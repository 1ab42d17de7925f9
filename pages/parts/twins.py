"""The two sides of a comparison, and the table of how alike their maps are."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
import streamlit as st

from attrcore.compare import DRAWS, Likeness, verdict
from attrcore.data import collections
from attrcore.explain import EXPLAINERS
from attrcore.kinds import Refused
from attrcore.models import MODELS, find
from attrcore.quick import Drawn
from attrcore.recipe import Recipe
from pages.parts import cached, knobs, pick, tables
from pages.parts.knobs import LINKED, kept

OTHER = "Integrated Gradients"
WHAT = ("methods", "models", "pictures", "classes")
MOST_PASSES = 20_000  # of all maps of other pictures together


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


def sides(scene: pick.Scene, what: str) -> tuple[Side, Side]:
    """The scene of the sidebar, and a second one that differs in one thing.  Ends the run where that is missing."""
    with st.container(horizontal=True):
        name = st.selectbox("Method", EXPLAINERS, key=kept("method"), **LINKED)
        second = name
        if what == "methods":
            rest = [n for n in EXPLAINERS if n != name]
            second = st.selectbox("Other method", rest, rest.index(OTHER) if name != OTHER else 0, key=kept("method2"),
                                  **LINKED)  # fmt: skip
    first = Side(
        scene.model, scene.picture.label or scene.picture.name, scene.picture.pixels, scene.wanted, scene.classes,
        name, method(name),
    )  # fmt: skip
    if what == "methods":
        return first, replace(first, name=second, method=method(second))
    if what == "models":
        return replace(first, differs=first.model), replace(first, **other_model(scene))
    if what == "pictures":
        with st.sidebar:
            seen = pick.picture(scene.model, " 2")
        if seen is None:
            st.info("Choose the second picture in the sidebar.")
            raise knobs.Ended
        title = seen.label or seen.name
        return replace(first, differs=first.title), replace(first, title=title, pixels=seen.pixels, differs=title)
    options = pick.named(scene.classes)
    chosen = st.selectbox("Other class", options, 1, key=f"class {len(options)} 2", filter_mode="contains", **LINKED)
    asked = "predicted class" if scene.wanted is None else scene.classes[scene.wanted]
    return replace(first, differs=asked), replace(first, target=options.index(chosen), differs=chosen)


def method(name: str) -> Recipe:
    """An explainer with the settings chosen in the sidebar, shared with the page See."""
    cls = EXPLAINERS[name]
    if not fields(cls):
        return cls()
    with st.sidebar.expander(name):
        return knobs.recipe(cls)


def other_model(scene: pick.Scene) -> dict[str, object]:
    """A second model that takes the same picture, and gives the same class its own name."""
    size = find(scene.model).size
    fit = [n for n in (*MODELS, *pick.checkpoints()) if n != scene.model and find(n).size == size]
    here = [n for n in fit if not find(n).missing()]
    if not here:
        st.info(f"No other model on this machine takes pictures of {size[2]} x {size[1]} pixels.")
        raise knobs.Ended
    other = pick.model("Other model", "model2", here)
    classes = cached.classes(other)
    target = scene.wanted if classes == scene.classes else None
    return {"model": other, "classes": classes, "target": target, "differs": other}


def settings(pixels: int) -> tuple[int, int]:
    """How many pixels count as most important, and how many other pictures to compare with."""
    with st.container(horizontal=True):
        k = st.slider(
            "Most important pixels", 1, min(pixels // 2, 100_000), max(1, pixels // 8), key=f"k{pixels}", **LINKED
        )
        count = st.slider("Maps of other pictures", 0, 10, 3, key="others", help="Of the same kind as the second map.",
                          **LINKED)  # fmt: skip
    return k, count


def others(side: Side, scene: pick.Scene, count: int) -> list[Drawn]:
    """Maps of the same model and method for the pictures that follow in the collection."""
    collection = collections().get(scene.picture.source)
    if not count or collection is None:
        return []
    if side.method.passes * count > MOST_PASSES:
        st.caption("This method takes too long for maps of other pictures.")
        return []
    names = [n for n in collection.names() if n != scene.picture.name]
    start = collection.names().index(scene.picture.name)
    chosen = [names[(start + i) % len(names)] for i in range(min(count, len(names)))]
    pixels = (cached.fitted(scene.picture.source, name, side.model)[0] for name in chosen)
    strangers = [replace(side, pixels=p) for p in pixels if not np.array_equal(p, side.pixels)]
    return list(there(strangers))


def there(strangers: list[Side]) -> Iterator[Drawn]:
    """Their maps, without those that were refused."""
    for answer in cached.asked(strangers):
        try:
            yield cached.awaited(answer)
        except Refused:
            continue


def table(found: list[Likeness], k: int, others: int, pixels: int) -> None:
    """Every measure, its value, and beside it what chance gives."""
    tables.table({
        "measure": [f"{o.measure} (k = {k})" if o.measure.startswith("Top-k") else o.measure for o in found],
        "of maps": [o.of for o in found],
        "value": [figure(o.value) for o in found],
        "shuffled pixels": [between(o.chance) for o in found],
        "other pictures": ["" if o.others is None else between(o.others) for o in found],
        "at most": [figure(o.ceiling) for o in found],
        "so they are": [verdict(o) for o in found],
    }, "How alike the two maps are")  # fmt: skip
    st.caption(
        f"Shuffled pixels: mean and range over {DRAWS} shuffles of the second map (for top-k overlap, k / N = "
        f"{k / pixels:.1%}). Other pictures: the first map against maps of {others} other pictures by the second's "
        "model and method. At most: what maps with these values can reach; ties keep it below 1. SSIM: maps "
        "stretched to [0, 1], data range 1, Gaussian window 11 px, sigma 1.5."
    )


def between(three: tuple[float, float, float]) -> str:
    """Mean and range in words."""
    mean, low, high = map(figure, three)
    return f"{mean} ({low} to {high})"


def figure(value: float) -> str:
    """Two digits; a dash for what is no number."""
    return f"{round(value, 2) + 0.0:.2f}" if np.isfinite(value) else "–"
