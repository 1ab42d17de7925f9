"""Widgets that put a training together: a preset, what it is trained for, on what, and how."""

from dataclasses import replace

import streamlit as st

from attrcore.data.splits import SPLITS
from attrcore.models import MODELS
from attrcore.models.shipped import Shipped
from attrcore.models.small import NETWORKS
from attrcore.recipe import called
from attrcore.studies.presets import PUBLISHED, minutes, published
from attrcore.studies.training import Training
from attrcore.train import OBJECTIVES
from attrcore.train.inner import Inner
from attrcore.train.natural import Natural
from attrcore.train.objective import Objective
from pages.parts import knobs
from pages.parts.knobs import LINKED, kept, usual

MINUTES, AS_PUBLISHED = "five minutes on a laptop", "as published"
ANEW = "first weights"
ROW = "IG-SUM-NORM"


def chosen() -> Training:
    """The training that the widgets describe."""
    with st.container(horizontal=True, gap="medium"):
        row = st.selectbox("Objective", OBJECTIVES, list(OBJECTIVES).index(ROW), key=kept("train.objective"), width=200,
                           filter_mode=None, help=each(), **LINKED)  # fmt: skip
        preset = st.segmented_control("Preset", (MINUTES, AS_PUBLISHED), default=MINUTES, required=True,
                                      key=kept("train.preset"), help="Where every setting starts. As published: "
                                      "steps, points and rates of Chen et al. (2019); it takes days on two cores, "
                                      "or hours on a GPU.", **LINKED)  # fmt: skip
        digits = data(preset)
        start = minutes(row) if preset == MINUTES else published(row, digits if digits in PUBLISHED else "MNIST")
        network, source = net(start)
        at = start.schedule
        epochs = st.number_input("Epochs", 1, 1000, at.epochs, key=usual("train.epochs", at.epochs), width=110,
                                 help=knobs.help_of(type(at), "epochs"), **LINKED)  # fmt: skip
    st.caption(type(start.objective).story().partition("\n\n")[0].replace("`", ""))
    with st.expander("More settings: the worst images, points of the path, batches, learning rate, the seed"):
        objective = asked(start.objective)
        with st.container(horizontal=True, gap="medium"):
            batch = st.number_input("Images per step", 1, 4096, at.batch, key=usual("train.batch", at.batch), width=150,
                                    **LINKED)  # fmt: skip
            rate = st.number_input("Learning rate", 1e-6, 1.0, at.rate, format="%g", width=150, **LINKED,
                                   key=usual("train.rate", at.rate), help="At the start.")  # fmt: skip
            seed = st.number_input("Seed", 0, 2**31 - 1, 0, key=kept("train.seed"), width=150, **LINKED,
                                   help="First weights, order of the images, and what is drawn.")  # fmt: skip
    begun = "" if source == ANEW else source
    return replace(
        start, network=network, digits=digits, objective=objective, seed=seed, start=begun,
        digest=MODELS[begun].digest if begun else "", reach=reach(objective, start.reach),
        schedule=replace(at, epochs=epochs, batch=batch, rate=rate, seed=seed),
    )  # fmt: skip


def each() -> str:
    """What the menu's entries are."""
    return "\n\n".join(f"**{name}**: {cls.title()}" for name, cls in OBJECTIVES.items())


def data(preset: str) -> str:
    """What is learned: of what is on this machine."""
    there = [name for name, split in SPLITS.items() if not split.missing()]
    first = "MNIST" if preset == AS_PUBLISHED and "MNIST" in there else "Packaged digits"
    help = "\n\n".join(f"**{name}**: {SPLITS[name].about}" for name in there)
    return st.selectbox("Data", there, there.index(first), key=usual("train.data", first), width=180, filter_mode=None,
                        help=help, **LINKED)  # fmt: skip


def net(start: Training) -> tuple[str, str]:
    """The architecture, and whose weights it starts from."""
    names = list(NETWORKS)
    network = st.selectbox("Network", names, names.index(start.network), key=usual("train.network", start.network),
                           width=150, filter_mode=None, help="RarCNN: MnistCNN with the first weights of Chen et al.",
                           **LINKED)  # fmt: skip
    same = {"RarCNN": ("RarCNN", "MnistCNN"), "MnistCNN": ("MnistCNN", "RarCNN")}.get(network, (network,))
    shipped = [n for n, m in MODELS.items() if isinstance(m, Shipped) and m.facts()["architecture"] in same]
    options = [ANEW, *shipped]
    first = start.start if start.start in options else ANEW
    source = st.selectbox("Starts from", options, options.index(first), key=usual(f"train.start.{network}", first),
                          width=230, filter_mode=None, help="First weights, drawn by the seed, or those of a network "
                          "that is trained already.", **LINKED)  # fmt: skip
    return network, source


def asked(objective: Objective) -> Objective:
    """The objective with its own knobs, which start as the preset has them."""
    return objective if isinstance(objective, Natural) else knobs.tuned(objective)


def reach(objective: Objective, usual: float) -> float:
    """How far looks on the way attack: as far as the objective's own attack does."""
    inner = getattr(objective, "inner", None)
    return inner.eps if isinstance(inner, Inner) else usual


def cost(study: Training) -> str:
    """What it takes."""
    return (
        f"{called(type(study.objective))} for {study.schedule.epochs} epochs of {study.schedule.batch} images a step."
    )
