"""Training a small network, from first weights to a measured accuracy."""

import copy
import time
from dataclasses import dataclass

import torch
from torch import Tensor

from attrcore.data.mnist import mnist
from attrcore.kinds import Result
from attrcore.models.small import NETWORKS, fresh
from attrcore.origin import made_by
from attrcore.recipe import Recipe, knob
from attrcore.studies.running import Run, best_device, predictions, share
from attrcore.train import LOSSES
from attrcore.train.loop import Schedule, fit


@dataclass(frozen=True)
class Training(Recipe):
    """Train a small network on the full MNIST training set and measure it once on the test set.

    The result holds the trained weights and `numbers`: test accuracy with its interval, seconds, and
    how many test predictions change when the weights are stored in half precision.
    """

    network: str = knob("MnistCNN", choices=tuple(NETWORKS), help="Architecture.")
    loss: str = knob("NATURAL", choices=tuple(LOSSES), help="What the training minimises.")
    schedule: Schedule = Schedule()
    seed: int = knob(0, 0, 2**31 - 1, "First weights of the network.")

    def run(self, state: dict[str, Tensor] | None = None) -> Run:
        """Train; yields after every step.  It has no state to go on from, and begins anew."""
        device = best_device()
        net, test = fresh(self.network, self.seed).to(device), mnist(train=False)
        start = time.perf_counter()
        yield from fit(net, mnist(train=True), self.schedule, LOSSES[self.loss])
        seconds = round(time.perf_counter() - start)
        said = predictions(net, test.images)
        halved = copy.deepcopy(net).half().to(dtype=next(net.parameters()).dtype)
        numbers = {
            "test_accuracy": share(said == test.labels),
            "predictions_changed_by_half_precision": int((predictions(halved, test.images) != said).sum()),
            "training_seconds": seconds,
        }
        return Result(self, numbers, {k: v.cpu() for k, v in net.state_dict().items()}, made_by(torch.device(device)))
