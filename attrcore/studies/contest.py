"""One attack on several networks at once: the same picture, budget and seed, step by step side by side."""

from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

from attrcore.kinds import Progress, Refused, Result
from attrcore.recipe import Recipe, knob
from attrcore.studies.fooling import Fooling
from attrcore.studies.running import Run, joined, under

SEPARATOR = " | "
MOST = 4  # networks


@dataclass(frozen=True)
class Contest(Recipe):
    """The attack of `first` on its network and on others, each step of all before the next of any.

    Of each network its own predicted class is explained, unless `first` names one.  Facts, frames, numbers and tensors
    are those of each network's own attack: see `Fooling`.
    """

    first: Fooling = field(default=Fooling())
    others: str = knob("", help="Further networks, by their names in the menu, with | between.")
    digests: str = knob("", help="sha256 of their weights, in that order.")

    def foolings(self) -> list[Fooling]:
        """The attack on each network.  Raises Refused where names and digests do not match, or too many were named."""
        names, digests = (text.split(SEPARATOR) if text else [] for text in (self.others, self.digests))
        if len(names) != len(digests) or not len(names) < MOST:
            raise Refused(f"A contest is between up to {MOST} networks, each with its digest; got {1 + len(names)}.")
        subject = self.first.subject
        more = [replace(subject, model=name, digest=digest) for name, digest in zip(names, digests, strict=True)]
        return [self.first, *(replace(self.first, subject=one) for one in more)]

    def run(self, state: dict[str, Tensor] | None = None) -> Run:
        """Every step of all networks; a state is theirs together."""
        each = self.foolings()
        runs = [study.run(None if state is None else under(str(i), state)) for i, study in enumerate(each)]
        results: list[Result] = []
        while not results:
            steps = []
            for run in runs:
                try:
                    steps.append(next(run))
                except StopIteration as end:
                    results.append(end.value)
            if steps:
                yield together(steps)
        tensors = {f"{i}.{name}": t for i, r in enumerate(results) for name, t in r.tensors.items()}
        return Result(self, {"networks": [r.numbers for r in results]}, tensors, results[0].made_by)

    def of(self, i: int, found: Result) -> Result:
        """What the contest found of one network, as its own attack would have."""
        return Result(self.foolings()[i], found.numbers["networks"][i], under(str(i), found.tensors), found.made_by)


def together(steps: list[Progress]) -> Progress:
    """A step of all: facts in a list, frames and states under each network's number."""
    first = steps[0]
    facts: dict[str, Any] = {"phase": first.facts.get("phase", ""), "networks": [p.facts for p in steps]}
    frames = {f"{i}.{name}": t for i, p in enumerate(steps) for name, t in p.frame.items()}
    states = {str(i): p.state for i, p in enumerate(steps)}
    state = joined(states) if all(states.values()) else None
    return Progress(first.done, first.total, facts, frames, state)
