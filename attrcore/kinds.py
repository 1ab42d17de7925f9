"""The words of the house.  What fits a protocol may be passed; nothing need inherit from it.

Two shapes run through everything.  An *attribution* is a signed tensor (B, 1 or C, H, W).  A *map* is
(B, H, W), non-negative, each summing to one (`attrcore.maps.heat` makes one from the other).
Images are (B, C, H, W) in [0, 1]; classes are (B,) int64.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

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


class Aim(Protocol):
    """What an attack wants: maps and the clean ones in, (B,) out; higher is more broken."""

    def __call__(self, maps: Tensor, clean: Tensor) -> Tensor:
        """(B, H, W), (B, H, W) -> (B,)."""
        ...


class Ball(Protocol):
    """How far an image may move (pixel units), how it steps and how it comes back."""

    def step(self, grad: Tensor, size: float) -> Tensor:
        """The move of length `size` that climbs `grad` fastest in this norm."""
        ...

    def project(self, x: Tensor, origin: Tensor) -> Tensor:
        """`x` brought back into the ball around `origin` and into [0, 1]; what is inside stays as it is."""
        ...


class Step(NamedTuple):
    """One iterate of an attack."""

    n: int
    x: Tensor  # (B, C, H, W), the best label-preserving images so far
    aim: Tensor  # (B,), their aim


class Attack(Protocol):
    """Moves images so that their attribution breaks while the predicted class stays."""

    def iterate(self, net: nn.Module, explain: Explainer, x: Tensor, target: Tensor) -> Iterator[Step]:
        """Yield every step.  Not asking for the next one stops the attack."""
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
    """How far a study is: `done` of `total` steps, and what is known so far."""

    done: int
    total: int
    facts: dict[str, Any] = {}  # noqa: RUF012 - a tuple copies nothing, and nobody writes to it


@dataclass(frozen=True, eq=False)
class Result:
    """What a study found, with what made it."""

    recipe: Recipe
    numbers: dict[str, Any]  # plain and JSON-able
    tensors: dict[str, Tensor] = field(default_factory=dict)
    made_by: dict[str, str] = field(default_factory=dict)  # versions and device


class Study(Protocol):
    """A recipe that runs for a while: yields how far it is and returns what it found."""

    def run(self) -> Generator[Progress, None, Result]:
        """Every step in turn.  Not asking for the next one cancels."""
        ...
