"""Does a map depend on what the model learned?  Maps of a network that loses its weights layer by layer."""

from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from attrcore.attack.seen import logits_of
from attrcore.compare import PLANES, measures
from attrcore.explain import EXPLAINERS
from attrcore.kinds import Explainer, Progress, Result
from attrcore.maps import heat
from attrcore.metrics.products import PixelProduct
from attrcore.models.first import first_weights
from attrcore.models.loaded import loaded
from attrcore.origin import made_by
from attrcore.png import levels
from attrcore.recipe import Recipe, knob, part
from attrcore.sanity.nulls import input_mask, random_map
from attrcore.sanity.parameters import GRAINS, ORDERS, Block, alive, blocks, randomised, steps
from attrcore.studies.running import Run, best_device, interval, shown
from attrcore.studies.selection import Selection
from attrcore.studies.transfer import named

USUAL = "Gradient, SmoothGrad, Guided Backprop, Integrated Gradients, Gradient x Input, Grad-CAM"
TARGETS = ("the trained network's", "each network's own")
STATISTICS = ("kept", "reset")
NULLS = ("random map", "input mask", "another seed", "edges")
DRAWS = 3  # of each null that is drawn


class Measure(NamedTuple):
    """One way to compare two maps."""

    name: str
    of: str  # "absolute" or "signed"
    metric: Any


class Clean(NamedTuple):
    """The trained network's maps by one method, ready to be compared with many."""

    map: Tensor  # the attribution, (B, c, H, W)
    planes: dict[str, Tensor]  # absolute and signed, (B, H, W)
    ready: list[Tensor | None]  # what a measure makes of them by themselves, where it does


class Pictures(NamedTuple):
    """What is explained, and how the trained network does it."""

    x: Tensor  # (B, C, H, W)
    target: Tensor  # (B,)
    logits: Tensor  # (B, N)
    edges: Tensor  # (B, 1, H, W)
    maps: dict[str, Clean]  # by method


@dataclass(frozen=True)
class Randomisation(Recipe):
    """Model parameter randomisation (Adebayo et al., 2018, arXiv:1810.03292).

    Layer by layer, a network's weights become those of one that was never trained; a map that stays as it was does not
    come from them.  Every likeness to the trained network's map stands beside its nulls: a random map, a random
    gradient times the same input, another seed of the method, an edge detector.
    """

    model: str = knob("", help="Name in the menu of models.")
    digest: str = knob("", help="sha256 of its weights.")
    pictures: Selection = part(Selection(), "What is explained.")
    explained: str = knob(USUAL, help="Methods, by their names in the menu, with commas between.")
    order: str = knob(
        "cascading", choices=ORDERS,
        help="cascading: from the logits down, one block more at each step. bottom-up: from the image up. independent: "
        "one block at a time.",
    )  # fmt: skip
    grain: str = knob("blocks", choices=GRAINS, help="blocks: parts of the network's code. layers: one at a time.")
    seeds: int = knob(5, 1, 50, "How often weights are drawn anew.")
    statistics: str = knob("kept", choices=STATISTICS, help="BatchNorm's running statistics in randomised layers.")
    target: str = knob(TARGETS[0], choices=TARGETS, help="Whose predicted class is explained, step by step.")
    k: int = knob(100, 1, 100_000, "How many pixels count as most important.")
    seed: int = knob(0, 0, 2**31 - 1, "The first of the seeds of the weights.", label="Seed of the weights")

    def run(self, state: dict[str, Tensor] | None = None) -> Run:
        """Seed by seed, step by step, method by method; the state is the table as far as it is filled."""
        device = torch.device(best_device())
        net = loaded(self.model, self.digest, str(device)).net
        plan, methods = steps(blocks(net, self.grain), self.order), self.methods()
        seen = self.trained(net, self.pictures.opened(self.model).to(device), methods)
        shape = len(seen.x), self.seeds, len(plan), len(methods), len(self.measures())
        table, nulls = torch.full(shape, torch.nan), torch.full((shape[0], shape[3], len(NULLS), shape[4]), torch.nan)
        table[:, :, 0] = torch.stack([self.likeness(clean, clean.map) for clean in seen.maps.values()], 1)[:, None]
        if state is not None:
            table, nulls = state["table"].clone(), state["nulls"].clone()
        total, done = self.seeds * (len(plan) - 1) * len(methods), 0
        names, trained = [told(lost) for lost in plan], {name: clean.map for name, clean in seen.maps.items()}
        yield Progress(0, total, self.summary(table, nulls, names), self.frame(0, seen, trained))
        for s in range(self.seeds):
            first = None
            for i, lost in enumerate(plan[1:], 1):
                if not table[:, s, i].isnan().all(-1).any():
                    done += len(methods)
                    continue
                first = first_weights(self.model, self.seed + s).to(device) if first is None else first
                other = randomised(net, first, lost, reset=self.statistics == "reset")
                logits = alive(other, seen.x, seen.logits)
                target = seen.target if self.target == TARGETS[0] else logits.argmax(1)
                maps = {}
                for m, (name, method) in enumerate(methods.items()):
                    maps[name] = method(other, seen.x, target).detach()
                    table[:, s, i, m] = self.likeness(seen.maps[name], maps[name])
                    done += 1
                    if m + 1 < len(methods):
                        yield Progress(done, total, {"seed": s, "layer": names[i]})
                if i == len(plan) - 1 and nulls.isnan().all():
                    nulls = self.nulls(net, seen, methods)
                facts = {**self.summary(table, nulls, names), "seed": s, "layer": names[i]}
                frame = self.frame(i, seen, maps) if s == 0 else {}
                yield Progress(done, total, facts, frame, lambda found=nulls: {"table": table.clone(), "nulls": found})
        return Result(self, self.summary(table, nulls, names), {"table": table, "nulls": nulls}, made_by(device))

    def methods(self) -> dict[str, Explainer]:
        """Those that are compared, with their usual settings."""
        return {name: EXPLAINERS[name]() for name in named(self.explained)}

    def measures(self) -> list[Measure]:
        """Every likeness: of absolute maps, then of signed ones those that know signs."""
        return [Measure(name, of, metric) for of in PLANES for name, metric in measures(of, self.k)]

    def trained(self, net: nn.Module, x: Tensor, methods: dict[str, Explainer]) -> Pictures:
        """The pictures with what the trained network makes of them."""
        with torch.no_grad():
            logits = logits_of(net, x)
        target = logits.argmax(1)
        maps = {name: self.clean(method(net, x, target).detach()) for name, method in methods.items()}
        return Pictures(x, target, logits, EXPLAINERS["Sobel edges"]()(net, x, target), maps)

    def clean(self, a: Tensor) -> Clean:
        """Attributions (B, c, H, W), ready to be compared."""
        planes = {of: plane(a) for of, plane in PLANES.items()}
        ready = [m.metric.prepared(planes[m.of]) if isinstance(m.metric, PixelProduct) else None
                 for m in self.measures()]  # fmt: skip
        return Clean(a, planes, ready)

    def likeness(self, clean: Clean, a: Tensor) -> Tensor:
        """Every measure of clean attributions beside others (B, c, H, W): (B, measures), on the CPU.

        Not a number where there is none, as of a constant map or of one too small for a measure.
        """
        planes, found = {of: plane(a) for of, plane in PLANES.items()}, []
        for m, ready in zip(self.measures(), clean.ready, strict=True):
            if ready is not None:
                found.append((ready * m.metric.prepared(planes[m.of])).sum(1))
            else:
                found.append(measured(m, clean.planes[m.of], planes[m.of]))
        return torch.stack([values.float().cpu() for values in found], 1)

    def nulls(self, net: nn.Module, seen: Pictures, methods: dict[str, Explainer]) -> Tensor:
        """What maps that owe nothing to the weights score beside each method's, (B, methods, nulls, measures)."""
        drawn = {
            "random map": [random_map(seen.x, n) for n in range(DRAWS)],
            "input mask": [input_mask(seen.x, n) for n in range(DRAWS)],
            "edges": [seen.edges],
        }
        found = []
        for name, method in methods.items():
            others = {**drawn, "another seed": again(method, net, seen)}
            found.append(torch.stack([self.beside(seen.maps[name], others[null]) for null in NULLS], 1))
        return torch.stack(found, 1)

    def beside(self, clean: Clean, others: list[Tensor]) -> Tensor:
        """The mean likeness to each of these, (B, measures); not a number where there is none."""
        if not others:
            return torch.full((len(clean.map), len(clean.ready)), torch.nan)
        return torch.stack([self.likeness(clean, other) for other in others]).nanmean(0)

    def frame(self, step: int, seen: Pictures, maps: dict[str, Tensor]) -> dict[str, Tensor]:
        """The first picture's signed maps, (methods, H, W), each over its largest magnitude.

        That of the trained network has the picture itself too, (C, H, W) uint8, and its edges.
        """
        planes = torch.stack([PLANES["signed"](a[:1])[0] for a in maps.values()])
        top = planes.abs().amax((1, 2), keepdim=True).clamp_min(torch.finfo(planes.dtype).tiny)
        fixed = {} if step else {"image": torch.from_numpy(levels(seen.x[0])), "edges": shown(heat(seen.edges[:1])[0])}
        return {"step": torch.tensor(step), "maps": (planes / top).half().cpu(), **fixed}

    def summary(self, table: Tensor, nulls: Tensor, names: list[str]) -> dict[str, Any]:
        """Means with 95 % intervals by measure and method: over the seeds of the weights, and over pictures."""
        methods, titles = named(self.explained), [f"{m.name}, {m.of}" for m in self.measures()]
        curves = {
            title: {name: [spread(table[:, :, i, n, j]) for i in range(len(names))] for n, name in enumerate(methods)}
            for j, title in enumerate(titles)
        }
        controls = {
            title: {
                name: {null: interval(nulls[:, n, c, j]) for c, null in enumerate(NULLS)}
                for n, name in enumerate(methods)
            }
            for j, title in enumerate(titles)
        }
        return {"steps": names, "curves": curves, "nulls": controls, "pictures": len(table), "seeds": self.seeds}


def told(lost: tuple[Block, ...]) -> str:
    """What a step is called: the block that it randomises last."""
    return lost[-1].name if lost else "trained"


def measured(m: Measure, a: Tensor, b: Tensor) -> Tensor:
    """One measure of two batches of planes, (B,); not a number where they are too small for it."""
    try:
        return m.metric(a, b)
    except ValueError:
        return torch.full((len(a),), torch.nan)


def again(method: Explainer, net: nn.Module, seen: Pictures) -> list[Tensor]:
    """The same method's maps with another seed, where it draws anything."""
    if not any(f.name == "seed" for f in fields(method)):
        return []
    return [replace(method, seed=method.seed + 1)(net, seen.x, seen.target).detach()]


def spread(values: Tensor) -> dict[str, Any]:
    """Of likenesses (pictures, seeds): mean and interval over seeds, and the interval over pictures."""
    by_seed, by_picture = values.nanmean(0), values.nanmean(1)
    over = interval(by_picture)
    return {**interval(by_seed), "pictures": [over["low"], over["high"]]}
