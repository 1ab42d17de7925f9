"""Does a map depend on what the labels said?  Twins: one learned true labels, the other labels that were dealt out."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from attrcore.draws import generator
from attrcore.kinds import Explainer, Progress, Result
from attrcore.models.small import fresh
from attrcore.origin import made_by
from attrcore.png import levels
from attrcore.recipe import Recipe, knob, part
from attrcore.studies import methods
from attrcore.studies.likeness import Likenesses, Pictured, planes
from attrcore.studies.running import Run, best_device, interval, plain, predictions, share
from attrcore.studies.twins import DIGITS, SHIPPED, TWINS, ShippedTwins, Trio

TARGETS = ("the true-label twin's", "each network's own")
TRUE, PERMUTED, OTHER, FIRST = "true labels", "permuted labels", "another, true labels", "first weights"
BESIDE = (PERMUTED, OTHER, FIRST)  # whose maps are compared with those of the true-label twin
USUAL = "Gradient, SmoothGrad, Guided Backprop, Integrated Gradients, Gradient x Input, Grad-CAM"
SHOWN = 6  # digits whose maps are kept

Maps = dict[str, dict[str, Tensor]]  # network, method -> attributions (B, c, H, W)


@dataclass(frozen=True)
class DataRandomisation(Recipe):
    """Data randomisation (Adebayo et al., 2018, arXiv:1810.03292).

    A network that learned permuted labels by heart has nothing to say of what makes a three a three.  If its maps are
    as like those of its true-label twin as those of a third network are, which learned the same digits with true labels
    from other first weights, the method does not tell what was learned.  Explained are digits that none has seen.
    """

    network: str = knob("MnistCNN", choices=tuple(SHIPPED), help="Architecture.")
    twins: Recipe = part(ShippedTwins(), "Which pair.", TWINS)
    count: int = knob(100, 2, 1000, "How many of the 1,000 digits that no twin has seen are explained.")
    explained: str = knob(USUAL, help="Methods, by their names in the menu, with commas between.")
    competition: bool = knob(
        False, help="Beside each method with signs, the same under CGI (Gupta & Arora, 2019): classes compete."
    )
    target: str = knob(TARGETS[0], choices=TARGETS, help="Whose predicted class is explained.")
    k: int = knob(100, 1, 784, "How many pixels count as most important.")
    seed: int = knob(0, 0, 2**31 - 1, "Which digits are explained; of a pair trained anew, first weights and labels.")

    def run(self, state: dict[str, Tensor] | None = None) -> Run:
        """Train the pair where one is asked for, with a state to go on from, then explain the digits, in a minute."""
        device = torch.device(best_device())
        x, steps = self.pictures().to(device), self.twins.steps()
        asked, refused = self.supported(x[:1])
        total = steps + 2 * (1 + len(BESIDE)) * len(asked) + 1
        if not steps:
            yield Progress(0, total, {"phase": "maps"})
        training = self.twins.train(self.network, self.seed, lambda nets: self.frame(nets, x[:1], asked), state)
        while True:
            try:
                p = next(training)
            except StopIteration as end:
                trio: Trio = end.value
                break
            yield p._replace(total=total, facts={**p.facts, "methods": list(asked)})
        nets, maps, done = self.networks(trio, device), {}, steps
        target = predictions(nets[TRUE], x).to(device)
        for name, net in nets.items():
            own = target if self.target == TARGETS[0] else predictions(net, x).to(device)
            maps[name] = {}
            for method, explain in asked.items():
                maps[name][method] = explain(net, x, own).detach()
                done += 1
                yield Progress(done, total, {"phase": f"maps, {name}"}, state=trio.state)
        comparing = self.compared(nets[TRUE], x, target, maps, asked)
        while True:
            try:
                next(comparing)
            except StopIteration as end:
                numbers: dict[str, Any] = end.value
                break
            done += 1
            yield Progress(done, total, {"phase": "comparing maps"}, state=trio.state)
        numbers |= {"accuracy": self.accuracies(nets), "methods": list(asked), "refused": refused}
        tensors = {"images": torch.stack([torch.from_numpy(levels(one)) for one in x[:SHOWN]])}
        for name, found in maps.items():
            tensors[f"maps.{name}"] = torch.stack([planes(found, n) for n in range(len(x[:SHOWN]))])
        if steps:
            tensors |= {f"{label}.{k}": v.cpu() for label, net in ((TRUE, trio.true), (PERMUTED, trio.permuted))
                        for k, v in net.state_dict().items()}  # fmt: skip
        return Result(self, numbers, tensors, made_by(device))

    def methods(self) -> dict[str, Explainer]:
        """Those that are compared, with their usual settings."""
        return methods.usual(self.explained, self.competition)

    def supported(self, x: Tensor) -> tuple[dict[str, Explainer], dict[str, str]]:
        """Those that the architecture can have, and why it cannot have the others."""
        asked, net = self.methods(), fresh(self.network, 0).eval().requires_grad_(False).to(x.device)
        _, refused = methods.tried(asked, net, x, predictions(net, x).to(x.device))
        return {name: method for name, method in asked.items() if name not in refused}, refused

    def pictures(self) -> Tensor:
        """Digits that no twin has seen, (count, 1, 28, 28)."""
        held = DIGITS.measured().images
        return held[torch.randperm(len(held), generator=generator("held-out digits", self.seed))[: self.count]]

    def networks(self, trio: Trio, device: torch.device) -> dict[str, nn.Module]:
        """The twins, another network that learned true labels, and the first weights that the twins share."""
        first = fresh(self.network, self.twins.seed(self.seed))
        nets = {TRUE: trio.true, PERMUTED: trio.permuted, OTHER: trio.other, FIRST: first}
        return {name: net.eval().requires_grad_(False).to(device) for name, net in nets.items()}

    def frame(self, nets: dict[str, nn.Module], x: Tensor, asked: dict[str, Explainer]) -> dict[str, Tensor]:
        """The first digit and its maps by both twins, (methods, 28, 28), of the class that the true one predicts."""
        target = predictions(nets["true"], x).to(x.device)
        found = {"image": torch.from_numpy(levels(x[0]))}
        for label, net in nets.items():
            found[f"maps.{label}"] = planes({name: m(net, x, target).detach() for name, m in asked.items()})
        return found

    def compared(
        self, net: nn.Module, x: Tensor, target: Tensor, maps: Maps, asked: dict[str, Explainer]
    ) -> Generator[None, None, dict[str, Any]]:
        """Likenesses to the true-label twin's maps, with 95 % intervals over digits, beside nulls.

        `difference`: that of the permuted twin less that of the other true-label network, digit by digit.  Yields after
        every method of every network, and once after all nulls.
        """
        likenesses, clean, tables = Likenesses(self.k), {}, {}
        for m, a in maps[TRUE].items():
            clean[m] = likenesses.clean(a)
            yield
        nulls = likenesses.nulls(net, Pictured(0, x, target, clean), asked)
        yield
        for name in BESIDE:
            found = []
            for m in asked:
                found.append(likenesses.of(clean[m], maps[name][m]))
                yield
            tables[name] = torch.stack(found, 1)

        def told(table: Tensor, say: Any) -> dict[str, dict[str, Any]]:
            return {m.title: {name: say(table[:, n, j]) for n, name in enumerate(asked)}
                    for j, m in enumerate(likenesses)}  # fmt: skip

        return {
            "likeness": {name: told(table, interval) for name, table in tables.items()},
            "difference": told(tables[PERMUTED] - tables[OTHER], interval),
            "each": {name: told(table[:SHOWN], lambda one: [plain(v) for v in one]) for name, table in tables.items()},
            "nulls": likenesses.told_nulls(nulls, list(asked)),
            "pictures": len(x),
        }

    def accuracies(self, nets: dict[str, nn.Module]) -> dict[str, Any]:
        """Shares of what each twin learned, as it learned it, and of what no twin has seen, with Wilson's intervals.

        Of the other two networks: of the digits that the twins learned, with true labels.
        """
        held, learned = DIGITS.measured(), self.twins.learned(self.seed)
        found = {}
        for name, net in nets.items():
            one = learned["permuted" if name == PERMUTED else "true"]
            found[name] = {
                "learned": share(predictions(net, one.images) == one.labels),
                "held out": share(predictions(net, held.images) == held.labels),
            }
        return found
