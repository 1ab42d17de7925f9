"""A visitor's own checkpoint: what must be said of it, and how it is checked before it is kept."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from attrcore.models import checkpoint, find, match
from attrcore.models.architectures import ARCHITECTURES
from attrcore.models.checkpoint import Unfit, harmless
from attrcore.models.imagenet import MEAN, STD
from attrcore.models.shipped import Shipped
from attrcore.models.small import NETWORKS
from attrcore.models.stored import Stored, assembled, keep

MOST_SIDE = 600  # EfficientNet-B7's
MOST_LETTERS = 100  # in the name of a class
INTERPOLATIONS = ("bilinear", "bicubic")
NORMALISATIONS = {
    "ImageNet": (MEAN, STD),
    "CIFAR-10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "to [-1, 1]": ((0.5,), (0.5,)),
    "none": ((0.0,), (1.0,)),
}


@dataclass(frozen=True)
class Settings:
    """What a file of weights does not say.  Raises Unfit, in one sentence, for what cannot be."""

    architecture: str  # of ARCHITECTURES
    size: tuple[int, int, int]  # C, H, W
    mean: tuple[float, ...]  # one number per channel, or one for all; of pixels in [0, 1]
    std: tuple[float, ...]
    classes: tuple[str, ...] = ()  # names in order; none: "class 0", "class 1", ...
    resize: int = 0  # short side that pictures are brought to before the crop; 0: that of `size`
    interpolation: str = "bilinear"

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            raise Unfit(f"There is no architecture {harmless(str(self.architecture))} here.")
        known, (channels, *sides) = ARCHITECTURES[self.architecture], self.size
        if channels != known.size[0]:
            raise Unfit(f"{known.title} takes images of {known.size[0]} channels, not of {channels}.")
        if not all(1 <= side <= MOST_SIDE for side in sides):
            raise Unfit(f"Sides of an image must be 1 to {MOST_SIDE} pixels, not {match.shape(tuple(sides))}.")
        if self.resize and not min(sides) <= self.resize <= 2 * MOST_SIDE:
            raise Unfit(f"Pictures must be brought to {min(sides)} to {2 * MOST_SIDE} pixels, not {self.resize}.")
        for what, numbers in (("mean", self.mean), ("std", self.std)):
            if len(numbers) not in (1, channels) or not all(map(math.isfinite, numbers)):
                raise Unfit(f"The {what} must be one finite number or one per channel, not {numbers}.")
        if min(self.std) <= 0:
            raise Unfit(f"The std must be above zero, not {min(self.std)}.")
        if any(not name.strip() or len(name) > MOST_LETTERS for name in self.classes):
            raise Unfit(f"The name of a class must have 1 to {MOST_LETTERS} letters.")
        if self.interpolation not in INTERPOLATIONS:
            raise Unfit(f"The interpolation must be {' or '.join(INTERPOLATIONS)}.")


def accept(given: bytes | Path, settings: Settings, file: str) -> Stored:
    """Check a file of weights against what was said of it and store both; `file` is its name at the visitor's.

    The last layer decides how many classes there are.  Raises Unfit, in one sentence, where weights and settings do
    not fit; OSError where they cannot be kept.
    """
    weights, count = match.matched(checkpoint.read(given), ARCHITECTURES[settings.architecture], settings.size)
    if len(settings.classes) not in (0, count):
        raise Unfit(f"The last layer has {count} outputs, and {len(settings.classes)} names of classes are given.")
    facts = {
        **asdict(settings),
        "classes": settings.classes or tuple(f"class {i}" for i in range(count)),
        "resize": settings.resize or min(settings.size[1:]),
    }
    with torch.no_grad():
        logits = assembled(facts, weights)(torch.full((1, *settings.size), 0.5))
    if not logits.isfinite().all():
        raise Unfit("With these weights the logits of a grey image are not finite.")
    return keep(weights, facts, file)


def settings_of(model: str) -> Settings:
    """What must be said of other weights of the network of that name, so that they see what it sees.

    Raises Refused where there is no such model.
    """
    entry = find(model)
    if isinstance(entry, Shipped):  # it takes pixels as they are
        facts = {"architecture": spelled(entry.facts()["architecture"]), "mean": (0.0,), "std": (1.0,)}
    elif isinstance(entry, Stored):
        facts = {name: entry.facts()[name] for name in ("architecture", "mean", "std")}
    else:
        facts = {"architecture": entry.architecture, "mean": entry.mean, "std": entry.std}
    return Settings(
        facts["architecture"], tuple(entry.size), tuple(facts["mean"]), tuple(facts["std"]), tuple(entry.classes),
        entry.resize, entry.interpolation,
    )  # fmt: skip


def spelled(network: str) -> str:
    """The architecture of ARCHITECTURES that a network of ours is, whichever its first weights were."""
    return next(n for n in NETWORKS if n in ARCHITECTURES and issubclass(NETWORKS[network], NETWORKS[n]))


def bare(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """A classifier's weights as its architecture names them: without the normalisation that stands before it."""
    if "0.mean" not in weights:
        return weights
    return {name.removeprefix("1."): t for name, t in weights.items() if not name.startswith("0.")}
