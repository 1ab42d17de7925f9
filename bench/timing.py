"""What the benchmarks share: variants that take turns, and the digits they work on."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from attrcore.data.digits import packaged_digits


def timed(variants: dict[Any, Callable[[], object]], rounds: int) -> dict[Any, float]:
    """Median seconds of each variant, taking turns: a busy minute of the machine hits all of them."""
    seconds: dict[Any, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, run in variants.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(s) for name, s in seconds.items()}


def digits(count: int) -> Tensor:
    """The first packaged ones, (count, 1, 28, 28) in [0, 1]."""
    return torch.from_numpy(packaged_digits()[0][:count, None]).float() / 255
