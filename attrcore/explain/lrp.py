"""Layer-wise relevance propagation: a backward pass of relevance."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, fx, nn

from attrcore.backward import Rule, backward, its_score, run
from attrcore.batches import over_batch
from attrcore.explain.canonical import canonical
from attrcore.explain.relevance import (
    EVERYWHERE,
    Counting,
    by_contribution,
    evenly,
    everything,
    favouring,
    for_and_against,
    within,
)
from attrcore.recipe import Recipe, knob

PRESETS = ("PA", "PB", "z+", "gamma", "EPS", "Z")
INPUTS = ("as the others", "flat", "box")


@dataclass(frozen=True)
class LRP(Recipe):
    """Layer-wise relevance propagation (Bach et al., 2015, doi:10.1371/journal.pone.0130140).

    The score is shared out from layer to layer among what contributed to it.  Presets: Z, every contribution counts;
    EPS, a small term absorbs where contributions cancel; gamma, those for the output count more; z+, only those for the
    output count; PA and PB, EPS in dense layers and alpha-beta (1, 0) or (2, 1) in convolutions.  Z and EPS explode in
    deep networks with strong biases.

    BatchNorm is multiplied into its convolution, sums and averages are shared like layers, of a gate and what it scales
    the latter gets all.  The badge shows how much of the score arrives at the pixels.  Refused where
    a step has no rule, such as attention.
    """

    passes: ClassVar[int] = 1
    differentiable: ClassVar[bool] = True
    promises: ClassVar[dict[str, float]] = {"conservation": 0.05}

    preset: str = knob("PA", choices=PRESETS, help="Which contributions count.")
    first_layer: str = knob(
        "as the others",
        choices=INPUTS,
        help="flat: all pixels that a unit sees get the same. box: contributions count from black or white.",
    )
    eps: float = knob(0.01, 0.0, 1.0, "What absorbs in EPS, gamma, PA, PB: a share of a layer's typical output.")
    biases: bool = knob(False, help="Biases take their share too, as published, which is then lost to the pixels.")
    gamma: float = knob(0.25, 0.0, 10.0, "How much more the contributions for the output count, in gamma.")

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, C, H, W)."""
        g = canonical(net)
        rules = self.rules(g, x)
        return over_batch(lambda _, x, t: backward(g, x, its_score(t), rules), net, x, target)

    def rules(self, g: fx.GraphModule, x: Tensor) -> dict[str, Rule]:
        """What each kind of step does."""

        def rule(counting: Counting, eps: float = 0.0) -> Rule:
            return by_contribution(counting, eps, self.biases)

        dense = {"z+": rule(for_and_against(1, 0)), "Z": rule(everything)}.get(self.preset, rule(everything, self.eps))
        convolution = {
            "gamma": rule(favouring(self.gamma)), "PA": rule(for_and_against(1, 0)), "PB": rule(for_and_against(2, 1)),
        }.get(self.preset, dense)  # fmt: skip
        first = convolution
        if self.first_layer != "as the others":
            first = rule(evenly if self.first_layer == "flat" else within(ranges(g, x)))
        return {**EVERYWHERE, "convolution": convolution, "dense layer": dense, "first layer": first}


def ranges(g: fx.GraphModule, x: Tensor) -> dict[nn.Module, tuple[Tensor, Tensor]]:
    """What each first layer sees of a black and of a white image, (1, ...) each."""
    ends = torch.cat([torch.zeros_like(x[:1]), torch.ones_like(x[:1])])
    with torch.no_grad():
        steps = run(g, ends).values()
    return {step.module: tuple(step.inputs[0].chunk(2)) for step in steps if step.kind == "first layer"}
