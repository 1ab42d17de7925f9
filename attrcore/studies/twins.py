"""Two networks that differ in what their labels said: shipped, or trained step by step side by side."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import Tensor, nn

from attrcore.data.splits import LEARNED, SPLITS
from attrcore.kinds import Progress, Refused, Samples
from attrcore.models import MODELS
from attrcore.models.loaded import loaded
from attrcore.models.small import fresh
from attrcore.recipe import Recipe, knob
from attrcore.studies.running import best_device, predictions
from attrcore.studies.training import LABELS, permuted
from attrcore.train import LOSSES
from attrcore.train.loop import Schedule, fit

DIGITS = SPLITS["Packaged digits"]
SHIPPED = {"MnistCNN": "Twin CNN ({} labels)", "MnistMLP": "Twin MLP ({} labels)"}
WATCHED = 500  # digits on which accuracy is told while twins learn

State = dict[str, Tensor] | None


class Pair(NamedTuple):
    """The twins, and where they were trained what makes the state that their training ended in."""

    true: nn.Module
    permuted: nn.Module
    state: Callable[[], dict[str, Tensor]] | None = None


Look = Callable[[dict[str, nn.Module]], dict[str, Tensor]]  # makes a frame of the networks, in eval mode, by labels


@dataclass(frozen=True)
class ShippedTwins(Recipe):
    """The pair that ships: 4,000 packaged digits, the same first weights and order of digits, 60 epochs."""

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

    def train(self, network: str, seed: int, look: Look, state: State) -> Generator[Progress, None, Pair]:
        """The networks at once.  Raises Refused where their weights are not those that were asked for."""
        names = [SHIPPED[network].format(labels) for labels in LABELS]
        if self.digest not in ("", MODELS[names[1]].digest):
            raise Refused(f"The weights of {names[1]} here are not those that this study asks for.")
        yield from ()
        return Pair(*(loaded(name, MODELS[name].digest, best_device()).net for name in names))


@dataclass(frozen=True)
class TrainedTwins(Recipe):
    """A pair trained anew, step by step side by side: the same first weights, digits and order of digits."""

    digits: int = knob(1000, 10, LEARNED, "How many of the packaged digits are learned, the first ones.")
    schedule: Schedule = Schedule(epochs=50, batch=50, rate=3e-4)

    def steps(self) -> int:
        """Of each twin."""
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

    def train(self, network: str, seed: int, look: Look, state: State) -> Generator[Progress, None, Pair]:
        """Yields after every step of both, with facts and a frame after every epoch, and a state to go on from."""
        samples, nets, fits = self.learned(seed), {}, []
        for label, one in samples.items():
            nets[label] = fresh(network, seed).to(best_device())
            begun = None if state is None else under(label, state)
            fits.append(fit(nets[label], one, self.schedule, LOSSES["NATURAL"], begun))
        if state is None:
            yield Progress(0, self.steps(), {"epoch": 0, **glance(nets, samples, [])}, looked(look, nets))
        losses: list[list[float]] = []
        last = None if state is None else lambda: state
        for both in zip(*fits, strict=True):
            done, last = both[0].done, joined(dict(zip(samples, both, strict=True)))
            losses.append([p.facts["loss"] for p in both])
            facts: dict[str, Any] = {"phase": "learning"}
            frame = {}
            if done % self.epoch() == 0:
                facts |= {"epoch": done // self.epoch(), **glance(nets, samples, losses)}
                frame, losses = looked(look, nets), []
            yield Progress(done, self.steps(), facts, frame, last)
        return Pair(*(net.requires_grad_(False) for net in nets.values()), last)


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


def glance(nets: dict[str, nn.Module], samples: dict[str, Samples], losses: list[list[float]]) -> dict[str, Any]:
    """Each twin's accuracy on some of what it learns and of what it does not, and its mean loss since the last look."""
    held, found = DIGITS.measured(), {}
    for i, (label, net) in enumerate(nets.items()):
        one = samples[label]
        net.eval()
        found[label] = {
            "learned": float((predictions(net, one.images[:WATCHED]) == one.labels[:WATCHED]).double().mean()),
            "held out": float((predictions(net, held.images[:WATCHED]) == held.labels[:WATCHED]).double().mean()),
            "loss": sum(pair[i] for pair in losses) / len(losses) if losses else None,
        }
        net.train()
    return found


def under(label: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """One twin's part of a state."""
    return {k.removeprefix(f"{label}."): v for k, v in state.items() if k.startswith(f"{label}.")}


def joined(both: dict[str, Progress]) -> Callable[[], dict[str, Tensor]]:
    """What makes one state of both twins'."""
    return lambda: {f"{label}.{k}": v for label, p in both.items() for k, v in p.state().items()}
