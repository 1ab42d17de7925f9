"""Widgets that put a data randomisation test together: which twins, shipped or trained now, and which maps."""

import streamlit as st

from attrcore.data.splits import LEARNED
from attrcore.explain import EXPLAINERS, GROUPS
from attrcore.models import MODELS
from attrcore.studies.data_randomisation import USUAL, DataRandomisation
from attrcore.studies.methods import named
from attrcore.studies.twins import SHIPPED, TWINS, ShippedTwins, TrainedTwins
from attrcore.train.loop import Schedule
from pages.parts import attacks, knobs
from pages.parts.knobs import LINKED, kept

NETWORKS = {"CNN": "MnistCNN", "MLP": "MnistMLP"}
EPOCHS, RATE = {"MnistCNN": 50, "MnistMLP": 60}, {"MnistCNN": 3e-4, "MnistMLP": 1e-3}


def chosen() -> DataRandomisation:
    """The study that the widgets describe.  Ends the run where no method is left."""
    with st.sidebar:
        network = NETWORKS[st.selectbox("Network", NETWORKS, key=kept("labels.network"), filter_mode=None, **LINKED,
                                        help="The paper's CNN; a narrower MLP than the paper's.")]  # fmt: skip
        how = st.selectbox("Twins", TWINS, key=kept("labels.twins"), filter_mode=None, **LINKED,
                           help="\n\n".join(f"**{name}**: {cls.title()}" for name, cls in TWINS.items()))  # fmt: skip
        twins = trained(network) if TWINS[how] is TrainedTwins else ShippedTwins(digest=digest(network))
        count = st.number_input("Digits to explain", 2, 1000, 100, key=kept("labels.count"), **LINKED,
                                help="Of the 1,000 packaged digits that no twin has seen.")  # fmt: skip
    asked = [name for name in EXPLAINERS if name not in GROUPS["Control maps"]]
    methods = st.multiselect("Methods", asked, named(USUAL), key=kept("labels.methods"), wrap=True, **LINKED)
    if not methods:
        st.info("Choose at least one method.")
        raise knobs.Ended
    with st.expander("More settings: the explained class, competition of classes, important pixels, the seed"):
        k = attacks.top(100, 784, "How many pixels count as most important.")
        return knobs.recipe(DataRandomisation, across=270, given={
            "network": network, "twins": twins, "count": count, "explained": ", ".join(methods), "k": k,
        })  # fmt: skip


def digest(network: str) -> str:
    """Of the weights that ship."""
    return MODELS[SHIPPED[network].format("permuted labels")].digest


def trained(network: str) -> TrainedTwins:
    """How a pair is trained now."""
    digits = st.number_input("Digits to learn", 10, LEARNED, 1000, 100, key=kept("labels.digits"), **LINKED,
                             help="The first of the packaged digits.")  # fmt: skip
    usual = EPOCHS[network]
    epochs = st.number_input("Epochs", 1, 1000, usual, key=knobs.usual("labels.epochs", usual), **LINKED,
                             help="Passes over them. Labels without a rule are learned late.")  # fmt: skip
    return TrainedTwins(digits=digits, schedule=Schedule(epochs=epochs, batch=50, rate=RATE[network]))


def cost(study: DataRandomisation) -> str:
    """What it takes."""
    maps = f"{len(study.methods())} methods on {study.count} digits, by four networks"
    steps = study.twins.steps()
    return (
        f"{steps:,} steps of training for three networks, some minutes on two cores; then {maps}."
        if steps
        else f"{maps}."
    )
