"""One picture, one map, one attack, watched from step to step."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from attrcore.attack.aims import CopyMap
from attrcore.attack.ascent import Ascent, Climbing
from attrcore.attack.random_sign import RandomSign
from attrcore.attack.seen import predicted, seen
from attrcore.evidence import Case, Changed, evidence
from attrcore.explain import EXPLAINERS
from attrcore.explain.gradient import Gradient
from attrcore.kinds import Progress, Refused, Result, Step
from attrcore.metrics import Kendall, TopKOverlap
from attrcore.models.loaded import loaded
from attrcore.origin import made_by
from attrcore.png import levels
from attrcore.recipe import Recipe, knob, part
from attrcore.studies.running import Run, best_device, shown, under
from attrcore.studies.selection import collection, fitted, sized


@dataclass(frozen=True)
class Subject(Recipe):
    """Whose map of what: a network with these weights, a picture as it gets it, a class, and an explainer."""

    model: str = knob("", help="Name in the menu of models.")
    digest: str = knob("", help="sha256 of its weights.")
    picture: str = knob("", help="A PNG file of the network's size, in base64; or a name in the collection.")
    target: int = knob(-1, -1, 100_000, "Which class is explained; -1 for the predicted one.")
    explainer: Recipe = part(Gradient(), "The method whose map is attacked.", EXPLAINERS)
    collection: str = knob("", help="Where the picture is taken from by its name; empty where the recipe holds it.")

    def pixels(self) -> Tensor:
        """The picture as the network gets it, (1, C, H, W) uint8.  Raises Refused where it has another size."""
        if self.collection:
            return fitted(collection(self.collection), [self.picture], self.model)
        return sized(self.picture, self.model)

    def opened(self) -> Case:
        """Network, picture and class on the best device of this machine.

        Raises Refused where the weights are others, or the picture has another size.
        """
        device = best_device()
        classifier = loaded(self.model, self.digest, device, differentiated=True)
        x = self.pixels().to(torch.device(device)) / 255
        label = predicted(classifier.net, x)
        if self.target >= len(classifier.classes):
            raise Refused(f"{self.model} has {len(classifier.classes)} classes, got class {self.target}.")
        target = label if self.target < 0 else torch.full_like(label, self.target)
        return Case(classifier.net, self.explainer, x, target)


@dataclass(frozen=True)
class Fooling(Recipe):
    """Attack one map and keep the evidence (Ghorbani et al., 2019, arXiv:1710.10547).

    The facts of each step are the aim, the likeness to the clean map, and the network's confidence, those of the first
    step also what one random change of the same size does; the frames are the image and its map.  What it found is
    measured on the saved file, beside many random changes and the best of a random walk of as many steps.
    """

    subject: Subject = field(default=Subject())
    attack: Ascent = field(default=Ascent())
    k: int = knob(100, 1, 100_000, "How many pixels count as most important where maps are compared.")
    draws: int = knob(39, 1, 239, "Random changes of the same size to compare with; 39, 79, ... give exact intervals.")

    def run(self, state: dict[str, Tensor] | None = None) -> Run:
        """Every step of the attack, then of the random walk, then every random change."""
        case = self.subject.opened()
        climbing, walk = self.attack.begin(*case), self.attack.walk(self.attack.seed).begin(*case)
        total, counts = 2 * self.attack.steps + self.draws, torch.zeros(2, dtype=torch.long)  # flat, kept
        if state is None:
            facts = {**self.facts(case, climbing.first, climbing), "random": self.random(case, climbing)}
            goal = {"goal": shown(climbing.goal[0])} if isinstance(self.attack.aim, CopyMap) else {}
            first = {**frame(climbing.first), **goal}
            yield Progress(0, total, facts, first, lambda: self.state(climbing, walk, counts))
        else:
            for name, one in {"attack": climbing, "walk": walk}.items():
                one.go_on(under(name, state))
            counts = state["counts"].cpu()
        while climbing.n < self.attack.steps:
            step = climbing.step()
            counts = counts + torch.tensor([bool(step.flat), bool(step.kept)])
            facts = self.facts(case, step, climbing)
            yield Progress(step.n, total, facts, frame(step), lambda now=counts: self.state(climbing, walk, now))
        while walk.n < self.attack.steps:
            n = walk.step().n
            facts = {"phase": "random walk", "walk": n}
            yield Progress(self.attack.steps + n, total, facts, {}, lambda: self.state(climbing, walk, counts))
        images = Changed(climbing.best, walk.best)
        for found in evidence(case, images, self.attack.ball, self.k, self.draws, climbing.aimed):
            if "draws" in found:
                done = 2 * self.attack.steps + found["draws"]
                yield Progress(done, total, {"phase": "random changes", "draws": found["draws"]})
        tensors = {name: t.cpu() for name, t in found.pop("tensors").items()}
        numbers = {**found, "score": float(climbing.score), "target": int(case.target)}
        flat, kept = counts.tolist()
        numbers |= {"steps without slope": flat, "steps that kept the prediction": kept}
        return Result(self, numbers, {**tensors, "clean": case.x[0].cpu()}, made_by(case.x.device))

    def state(self, climbing: Climbing, walk: Climbing, counts: Tensor) -> dict[str, Tensor]:
        """What the next steps of both and the counts depend on."""
        return {**named("attack", climbing), **named("walk", walk), "counts": counts}

    def random(self, case: Case, climbing: Climbing) -> dict[str, float]:
        """What one random change of the same size does to the map, and to the aim."""
        moved = RandomSign(ball=self.attack.ball).moved(case.x)
        maps = seen(case.net, case.explain, moved, case.target, climbing.label).maps
        return {"aim": float(climbing.aimed(maps)), **self.likeness(climbing.clean, maps)}

    def likeness(self, clean: Tensor, maps: Tensor) -> dict[str, float]:
        """Of two maps (1, H, W), by the measures that are drawn while it runs."""
        return {"overlap": float(TopKOverlap(k=self.k)(clean, maps)), "kendall": float(Kendall()(clean, maps))}

    def facts(self, case: Case, step: Step, climbing: Climbing) -> dict[str, Any]:
        """One step in numbers; where the prediction is lost, what it has become."""
        lost = {} if step.kept else {"predicted": int(predicted(case.net, step.now))}
        return {
            "phase": "attack",
            "step": step.n,
            "aim": float(step.aim),
            "best": float(step.score),
            **self.likeness(climbing.clean, step.maps),
            "confidence": float(step.chances),
            "kept": bool(step.kept),
            "flat": bool(step.flat),
            **lost,
        }


def named(name: str, climbing: Climbing) -> dict[str, Tensor]:
    """Its state, told apart from another's."""
    return {f"{name}.{key}": value for key, value in climbing.state().items()}


def frame(step: Step) -> dict[str, Tensor]:
    """One step as it is shown: the image (C, H, W) in 8 bits, and its map (H, W) as a share of its largest value."""
    return {"image": torch.from_numpy(levels(step.now[0])), "map": shown(step.maps[0])}
