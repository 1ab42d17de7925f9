"""What can be run from start to finish: recipes whose `run` yields progress and returns a result."""

import copy
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import torch
from scipy.stats import binomtest
from torch import Tensor, nn

from attrcore.data.mnist import mnist
from attrcore.kinds import Progress, Result
from attrcore.models.small import NETWORKS, fresh
from attrcore.origin import made_by
from attrcore.recipe import Recipe, knob
from attrcore.train import LOSSES
from attrcore.train.loop import Schedule, fit

Run = Generator[Progress, None, Result]


def finish(run: Run, on_progress: Callable[[Progress], Any] = lambda p: None) -> Result:
    """Drive a run to its end and return what it returned."""
    while True:
        try:
            on_progress(next(run))
        except StopIteration as end:
            return end.value


def best_device() -> str:
    """cuda, else mps, else cpu: the one choice of device in the project."""
    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"


@torch.no_grad()
def predictions(net: nn.Module, images: Tensor, chunk: int = 500) -> Tensor:
    """The class with the highest logit, (B,), on the CPU."""
    device = next(net.parameters()).device
    return torch.cat([net(x.to(device)).argmax(1).cpu() for x in images.split(chunk)])


def share(hits: Tensor) -> dict[str, Any]:
    """The share of true entries with its Wilson 95 % interval."""
    result = binomtest(int(hits.sum()), len(hits))
    low, high = result.proportion_ci(method="wilson")
    return {"share": result.statistic, "interval95": [round(low, 4), round(high, 4)], "count": len(hits)}


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

    def run(self) -> Run:
        """Train; yields after every step."""
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
