"""What every study needs: somebody who runs it to its end, a device, batches, and means with their intervals."""

from collections.abc import Callable, Generator, Mapping
from functools import cache
from typing import Any

import torch
from scipy.stats import binomtest
from scipy.stats import t as student
from torch import Tensor, nn

from attrcore.batches import chunk
from attrcore.kinds import Progress, Result

Run = Generator[Progress, None, Result]

MOST_AT_ONCE = 64  # pictures in a batch; a cancelled study loses one batch of one attack


def finish(run: Run, on_progress: Callable[[Progress], Any] = lambda p: None) -> Result:
    """Drive a run to its end and return what it returned."""
    while True:
        try:
            on_progress(next(run))
        except StopIteration as end:
            return end.value


def under(label: str, named: Mapping[str, Any]) -> dict[str, Any]:
    """One part of what `joined` made, by its own names."""
    return {k.removeprefix(f"{label}."): v for k, v in named.items() if k.startswith(f"{label}.")}


def joined(states: Mapping[str, Callable[[], dict[str, Tensor]]]) -> Callable[[], dict[str, Tensor]]:
    """What makes one state of several, each under its label."""
    return lambda: {f"{label}.{k}": v for label, state in states.items() for k, v in state().items()}


def best_device() -> str:
    """cuda, else mps, else cpu: the one choice of device in the project.

    On CUDA convolutions multiply in full single precision from here on.  By default they do so in TF32, of 10 bits:
    maps that compare nearly equal numbers, such as IDGI and CGI, then differ from the CPU's by more than 1 %.
    """
    torch.backends.cudnn.allow_tf32 = False
    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"


@torch.no_grad()
def predictions(net: nn.Module, images: Tensor, chunk: int = 500) -> Tensor:
    """The class with the highest logit, (B,), on the CPU."""
    device = next(net.parameters()).device
    return torch.cat([net(x.to(device)).argmax(1).cpu() for x in images.split(chunk)])


def in_batches(pictures: Tensor, net: nn.Module, device: torch.device, passes: int) -> tuple[Tensor, ...]:
    """Rows of (N, C, H, W) that are attacked side by side, where one map takes so many passes."""
    once = min(MOST_AT_ONCE, chunk(net, pictures[:1].to(device), graphs=max(1, passes)))
    return torch.arange(len(pictures)).split(once)


def share(hits: Tensor) -> dict[str, Any]:
    """The share of true entries with its Wilson 95 % interval."""
    result = binomtest(int(hits.sum()), len(hits))
    low, high = result.proportion_ci(method="wilson")
    return {"share": result.statistic, "interval95": [round(low, 4), round(high, 4)], "count": len(hits)}


def interval(values: Tensor) -> dict[str, Any]:
    """Mean of what is known, its 95 % interval by Student's t (1908), and of how many pictures."""
    known_ = values[~values.isnan()].cpu().double()
    count = len(known_)
    if not count:
        return {"mean": None, "low": None, "high": None, "count": 0}
    mean = float(known_.mean())
    half = float(quantile(count) * known_.std() / count**0.5) if count > 1 else None
    low, high = (None, None) if half is None else (mean - half, mean + half)
    return {"mean": mean, "low": low, "high": high, "count": count}


def intervals(values: Tensor) -> Any:
    """`interval` of each column of (B, ...), in nested lists of the shape of the rest."""
    values = values.cpu().double()
    known = ~values.isnan()
    count = known.sum(0)
    mean = values.nanmean(0)
    apart = (values - mean).nan_to_num().square().sum(0)
    error = (apart / (count - 1).clamp_min(1) / count.clamp_min(1)).sqrt()
    half = torch.from_numpy(student.ppf(0.975, (count - 1).clamp_min(1).numpy())) * error

    def told(mean: Any, half: Any, count: Any) -> Any:
        if isinstance(mean, list):
            return [told(*parts) for parts in zip(mean, half, count, strict=True)]
        if count < 2:
            return {"mean": mean if count else None, "low": None, "high": None, "count": count}
        return {"mean": mean, "low": mean - half, "high": mean + half, "count": count}

    return told(mean.tolist(), half.tolist(), count.tolist())


def proportion(hits: Tensor) -> dict[str, Any]:
    """The same of a share, with Wilson's interval (1927): Student's has no width where all or none are hits."""
    known = hits[~hits.isnan()]
    if not len(known):
        return interval(known)
    found = share(known)
    low, high = found["interval95"]
    return {"mean": found["share"], "low": low, "high": high, "count": found["count"]}


@cache
def quantile(count: int) -> float:
    """How many standard errors of so many values reach to either end of a 95 % interval."""
    return student.ppf(0.975, count - 1)


def plain(value: Tensor) -> float | None:
    """A number that JSON holds."""
    return None if value.isnan() else float(value)


def shown(map_: Tensor) -> Tensor:
    """A map (H, W) as it is drawn, in half precision on the CPU: as a share of its largest value."""
    return (map_ / map_.max().clamp_min(torch.finfo(map_.dtype).tiny)).half().cpu()
