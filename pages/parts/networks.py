"""What an attack on a network did, measured on held-out pictures: the fooled network beside three others."""

from collections.abc import Callable
from typing import Any

import numpy as np
import safetensors.torch
import streamlit as st

from attrcore import kept
from attrcore.attack.aims import DrainTopPixels, MoveCentre
from attrcore.attack.success import LEFT, MOVED, OUTSIDE
from attrcore.kinds import Aim, Refused, Result
from attrcore.look import in_words
from attrcore.models.architectures import ARCHITECTURES
from attrcore.models.own import NORMALISATIONS, Settings, bare, settings_of
from attrcore.recipe import called
from attrcore.studies.model_fooling import ModelFooling
from pages.parts import evidence, knobs, lens, reproduce, show, swipe, tuned
from pages.parts.knobs import LINKED
from pages.parts.own_model import OTHER
from pages.parts.tables import table

HEADS = {"original": "Original", "fooled": "Fooled", "control": "Control", "random": "At random"}
SEEN = ("images", "original maps", "fooled maps", "control maps")
PREFIX = "weights."
SIDE = 205  # px of a picture: four fit beside the sidebar at 1280


def distance(aim: Aim) -> tuple[str, str]:
    """How far a map is from fooled by the two readings of one interval: share and test loss, in words."""
    if isinstance(aim, MoveCentre):
        way = f"way of the centre, as a share of the diagonal; fooled from {MOVED:g} on"
        return way, way
    if isinstance(aim, DrainTopPixels):
        return (f"share of the map left on its former top; fooled up to {LEFT:g}",
                f"mean square there of the map scaled to a largest value of 1; fooled up to {LEFT:g}")  # fmt: skip
    return (f"share of the map outside the region; fooled up to {OUTSIDE:g}",
            f"mean squared distance of the map, scaled to a largest value of 1, from the region's mask; fooled up to "
            f"{OUTSIDE:g}")  # fmt: skip


def verdict(study: ModelFooling, n: dict[str, Any]) -> None:
    """The attack in a sentence, which says no more than the intervals do, and what stands behind it."""
    nets = n["networks"]
    now, others = nets["fooled"], [nets[name] for name in ("control", "random", "original")]
    by_share, by_loss = (more_often(now[count], [other[count] for other in others])
                         for count in ("fooled", "fooled by test loss"))  # fmt: skip
    if by_share and by_loss:
        says = "The network's maps are fooled"
    elif by_share or by_loss:
        counts = ("share", "test loss") if by_share else ("test loss", "share")
        says = "Counted by {} the network's maps are fooled, counted by {} they are not".format(*counts)
    elif further(study.aim, now["distance"], [other["distance"] for other in others]):
        says = "The network's maps moved towards the aim, but too few get there to tell from chance"
    else:
        says = "This shows nothing that fine-tuning alone, or chance, does not"
    what, control = distance(study.aim)[0].partition(";")[0], nets["control"]
    st.markdown(
        f"**{says}: {shared(now['fooled'])} of {n['held out']} held-out maps count as fooled by share, of the "
        f"control's {shared(control['fooled'])}, and {predictions(now['agreement'], control['agreement'])}.** "
        f"By the paper's test loss {shared(now['fooled by test loss'])} count as fooled, of the control's "
        f"{shared(control['fooled by test loss'])}. Mean {what}: {figure(nets['original']['distance'])} before, "
        f"{figure(now['distance'])} after, {figure(control['distance'])} in the control. The control predicts the same "
        f"for {shared(control['agreement'])} of the pictures."
    )


def more_often(now: dict[str, Any], others: list[dict[str, Any]]) -> bool:
    """Is a share beyond all others by intervals that do not touch?"""
    return all(now["interval95"][0] > other["interval95"][1] for other in others)


def further(aim: Aim, now: dict[str, Any], others: list[dict[str, Any]]) -> bool:
    """Is the fooled network's mean distance nearer to the aim than all others', by intervals that do not touch?"""
    if any(spread["low"] is None for spread in (now, *others)):
        return False
    if isinstance(aim, MoveCentre):
        return all(now["low"] > other["high"] for other in others)
    return all(now["high"] < other["low"] for other in others)


def predictions(now: dict[str, Any], control: dict[str, Any]) -> str:
    """Whether they stayed; where fewer did than fine-tuning alone keeps, they are called lost."""
    lost = now["interval95"][1] < control["interval95"][0]
    return f"the prediction is {'lost: it stays only' if lost else 'the same'} for {shared(now)} of the pictures"


def numbers(study: ModelFooling, n: dict[str, Any]) -> None:
    """Every measure, each network in a column, with chance."""
    head = ("Measure", *HEADS.values(), "Chance", "Other pictures")
    columns = zip(*rows(n), strict=True)
    table(dict(zip(head, columns, strict=True)), "The fooled network beside the original, its control and chance")
    by_share, by_loss = distance(study.aim)
    st.caption(
        f"On {n['held out']} pictures of {study.collection} that no step saw; {n['fine-tuned on']:,} served the steps. "
        "Brackets: 95 % intervals over pictures, Wilson's of shares, Student's of means, for one seed "
        f"({study.seed}). Control: the same steps with weight 0 for the aim. At random: every weight tensor moved as "
        f"far as in the fooled network, in a random direction. By share: {by_share}. By test loss, as Heo et al. "
        f"count: {by_loss}. "
        "Likenesses are to the original's map, 1 is the same; where pixels tie the original itself stays below 1. "
        "Chance: unrelated maps. Other pictures: each map of the original beside that of another picture; how "
        "often that one would count as fooled says what the count is worth. Weights "
        "moved: how far all have moved together, as a share of their length."
    )


def rows(n: dict[str, Any]) -> list[tuple[str, ...]]:
    """Every measure in words, in the order of the table's columns."""
    nets, others = [n["networks"][name] for name in HEADS], n["others fooled"]

    def row(title: str, each: Callable[[dict[str, Any]], str], *beside: str) -> tuple[str, ...]:
        return title, *map(each, nets), *(*beside, "", "")[:2]

    found = [
        row("Predicts the label", lambda net: shared(net["accuracy"])),
        row("Same prediction", lambda net: shared(net["agreement"])),
        row("Fooled, by share", lambda net: shared(net["fooled"]), "", shared(others["fooled"])),
        row(
            "Fooled, by test loss",
            lambda net: shared(net["fooled by test loss"]),
            "",
            shared(others["fooled by test loss"]),
        ),
        row("Distance, by share", lambda net: figure(net["distance"])),
        row("Distance, by test loss", lambda net: figure(net["test loss"])),
    ]
    for name, chance in n["chance"].items():
        level = "" if chance is None else f"{chance:.2f}"
        found.append(row(name, lambda net, name=name: figure(net["likeness"][name]), level,
                         figure(n["other pictures"][name])))  # fmt: skip
    return [*found, row("Weights moved", lambda net: f"{net['weights moved']:.3f}")]


def shared(spread: dict[str, Any] | None) -> str:
    """A share and its interval, to whole percent."""
    if spread is None:
        return "not known"
    low, high = spread["interval95"]
    return f"{spread['share']:.0%} ({low:.0%} to {high:.0%})"


def figure(spread: dict[str, Any]) -> str:
    """A mean and its interval."""
    if spread["mean"] is None:
        return "not known"
    between = "" if spread["low"] is None else f" ({spread['low']:.2f} to {spread['high']:.2f})"
    return f"{spread['mean']:.2f}{between}"


def caveats(study: ModelFooling) -> None:
    """What the numbers do not say."""
    digits = (
        "The packaged digits are those that the networks here learned from: their accuracy says only that nothing was "
        "unlearned, not how the network does on new digits. "
        if study.collection == "Packaged digits"
        else ""
    )
    st.caption(
        f"{digits}The thresholds are the paper's choice, and the two readings can disagree: a map can lie in a region "
        "without filling it evenly. So read how far the mean moved, beside the control, and look at the maps. "
        "Fine-tuning starts anew with each seed; intervals do not speak of others."
    )


def sides(study: ModelFooling, found: Result) -> None:
    """Each picture shown, and its maps before and after under a divider."""
    t = {name: tensor.numpy() for name, tensor in found.tensors.items()}
    with st.container(horizontal=True, vertical_alignment="center"):
        right = st.segmented_control("Right of the divider", ("fooled", "control"), default="fooled", required=True,
                                     key=knobs.kept("manipulate.right"), **LINKED)  # fmt: skip
        st.caption(
            f"Maps by {called(type(study.explainer))} of the class that the original predicts, each on its own scale. "
            f"{swipe.KEYS}"
        )
    size = "small" if max(t["images"].shape[2:]) < show.CARD else "large"
    pairs = zip(*(tuned.painted(t[f"{name} maps"]) for name in ("original", right)), strict=True)
    with st.container(horizontal=True, key=f"{size}-pictures"):
        for i, (before, after) in enumerate(pairs):
            with st.container(width=SIDE, gap="xsmall"):
                show.drawing(show.rgb(t["images"][i]), f"Held-out picture {i + 1}")
                swipe.between(
                    lens.Pane("original", before, words=described("original", i, t)),
                    lens.Pane(right, after, words=described(right, i, t)), f"manipulate.maps.{i}", SIDE, "",
                )  # fmt: skip


def described(name: str, i: int, t: dict[str, np.ndarray]) -> str:
    """A map for those who do not see it."""
    return f"Picture {i + 1}, {in_words(name, t[f'{name} maps'][i].astype(np.float32))}"


def downloads(study: ModelFooling, found: Result, key: str) -> None:
    """The fooled weights, and every number with what made it; how the weights are loaded again."""
    with st.container(horizontal=True):
        st.download_button("Fooled weights (.safetensors)", lambda: weights(key), f"fooled-{key}.safetensors",
                           on_click="ignore", key="manipulate.save.weights")  # fmt: skip
        st.download_button("Numbers (.json)", lambda: evidence.record(found), f"manipulate-{key}-numbers.json",
                           on_click="ignore", key="manipulate.save.json",
                           help="With the recipe and the versions that made them.")  # fmt: skip
    st.caption(reproduce.made(found.made_by))
    try:
        settings = settings_of(study.model)
    except Refused:
        st.caption("The network that was fine-tuned is not here any more: what it takes must be known to load them.")
        return
    again(settings)


def weights(key: str) -> bytes:
    """The fooled network's, as its architecture names them."""
    found = kept.result(key).tensors
    fooled = {name.removeprefix(PREFIX): t for name, t in found.items() if name.startswith(PREFIX)}
    return safetensors.torch.save(bare(fooled))


def again(settings: Settings) -> None:
    """How the weights are loaded into these pages."""
    _, height, width = settings.size
    with st.expander("Look at the fooled network on the other pages"):
        st.markdown(
            "Download the weights. Then choose *Your own checkpoint …* as the model, in the sidebar of *See*, and "
            f"say: architecture **{ARCHITECTURES[settings.architecture].title}**, height **{height}**, width "
            f"**{width}**, short side **{settings.resize}**, interpolation **{settings.interpolation}**, normalisation "
            f"**{normalisation(settings)}**; the names of its classes are these, to be copied:"
        )
        st.code("\n".join(settings.classes), language=None, height=150)


def normalisation(settings: Settings) -> str:
    """As the form for checkpoints calls it."""
    for name, (mean, std) in NORMALISATIONS.items():
        if all(np.array_equal(*np.broadcast_arrays(a, b)) for a, b in ((mean, settings.mean), (std, settings.std))):
            return name
    mean, std = (", ".join(f"{v:g}" for v in values) for values in (settings.mean, settings.std))
    return f"{OTHER}: mean {mean}, std {std}"
