"""A network that keeps its predictions and gets other maps: the attack on the model instead of the picture."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from attrcore.attack.aims import FillRegion
from attrcore.attack.regions import Frame
from attrcore.attack.seen import logits_of, predicted
from attrcore.attack.success import PASSIVE, success, unit
from attrcore.attack.surrogate import softened, spreads
from attrcore.data.names import numbered
from attrcore.draws import generator
from attrcore.evidence import chance, measures
from attrcore.explain import EXPLAINERS
from attrcore.explain.gradient import Gradient
from attrcore.kinds import Aim, Progress, Refused, Result
from attrcore.maps import heat
from attrcore.metrics import Spearman, TopKOverlap
from attrcore.models.loaded import loaded
from attrcore.origin import made_by
from attrcore.png import levels
from attrcore.recipe import Recipe, knob, part
from attrcore.studies.running import Run, best_device, interval, plain, share
from attrcore.studies.selection import collection, fitted
from attrcore.train.fooled import Before, FineTuning, PassiveFooling, Tuned, Way

SHOWN = 4  # held-out pictures whose maps are shown
CORNERS = ("softplus", "as they are")


class HeldOut(NamedTuple):
    """Pictures that no step sees, and what the original network makes of them."""

    x: Tensor  # (B, C, H, W)
    labels: Tensor  # (B,), -1 where unknown
    target: Tensor  # (B,), the predicted class, which is explained
    maps: Tensor  # (B, H, W)


@dataclass(frozen=True)
class ModelFooling(Recipe):
    """Fine-tune a network until its maps are others (Heo et al., 2019, arXiv:1902.02041: passive fooling).

    All is measured on held-out pictures, on the network itself, of the class that the original network predicts.
    Beside the fooled network stand the original one, whose maps may count as fooled by chance; the control, which had
    the same fine-tuning without the part of the loss that looks at maps; and one whose layers were moved as far at
    random.  Every network keeps its architecture: what differs are weights.
    """

    model: str = knob("", help="Name in the menu of models.")
    digest: str = knob("", help="sha256 of its weights.")
    collection: str = knob("Packaged digits", help="Where the pictures are taken from.")
    pictures: int = knob(4000, 1, 50_000, "Most pictures to fine-tune on, drawn from those that are not held out.")
    count: int = knob(100, 2, 10_000, "How many pictures are held out.")
    explainer: Recipe = part(Gradient(), "The method whose maps are changed.", EXPLAINERS)
    aim: Aim = part(FillRegion(region=Frame()), "What the maps are to become.", PASSIVE)
    loss: PassiveFooling = field(default=PassiveFooling())
    schedule: FineTuning = field(default=FineTuning())
    corners: str = knob(
        "softplus", choices=CORNERS,
        help="On which network maps are steered. softplus: ReLUs rounded by beta, since the gradient of a ReLU network "
        "has little slope. as they are: the network itself, for maps that have one, such as LRP's, which rounding "
        "change. Measured is always the network itself.",
    )  # fmt: skip
    beta: float = knob(
        3.0, 0.1, 1000.0,
        "How sharp rounded corners are, in units of the spread of what enters them: the larger, the nearer to the "
        "network.",
        when={"corners": ("softplus",)},
    )  # fmt: skip
    every: int = knob(25, 1, 100_000, "Steps from one measurement on the held-out pictures to the next.")
    k: int = knob(100, 1, 100_000, "How many pixels count as most important where maps are compared.")
    seed: int = knob(0, 0, 2**31 - 1, "Which pictures are held out, which serve each step, and the random change.")

    def run(self, state: dict[str, Tensor] | None = None) -> Run:
        """Every step of the fooled network and its control; the state is their weights and what Adam remembers."""
        if not self.explainer.differentiable:
            raise Refused(f"{type(self.explainer).__name__} has no derivative, so that no weight can be blamed for it.")
        device = torch.device(best_device())
        classifier = loaded(self.model, self.digest, str(device), differentiated=True)
        names, out, rest = self.split()
        labels = numbered(map(collection(self.collection).label, out), classifier.classes)
        held = self.held(classifier.net, self.opened(out).to(device), torch.tensor(labels))
        pictures = self.opened(rest)
        pair = {"fooled": self.tuned(classifier.net, held), "control": self.tuned(classifier.net, held, fooled=False)}
        done = 0
        if state is None:
            yield Progress(0, self.schedule.steps, self.glance(pair, held), self.frame(pair, held))
        else:
            done = int(state["done"])
            for name, tuned in pair.items():
                tuned.go_on({k.removeprefix(f"{name}."): v for k, v in state.items() if k.startswith(f"{name}.")})
        for n in range(done + 1, self.schedule.steps + 1):
            rows = self.schedule.rows(n, len(pictures), self.seed)
            before = self.before(classifier.net, pictures[rows].to(device) / 255)
            facts: dict[str, Any] = {"step": n, "fooled": pair["fooled"].step(n, before)}
            facts["control"] = pair["control"].step(n, before)
            look = n % self.every == 0 or n == self.schedule.steps
            frame = self.frame(pair, held) if look else {}
            facts |= {"held out": self.glance(pair, held)} if look else {}
            yield Progress(n, self.schedule.steps, facts, frame, lambda n=n: at(n, pair))
        nets = {"original": classifier.net, **{name: tuned.net.requires_grad_(False) for name, tuned in pair.items()}}
        nets["random"] = moved_at_random(nets["original"], nets["fooled"], self.seed)
        numbers = {
            "networks": {name: self.measured(net, nets["original"], held) for name, net in nets.items()},
            "chance": {name: plain(chance(m, held.maps).nanmean()) for name, m in self.measures(held).items()},
            "other pictures": {
                name: interval(m(held.maps, held.maps.roll(1, 0))) for name, m in self.measures(held).items()
            },
            "others fooled": self.others(held),
            "fine-tuned on": len(pictures), "held out": len(out), "of": names,
        }  # fmt: skip
        tensors = {f"weights.{name}": t.cpu() for name, t in nets["fooled"].state_dict().items()}
        return Result(self, numbers, {**tensors, **self.frame(pair, held)}, made_by(device))

    def split(self) -> tuple[int, list[str], list[str]]:
        """How many pictures there are; those that are held out and those to fine-tune on, which share none."""
        names = collection(self.collection).names()
        if len(names) <= self.count:
            raise Refused(f"{self.collection} has {len(names)} pictures; holding out {self.count} leaves none.")
        order = torch.randperm(len(names), generator=generator("held-out pictures", self.seed)).tolist()
        held, rest = order[: self.count], order[self.count : self.count + self.pictures]
        return len(names), [names[i] for i in held], [names[i] for i in rest]

    def opened(self, names: list[str]) -> Tensor:
        """(N, C, H, W) uint8."""
        return fitted(collection(self.collection), names, self.model)

    def held(self, net: nn.Module, pixels: Tensor, labels: Tensor) -> HeldOut:
        """The held-out pictures as the original network sees them."""
        x = pixels / 255
        target = predicted(net, x)
        return HeldOut(x, labels, target, self.maps(net, x, target))

    def maps(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """Of the network itself, (B, H, W)."""
        with torch.no_grad():
            return heat(self.explainer(net, x, target))

    def before(self, net: nn.Module, x: Tensor) -> Before:
        """A batch as the original network sees it."""
        with torch.no_grad():
            logits = logits_of(net, x)
        target = logits.argmax(1)
        return Before(x, target, logits, self.maps(net, x, target))

    def tuned(self, net: nn.Module, held: HeldOut, fooled: bool = True) -> Tuned:
        """A copy of the network before its first step; the control's loss does not look at maps."""
        size = unit(self.aim, held.maps)
        spread = spreads(net, held.x) if self.corners == "softplus" else []

        def soften(net: nn.Module) -> nn.Module:
            return softened(net, self.beta, spread) if self.corners == "softplus" else net

        way = Way(self.explainer, lambda maps, goal: self.aim(maps, goal) / size, soften)
        loss = self.loss if fooled else PassiveFooling(weight=0.0, hold=self.loss.hold)
        tuned = Tuned(net, loss, self.schedule, way)
        if self.aim.rests:
            tuned.nudge(self.seed)
        return tuned

    def glance(self, pair: dict[str, Tuned], held: HeldOut) -> dict[str, Any]:
        """What the held-out pictures say on the way."""
        found = {}
        for name, tuned in pair.items():
            maps = self.maps(tuned.net, held.x, held.target)
            done = success(self.aim, maps, held.maps)
            found[name] = {
                "fooled": float(done.by_share.float().mean()),
                "test loss": float(done.loss.mean()),
                "agreement": float((predicted(tuned.net, held.x) == held.target).float().mean()),
                "overlap": plain(TopKOverlap(k=self.k)(held.maps, maps).nanmean()),
                "spearman": plain(Spearman()(held.maps, maps).nanmean()),
            }
        return found

    def frame(self, pair: dict[str, Tuned], held: HeldOut) -> dict[str, Tensor]:
        """The first pictures in 8 bits, and their maps as shares of their largest values, (n, H, W)."""
        x, target = held.x[:SHOWN], held.target[:SHOWN]
        maps = {"original": held.maps[:SHOWN]} | {k: self.maps(t.net, x, target) for k, t in pair.items()}
        tops = {k: m.amax((1, 2), keepdim=True).clamp_min(torch.finfo(m.dtype).tiny) for k, m in maps.items()}
        images = torch.stack([torch.from_numpy(levels(image)) for image in x])
        return {"images": images} | {f"{k} maps": (m / tops[k]).half().cpu() for k, m in maps.items()}

    def others(self, held: HeldOut) -> dict[str, Any]:
        """How often another picture's map, of the original network, counts as fooled."""
        done = success(self.aim, held.maps.roll(1, 0), held.maps)
        return {"fooled": share(done.by_share), "fooled by test loss": share(done.by_loss)}

    def measures(self, held: HeldOut) -> dict[str, Any]:
        """Likenesses of maps, by name."""
        return measures(self.k, held.x.shape[-1])

    def measured(self, net: nn.Module, original: nn.Module, held: HeldOut) -> dict[str, Any]:
        """One network on the held-out pictures: shares with Wilson's, means with Student's intervals of 95 %."""
        maps, said = self.maps(net, held.x, held.target), predicted(net, held.x)
        done, known = success(self.aim, maps, held.maps), held.labels >= 0
        return {
            "accuracy": share((said.cpu() == held.labels)[known]) if known.any() else None,
            "agreement": share(said == held.target),
            "fooled": share(done.by_share), "fooled by test loss": share(done.by_loss),
            "distance": interval(done.share), "test loss": interval(done.loss),
            "likeness": {name: interval(m(held.maps, maps)) for name, m in self.measures(held).items()},
            "weights moved": moved(original, net),
        }  # fmt: skip


def at(n: int, pair: dict[str, Tuned]) -> dict[str, Tensor]:
    """What a run would go on from after step n."""
    return {"done": torch.tensor(n)} | {f"{name}.{k}": v for name, t in pair.items() for k, v in t.state().items()}


def pairs(original: nn.Module, net: nn.Module) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Name and both values of every weight."""
    now = dict(net.named_parameters())
    return ((name, p.detach(), now[name].detach()) for name, p in original.named_parameters())


def moved(original: nn.Module, net: nn.Module) -> float:
    """How far all weights have moved together, as a share of their length."""
    sums = torch.tensor([[float((q - p).square().sum()), float(p.square().sum())] for _, p, q in pairs(original, net)])
    return float((sums[:, 0].sum() / sums[:, 1].sum()).sqrt())


def moved_at_random(original: nn.Module, net: nn.Module, seed: int) -> nn.Module:
    """The original network, every weight tensor moved as far as in `net`, in a random direction."""
    other = copy.deepcopy(original)
    for name, p, q in pairs(original, net):
        way = torch.randn(p.shape, generator=generator(f"random weights {name}", seed)).to(p)
        other.get_parameter(name).data.add_(way * ((q - p).norm() / way.norm()))
    return other
