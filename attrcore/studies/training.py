"""Training a small network, from first weights to a measured accuracy."""

import copy
import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from attrcore.data.splits import SPLITS
from attrcore.draws import generator
from attrcore.kinds import Progress, Refused, Result, Samples
from attrcore.models.loaded import loaded
from attrcore.models.small import NETWORKS, fresh
from attrcore.origin import made_by
from attrcore.recipe import Recipe, knob, part
from attrcore.studies.glance import glance
from attrcore.studies.running import Run, best_device, predictions, share
from attrcore.train import OBJECTIVES
from attrcore.train.loop import Schedule, fit
from attrcore.train.natural import Natural
from attrcore.train.objective import Objective

LABELS = ("true", "permuted")


@dataclass(frozen=True)
class Training(Recipe):
    """Train a small network on digits and measure it once on others.

    The result holds the trained weights and `numbers`: accuracy with its interval on what was measured and on what was
    learned, seconds, and how many of all predictions change when the weights are stored in half precision.
    """

    network: str = knob("MnistCNN", choices=tuple(NETWORKS), help="Architecture.")
    digits: str = knob("MNIST", choices=tuple(SPLITS), help="What is learned, and what is measured on.")
    labels: str = knob(
        LABELS[0], choices=LABELS,
        help="permuted: every digit learned has the label of another one, so that there is nothing to learn but these "
        "digits by heart (Zhang et al., 2017, arXiv:1611.03530).",
    )  # fmt: skip
    objective: Objective = part(Natural(), "What the training minimises.", OBJECTIVES)
    schedule: Schedule = Schedule()
    start: str = knob("", help="Model whose weights it starts from, by its name in the menu; first weights without.")
    digest: str = knob("", help="sha256 of those weights.")
    seed: int = knob(0, 0, 2**31 - 1, "First weights of the network.")
    watched: int = knob(
        0, 0, 10_000, "Test images on which it is told after every epoch how accurate and robust it is."
    )
    reach: float = knob(0.3, 0.0, 1.0, "Largest change of a pixel there, in [0, 1] units.")
    rounded: bool = knob(False, help="Weights are rounded to half precision, as they are stored, before measuring.")

    def run(self, state: dict[str, Tensor] | None = None) -> Run:
        """Train; yields after every step, with a state to go on from.

        Where images are watched, with a `glance` at them before the first epoch and after each.
        """
        device = best_device()
        net, split = self.first().to(device), SPLITS[self.digits]
        learned, test = split.learned(), split.measured()
        if self.labels == "permuted":
            learned = permuted(learned, self.seed)
        start = time.perf_counter() - (0.0 if state is None else float(state["seconds"]))

        def seconds() -> float:
            return time.perf_counter() - start

        if state is None and self.watched:
            yield Progress(0, self.schedule.epochs * self.epoch(learned), self.look(net, test))
        for p in fit(net, learned, self.schedule, self.objective, state):
            facts = {**p.facts, **self.look(net, test)} if p.done % self.epoch(learned) == 0 else p.facts
            yield p._replace(facts=facts, state=lambda p=p: {**p.state(), "seconds": torch.tensor(seconds())})
        took = round(seconds())
        halved = copy.deepcopy(net).half().to(dtype=next(net.parameters()).dtype)
        net = halved if self.rounded else net
        said, rounded = ([predictions(n, samples.images) for samples in (learned, test)] for n in (net, halved))
        numbers = {
            "training_accuracy": share(said[0] == learned.labels),
            "test_accuracy": share(said[1] == test.labels),
            "predictions_changed_by_half_precision": sum(
                int((a != b).sum()) for a, b in zip(said, rounded, strict=True)
            ),
            "training_seconds": took,
        }
        return Result(self, numbers, {k: v.cpu() for k, v in net.state_dict().items()}, made_by(torch.device(device)))

    def epoch(self, learned: Samples) -> int:
        """Steps of one."""
        return -(-len(learned.labels) // self.schedule.batch)

    def look(self, net: nn.Module, test: Samples) -> dict[str, Any]:
        """What is told of test images at the end of an epoch."""
        some = Samples(test.images[: self.watched], test.labels[: self.watched], ())
        return {"held out": glance(net, some, self.reach)} if self.watched else {}

    def first(self) -> nn.Module:
        """The network before its first step.  Raises Refused where `start` has another architecture."""
        net = fresh(self.network, self.seed)
        if self.start:
            try:
                net.load_state_dict(loaded(self.start, self.digest, "cpu").net.state_dict())
            except RuntimeError as e:
                raise Refused(f"{self.start} has other weights than a {self.network}.") from e
        return net


def permuted(samples: Samples, seed: int) -> Samples:
    """The same images, their labels dealt out anew: every class as often as before, and no label owed to its image."""
    order = torch.randperm(len(samples.labels), generator=generator("permuted labels", seed))
    return samples._replace(labels=samples.labels[order])
