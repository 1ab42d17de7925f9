"""Does a map depend on the class that it explains?  Maps of one network for ever less probable classes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from attrcore.attack.seen import logits_of
from attrcore.kinds import Explainer, Refused, Result
from attrcore.models.loaded import loaded
from attrcore.origin import made_by
from attrcore.recipe import Recipe, knob
from attrcore.studies import methods
from attrcore.studies.likeness import ALL, Likenesses
from attrcore.studies.running import Run, best_device
from attrcore.studies.selection import Selection
from attrcore.studies.walk import Tables, Trained, Walk

USUAL = "Gradient, SmoothGrad, Guided Backprop, Integrated Gradients, Gradient x Input, Grad-CAM, LRP"
FEW = 12  # classes: of so many each has its step
RANKS = (1, 2, 3, 5, 10, 30, 100, 300, 1000)  # of more classes these, and the last


@dataclass(frozen=True)
class ClassRandomisation(Recipe):
    """Random logit test (Sixt et al., 2020, arXiv:1912.09818): the same picture and network, another class explained.

    From the class of highest score to that of the lowest.  A map that stays as it was does not show what speaks for its
    class.  Every likeness to the predicted class's map stands beside its nulls: a random map, a random gradient times
    the same input, another seed of the method, an edge detector.
    """

    model: str = knob("", help="Name in the menu of models.")
    digest: str = knob("", help="sha256 of its weights.")
    pictures: Selection = field(default=Selection())
    explained: str = knob(USUAL, help="Methods, by their names in the menu, with commas between.")
    competition: bool = knob(
        False,
        help="Beside each method with signs, the same under CGI (Gupta & Arora, 2019): classes compete for pixels.",
    )
    measured: str = knob(ALL, help="Likenesses that are measured: all, or one by its name, such as Spearman, absolute.")
    k: int = knob(100, 1, 100_000, "How many pixels count as most important.")

    def run(self, state: dict[str, Tensor] | None = None) -> Run:
        """See `Walk.run`; the state are its tables as far as they are filled."""
        device = torch.device(best_device())
        net = loaded(self.model, self.digest, str(device)).net
        x = self.pictures.opened(self.model).to(device)
        with torch.no_grad():
            chances = logits_of(net, x[:1])[0].softmax(0)
        places = ranks(len(chances))
        order = chances.argsort(descending=True)[torch.tensor(places) - 1].tolist()
        explained = {"explained": [(one, float(chances[one])) for one in order]}  # of the picture that is shown

        def maps(draw: int, i: int, here: Trained, asked: dict[str, Explainer]) -> Iterator[tuple[str, Tensor]]:
            target = here.logits.argsort(1, descending=True)[:, places[i] - 1]
            for name, method in asked.items():
                yield name, method(net, here.seen.x, target).detach()

        walk = Walk(net, x, self.methods(), self.likenesses, (len(places), 1), maps)
        numbers, found = yield from walk.run(
            lambda tables, asked: self.summary(tables, asked, places) | explained, state
        )
        return Result(self, numbers, found.state(), made_by(device))

    @property
    def likenesses(self) -> Likenesses:
        """Every measure."""
        return Likenesses(self.k, self.measured)

    def methods(self) -> dict[str, Explainer]:
        """Those that are compared, with their usual settings."""
        return methods.usual(self.explained, self.competition)

    def summary(self, found: Tables, asked: list[str], places: tuple[int, ...]) -> dict[str, Any]:
        """Means with 95 % intervals over pictures, by measure and method."""
        return {
            "steps": ["predicted", *(ordinal(place) for place in places[1:])],
            "curves": self.likenesses.told(found.table, asked),
            "nulls": self.likenesses.told_nulls(found.nulls, asked),
            "pictures": found.pictures(), "seeds": 1,
        }  # fmt: skip


def ranks(classes: int) -> tuple[int, ...]:
    """Which classes are explained, by the rank of their scores.  Raises Refused where there is only one."""
    if classes < 2:
        raise Refused("This network knows one class, so that no other can be explained.")
    if classes <= FEW:
        return tuple(range(1, classes + 1))
    return (*(rank for rank in RANKS if rank < classes), classes)


def ordinal(n: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 21st."""
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"
