"""What a page asks for and gets within a second.  Runs in a worker; takes and returns plain values and arrays."""

import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from distributed import get_worker
from torch import Tensor

from attrcore.batches import chunk, wanted
from attrcore.data import others  # noqa: F401 - baselines and backgrounds of the menu
from attrcore.explain import EXPLAINERS, load
from attrcore.explain.guided_backprop import GuidedBackprop
from attrcore.explain.validity import Check, validity
from attrcore.models import MODELS, find, own
from attrcore.models.loaded import loaded
from attrcore.origin import made_by
from attrcore.processes import overlook
from attrcore.recipe import Recipe


class Drawn(NamedTuple):
    """One attribution of one image, with what the gate says of it."""

    attribution: np.ndarray  # (1 or C, H, W) float32, signed
    target: int  # the class whose score is explained
    checks: list[Check]
    seconds: float  # of the explainer alone
    made_by: dict[str, str]  # versions and device of the worker


class Prediction(NamedTuple):
    """What a model says of one image."""

    chances: np.ndarray  # (N,) float32, the probability of each class
    logits: np.ndarray  # (N,) float32, the scores that maps explain


def classes(model: str) -> tuple[str, ...]:
    """Names of the model's outputs."""
    return find(model).classes


def predict(model: str, digest: str, image: np.ndarray) -> Prediction:
    """What the model says of `image`, (C, H, W) uint8."""
    with torch.no_grad():
        logits = loaded(model, digest).net(pixels(image))[0]
    return Prediction(logits.softmax(0).numpy(), logits.numpy())


def explain(model: str, digest: str, image: np.ndarray, target: int | None, settings: dict[str, Any]) -> Drawn:
    """The attribution of class `target` (None: of the predicted one) by the explainer of `settings`, and its checks.

    Raises attrcore.kinds.Refused where the network does not support the method.
    """
    method = Recipe.from_dict(settings)
    if type(method) not in EXPLAINERS.values():
        raise ValueError(f"settings must describe an explainer, got {settings['kind']}")
    wanted.set(still_wanted)
    net, x = loaded(model, digest).net, pixels(image)
    if target is None:
        with torch.no_grad():
            target = int(net(x).argmax())
    t = torch.tensor([target])
    chunk(net, x)  # a network's first image finds out how many fit, which is not the method's time
    load(method)
    start = time.perf_counter()
    a = method(net, x, t)
    seconds = time.perf_counter() - start
    (checks,) = validity(method, net, x, t, a)
    return Drawn(a[0].float().numpy(), target, checks, seconds, made_by(x.device))


def accept(file: str, settings: dict[str, Any], called: str) -> str:
    """Check a visitor's file of weights against what was said of it, keep both, and say by what name it is found.

    Raises Refused, in one sentence, where they do not fit; OSError where they cannot be kept.
    """
    said = {k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()}
    return own.accept(Path(file), own.Settings(**said), called).name


def still_wanted() -> bool:
    """Has nobody taken back the question that this worker is busy with?  Dask lets a cancelled task run on."""
    try:
        worker = get_worker()
        task = worker.state.tasks.get(worker.get_current_task())
    except ValueError:  # not in a worker: called directly
        return True
    return task is None or task.state != "cancelled"


def pixels(image: np.ndarray) -> Tensor:
    """(C, H, W) uint8 -> (1, C, H, W) in [0, 1]."""
    return torch.tensor(image)[None] / 255  # copied: what comes over the wire is read-only


def dask_setup(worker: Any) -> None:
    """A starting worker answers its first visitor as fast as its hundredth."""
    overlook("Refused(", "NotNow(", "Unfit(", "Abandoned(")  # neither a refusal nor a question taken back is a failure
    name, source = next(iter(MODELS.items()))
    blank = np.zeros(source.size, np.uint8)
    blank[:, 8:20, 12:16] = 255
    explain(name, source.digest, blank, 1, GuidedBackprop().to_dict())
