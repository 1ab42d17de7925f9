"""What every study needs: somebody who runs it to its end, a device, and shares with their intervals."""

from collections.abc import Callable, Generator
from typing import Any

import torch
from scipy.stats import binomtest
from torch import Tensor, nn

from attrcore.kinds import Progress, Result

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
