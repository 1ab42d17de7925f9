"""Twins that differ in what their labels said, and a third to compare with: shipped, or trained side by side."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from torch import Tensor, nn

from attrcore.data.splits import LEARNED, SPLITS
from attrcore.kinds import Progress, Refused, Samples
from attrcore.models import MODELS
from attrcore.models.loaded import loaded
from attrcore.models.small import fresh
from attrcore.recipe import Recipe, knob
from attrcore.studies.running import best_device, joined, predictions, under
from attrcore.studies.training import LABELS, permuted
from attrcore.train.loop import Schedule, fit
from attrcore.train.natural import Natural

DIGITS = SPLITS["Packaged digits"]
SHIPPED = {"MnistCNN": "Twin CNN ({})", "MnistMLP": "Twin MLP ({})"}
OTHER = "other"  # true labels too, from other first weights and in another order: what two such networks have in common
WATCHED = 500  # digits on which accuracy is told while twins learn

State = dict[str, Tensor] | None


class Trio(NamedTuple):
    """The twins and the other, and where they were trained what makes the state that their training ended in."""

    true: nn.Module
    permuted: nn.Module
    other: nn.Module
    state: Callable[[], dict[str, Tensor]] | None = None


Look = Callable[[dict[str, nn.Module]], dict[str, Tensor]]  # makes a frame of the networks, in eval mode, by labels


@dataclass(frozen=True)
class ShippedTwins(Recipe):
    """Those that ship: 4,000 packaged digits, the same first weights and order of digits, 60 epochs."""

    digest: str = knob("", help="sha256 of the weights of the one with permuted labels.")

    def steps(self) -> int:
        """None: they are trained."""
        return 0

    def seed(self, seed: int) -> int:
        """Of first weights and permuted labels: that of their cards."""
        return 0

    def learned(self, seed: int) -> dict[str, Samples]:
        """What each twin learned, by its labels."""
        return pair_of_samples(LEARNED, self.seed(seed))

    def train(self, network: str, seed: int, look: Look, state: State) -> Generator[Progress, None, Trio]:
        """The networks at once.  Raises Refused where their weights are not those that were asked for."""
        names = [SHIPPED[network].format(of) for of in ("true labels", "permuted labels", "another seed")]
        if self.digest not in ("", MODELS[names[1]].digest):
            raise Refused(f"The weights of {names[1]} here are not those that this study asks for.")
        yield from ()
        return Trio(*(loaded(name, MODELS[name].digest, best_device()).net for name in names))


@dataclass(frozen=True)
class TrainedTwins(Recipe):
    """A pair trained anew, step by step beside a third network: the same first weights, digits and order of digits."""

    digits: int = knob(1000, 10, LEARNED, "How many of the packaged digits are learned, the first ones.")
    schedule: Schedule = Schedule(epochs=50, batch=50, rate=3e-4)

    def steps(self) -> int:
        """Of each network."""
        return self.schedule.epochs * self.epoch()

    def seed(self, seed: int) -> int:
        """Of first weights and permuted labels: that of the study."""
        return seed

    def epoch(self) -> int:
        """Steps of an epoch."""
        return -(-self.digits // self.schedule.batch)

    def learned(self, seed: int) -> dict[str, Samples]:
        """What each twin learns, by its labels."""
        return pair_of_samples(self.digits, self.seed(seed))

    def train(self, network: str, seed: int, look: Look, state: State) -> Generator[Progress, None, Trio]:
        """Yields after every step of all three, with facts and a frame after every epoch, and a state to go on from."""
        samples, nets, fits = self.learned(seed), {}, []
        for name in (*LABELS, OTHER):
            apart = int(name == OTHER)
            nets[name] = fresh(network, seed + apart).to(best_device())
            begun = None if state is None else under(name, state)
            order = replace(self.schedule, seed=self.schedule.seed + apart)
            fits.append(fit(nets[name], samples["true" if apart else name], order, Natural(), begun))
        twins = {label: nets[label] for label in LABELS}
        if state is None:
            yield Progress(0, self.steps(), {"epoch": 0, **glance(twins, samples)}, looked(look, twins))
        last = None if state is None else lambda: state
        for each in zip(*fits, strict=True):
            done, last = each[0].done, joined({label: p.state for label, p in zip(nets, each, strict=True)})
            facts: dict[str, Any] = {"phase": "learning"}
            frame = {}
            if done % self.epoch() == 0:
                facts |= {"epoch": done // self.epoch(), **glance(twins, samples)}
                frame = looked(look, twins)
            yield Progress(done, self.steps(), facts, frame, last)
        return Trio(*(net.requires_grad_(False) for net in nets.values()), last)


TWINS = {"the pair that ships": ShippedTwins, "a pair trained anew": TrainedTwins}


def pair_of_samples(count: int, seed: int) -> dict[str, Samples]:
    """The first packaged digits, with their labels and with permuted ones."""
    every = DIGITS.learned()
    some = Samples(every.images[:count], every.labels[:count], every.names[:count])
    return {"true": some, "permuted": permuted(some, seed)}


def looked(look: Look, nets: dict[str, nn.Module]) -> dict[str, Tensor]:
    """A frame, in the middle of training."""
    for net in nets.values():
        net.eval()
    frame = look(nets)
    for net in nets.values():
        net.train()
    return frame


def glance(nets: dict[str, nn.Module], samples: dict[str, Samples]) -> dict[str, Any]:
    """Each twin's accuracy on some of what it learns and of what it does not."""
    held, found = DIGITS.measured(), {}
    for label, net in nets.items():
        one = samples[label]
        net.eval()
        found[label] = {
            "learned": float((predictions(net, one.images[:WATCHED]) == one.labels[:WATCHED]).double().mean()),
            "held out": float((predictions(net, held.images[:WATCHED]) == held.labels[:WATCHED]).double().mean()),
        }
        net.train()
    return found
