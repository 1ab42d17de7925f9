"""The words of the house.  What fits a protocol may be passed; what recipes hold as parts inherits.

Two shapes run through everything.  An *attribution* is a signed tensor (B, 1 or C, H, W).  A *map* is
(B, H, W), non-negative, each summing to one (`attrcore.maps.heat` makes one from the other).
Images are (B, C, H, W) in [0, 1]; classes are (B,) int64.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Protocol, Self

import torch
from torch import Tensor, nn

from attrcore.recipe import Recipe


class Refused(ValueError):
    """What cannot be had, such as a method on a network that does not support it.

    The message says which rule is not met, in a sentence fit for a page.
    """


class NotNow(Refused):
    """What cannot be had now and may be later, such as pictures that somebody may download meanwhile."""


class Explainer(Protocol):
    """Images and classes in, a signed attribution of each image's class score (logit) out.

    The graph follows the caller: a differentiable explainer keeps its graph exactly when
    `x.requires_grad`.  The network, the images and the random state are left as found.
    """

    passes: int  # through the network, per image, about: the dearest part of its cost
    differentiable: bool  # may an attack take the gradient of the attribution?
    promises: dict[str, float]  # law of attrcore.explain.validity -> the error it may have

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, 1 or C, H, W)."""
        ...


class Metric(Recipe):
    """How alike two maps are: one for the same map unless ties say otherwise."""

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """(B, H, W), (B, H, W) -> (B,)."""
        raise NotImplementedError


class Aim(Recipe):
    """What an attack wants: maps and those they are measured against in, (B,) out; higher is more broken.

    Differentiable by the first argument.
    """

    rests: ClassVar[bool] = False  # is its slope zero at the clean image, so that an attack must start elsewhere?
    counts: ClassVar[str]  # what its value is, in a few words

    def __call__(self, maps: Tensor, clean: Tensor) -> Tensor:
        """(B, H, W), (B, H, W) -> (B,)."""
        raise NotImplementedError

    def against(self, net: nn.Module, explain: Explainer, x: Tensor, clean: Tensor) -> Tensor:
        """The maps (B, H, W) to measure against: those of the clean images, unless the aim is another picture's."""
        return clean


class Ball(Recipe):
    """How far an image may move (pixel units), how it steps and how it comes back."""

    def step(self, grad: Tensor, size: float) -> Tensor:
        """The move of length `size` that climbs `grad` fastest in this norm."""
        raise NotImplementedError

    def project(self, x: Tensor, origin: Tensor) -> Tensor:
        """`x` brought back into the ball around `origin` and into [0, 1]; what is inside stays as it is."""
        raise NotImplementedError

    def rounded(self, x: Tensor, origin: Tensor) -> Tensor:
        """`x` with every change a whole number of 8-bit levels, so that a file holds it, and still in the ball."""
        raise NotImplementedError

    def start(self, origin: Tensor, g: torch.Generator) -> Tensor:
        """A point drawn from the ball around each image, from the same draw for all."""
        raise NotImplementedError

    def scattered(self, origin: Tensor, g: torch.Generator) -> Tensor:
        """Every value up or down by lot, as far as the ball allows, in whole 8-bit levels; the same draw for all."""
        raise NotImplementedError

    def reached(self, x: Tensor, origin: Tensor) -> Self:
        """The smallest such ball around one image `origin` that holds `x`, (1, C, H, W) both."""
        raise NotImplementedError

    def per_value(self, size: float, values: int) -> float:
        """How far each of so many values may step where the whole step may be `size` long in this norm."""
        raise NotImplementedError


class Step(NamedTuple):
    """One iterate of an attack on B images.  All is measured on the network itself, of images in whole 8-bit levels."""

    n: int  # 0: nothing has moved yet
    x: Tensor  # (B, C, H, W), the best images so far whose predicted class is the clean one's
    score: Tensor  # (B,), what the best are best by; higher is more broken
    now: Tensor  # (B, C, H, W), this step's images; of several restarts, each image's best
    maps: Tensor  # (B, H, W), their maps
    aim: Tensor  # (B,), their aim
    chances: Tensor  # (B,), the probability of the class that was predicted of the clean image
    kept: Tensor  # (B,) bool, is it still the predicted one?
    flat: Tensor  # (B,) bool, was there no slope to climb from here, in no restart?


class Attack(Protocol):
    """Moves images so that their attribution breaks while the predicted class stays."""

    def iterate(self, net: nn.Module, explain: Explainer, x: Tensor, target: Tensor) -> Iterator[Step]:
        """Yield every step, the clean images first.  Not asking for the next one stops the attack."""
        ...

    def __call__(self, net: nn.Module, explain: Explainer, x: Tensor, target: Tensor) -> Tensor:
        """The final images (B, C, H, W)."""
        ...


class Samples(NamedTuple):
    """Images with what is known of them."""

    images: Tensor  # (B, C, H, W) in [0, 1]
    labels: Tensor  # (B,), -1 where unknown
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Classifier:
    """A trained network that takes images in [0, 1] and normalises inside, with fixed statistics."""

    name: str
    net: nn.Module  # in eval mode, weights without gradients; (B, C, H, W) -> (B, len(classes)) logits
    classes: tuple[str, ...]
    size: tuple[int, int, int]  # C, H, W
    digest: str  # sha256 of the weights: two classifiers with one digest give the same maps


class Progress(NamedTuple):
    """How far a study is: `done` of `total` steps, what is known so far, and what it could go on from."""

    done: int
    total: int
    facts: dict[str, Any] = {}  # noqa: RUF012 - a tuple copies nothing, and nobody writes to it
    frame: dict[str, Tensor] = {}  # noqa: RUF012 - what there is to see of this step, on the CPU
    state: Callable[[], dict[str, Tensor]] | None = None  # makes what `run` would go on from: tensors that stay so


@dataclass(frozen=True, eq=False)
class Result:
    """What a study found, with what made it."""

    recipe: Recipe
    numbers: dict[str, Any]  # plain and JSON-able
    tensors: dict[str, Tensor] = field(default_factory=dict)
    made_by: dict[str, str] = field(default_factory=dict)  # versions and device


class Study(Protocol):
    """A recipe that runs for a while: yields how far it is and returns what it found."""

    def run(self, state: dict[str, Tensor] | None = None) -> Generator[Progress, None, Result]:
        """Every step in turn, from the start or from a `state` that a step of the same study gave.

        Not asking for the next one cancels.  A run that was taken up again gives the bits of one that never stopped.
        """
        ...
