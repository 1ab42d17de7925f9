"""How accurate a network is, and how robust: its predictions, and its maps (the columns NA, AA, IN and CO)."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from scipy.stats import bootstrap
from torch import Tensor, nn

from attrcore.attack.aims import DrainTopPixels
from attrcore.attack.ascent import Ascent
from attrcore.attack.climbs import Signed
from attrcore.attack.directions import Derivative
from attrcore.attack.random_sign import RandomSign
from attrcore.attack.seen import predicted, seen
from attrcore.balls import Linf
from attrcore.data.splits import SPLITS
from attrcore.draws import generator
from attrcore.evidence import Case
from attrcore.explain import EXPLAINERS
from attrcore.explain.integrated_gradients import IntegratedGradients
from attrcore.kinds import Progress, Refused, Result, Samples
from attrcore.metrics import Cosine, Kendall, Spearman, TopKOverlap
from attrcore.models import find
from attrcore.models.loaded import loaded
from attrcore.origin import made_by
from attrcore.png import reopened
from attrcore.recipe import Recipe, knob, part
from attrcore.studies.running import Run, best_device, in_batches, plain, predictions, share
from attrcore.train.inner import Inner
from attrcore.train.objective import Moment
from attrcore.train.path import loss

AT_ONCE = 500  # digits whose predictions are attacked side by side
RESAMPLED = 9999  # bootstrap samples of the digits
MEASURES = ("IN", "CO", "Spearman", "Cosine")
SHARES = ("NA", "AA")
SIDES = ("attacked", "random")
LEVELS = ("chance of IN", "ceiling of IN", "ceiling of CO")  # ceilings: where pixels tie, no map reaches one

# The attack of Chen et al. on MNIST: on a network whose ReLUs are softplus of sharpness 1 in its own units, which is
# about .3 in units of what enters them; the iterate of the lowest Kendall.  Theirs starts at the image, where the slope
# is zero if 200 pixels hold all of the map, and what moves it are rounding errors: here a random start does.
PUBLISHED = Ascent(
    DrainTopPixels(k=200), Linf(eps=0.3), Derivative("softplus", 0.3), Signed(0.01), steps=100, restarts=1,
    random_start=True, criterion=Kendall(),
)  # fmt: skip
STRICT = Ascent(
    DrainTopPixels(k=100), Linf(eps=0.3), Derivative("growing", 5.0), Signed(0.01), steps=100, restarts=3,
    random_start=True, criterion=Kendall(),
)  # fmt: skip


PROTOCOLS = ("published", "strict")


@dataclass(frozen=True)
class Evaluation(Recipe):
    """Accuracy, adversarial accuracy, top-k intersection and Kendall (Chen et al., 2019, arXiv:1905.09957, table 1).

    NA: share of test images that are predicted right.  AA: the share that still is after projected gradient steps on
    the cross-entropy.  IN and CO: of test images that are predicted right, how many of the k most important pixels of
    the map stay, and the rank correlation of all, after an attack on the map that keeps the prediction.
    """

    model: str = knob("", help="Name in the menu of models.")
    digest: str = knob("", help="sha256 of its weights.")
    digits: str = knob("MNIST", choices=tuple(SPLITS), help="Whose test images.")
    count: int = knob(200, 1, 10_000, "Test images, drawn of those that are predicted right, whose maps are attacked.")
    adversary: Inner = field(default=Inner())
    explainer: Recipe = part(
        IntegratedGradients(steps=100, rule="right Riemann"), "The method whose map is attacked.", EXPLAINERS
    )
    attack: Recipe = part(PUBLISHED, "The attack on the map.", {"Ascent": Ascent})
    k: int = knob(100, 1, 100_000, "How many pixels count as most important.")
    seed: int = knob(0, 0, 2**31 - 1, "Which images are drawn, random starts and changes.")

    def run(self, state: dict[str, Tensor] | None = None) -> Run:
        """Predictions, then maps, batch by batch; the state are the tables as far as they are filled."""
        device = torch.device(best_device())
        net, test = loaded(self.model, self.digest, str(device), True).net, SPLITS[self.digits].measured()
        right = predictions(net, test.images) == test.labels
        order = torch.randperm(len(right), generator=generator("digits", self.seed))  # nearly the same for all networks
        drawn = order[right[order]][: self.count]
        if not len(drawn):
            raise Refused(f"{self.model} predicts no test image of {self.digits} right: there is no map to attack.")
        if state is None:
            state = {
                "drawn": drawn,
                "withstood": torch.full((len(right),), torch.nan),
                "table": torch.full((len(drawn), len(SIDES), len(MEASURES)), torch.nan),
                "level": torch.full((len(drawn), len(LEVELS)), torch.nan),
            }
        found = {name: values.clone() for name, values in state.items()}

        def told(done: int, **facts: Any) -> Progress:
            said = {**self.summary(right, found), **facts}
            return Progress(done, total, said, state=lambda: {name: v.clone() for name, v in found.items()})

        batches = in_batches(test.images[drawn], net, device, self.explainer.passes * self.attack.restarts)
        total, done = len(right) + len(drawn) * self.attack.steps, 0
        for rows in torch.arange(len(right)).split(AT_ONCE):
            done += len(rows)
            if found["withstood"][rows].isnan().any():
                found["withstood"][rows] = self.withstood(net, test, rows).float()
                yield told(done)
        for rows in batches:
            done += len(rows) * self.attack.steps
            if found["table"][rows].isnan().all((1, 2)).any():
                x, y = test.images[drawn[rows]].to(device), test.labels[drawn[rows]].to(device)
                batch = Case(net, self.explainer, x, y)
                for step in self.attack.iterate(*batch):
                    yield Progress(done + (step.n - self.attack.steps) * len(rows), total, {"step": step.n})
                    attacked = step.x
                found["table"][rows], found["level"][rows] = self.compared(batch, rows, attacked)
                yield told(done)
        return Result(self, self.summary(right, found), found, made_by(device))

    def withstood(self, net: nn.Module, test: Samples, rows: Tensor) -> Tensor:
        """Which of those test images are predicted right, clean and after the attack on the prediction: (n,) bool."""
        device = next(net.parameters()).device
        x, y = test.images[rows].to(device), test.labels[rows].to(device)
        at = Moment(1.0, generator(f"adversary {int(rows[0])}", self.seed))
        z = self.adversary.worst(lambda z: loss(net(z), y), net, x, at)
        return ((predicted(net, x) == y) & (predicted(net, z) == y)).cpu()

    def compared(self, batch: Case, rows: Tensor, attacked: Tensor) -> tuple[Tensor, Tensor]:
        """Likeness of the maps after the attack, and after a random change of the ball's size; and LEVELS.

        (B, SIDES, MEASURES), (B, LEVELS).
        """
        clean = seen(*batch, batch.target).maps
        random = RandomSign(ball=self.attack.ball, seed=self.seed).each(batch.x, rows)
        sides = [
            seen(batch.net, batch.explain, reopened(z), batch.target, batch.target).maps for z in (attacked, random)
        ]
        measures = (TopKOverlap(k=self.k), Kendall(), Spearman(), Cosine())
        table = torch.stack([torch.stack([m(clean, after) for m in measures], 1) for after in sides], 1)
        overlap = measures[0]
        level = torch.stack([overlap.chance(clean).cpu(), overlap(clean, clean).cpu(), ceiling(clean)], 1)
        return table.cpu(), level

    def summary(self, right: Tensor, found: dict[str, Tensor]) -> dict[str, Any]:
        """Shares and means with their 95 % intervals, as far as they are known."""
        withstood, table, level = found["withstood"], found["table"], found["level"]
        known = withstood[~withstood.isnan()]
        return {
            "NA": share(right),
            "AA": share(known == 1) if len(known) else None,
            **{
                name: {side: bootstrapped(table[:, s, m], self.seed) for s, side in enumerate(SIDES)}
                for m, name in enumerate(MEASURES)
            },
            **{name: plain(level[:, i].nanmean()) for i, name in enumerate(LEVELS)},
        }


def evaluation(model: str, protocol: str, count: int) -> Evaluation:
    """Of a network by its name in the menu, by one of PROTOCOLS.

    published: as Chen et al. do on MNIST, with 100 right-Riemann points, the slope of a softplus network and the 200
    most important pixels drained.  strict: the 100 pixels that are counted, three attempts, a slope that comes ever
    nearer to the network's own, Gauss-Legendre points.
    """
    how = Evaluation(model=model, digest=find(model).digest, count=count)
    if protocol == "published":
        return how
    return replace(how, attack=STRICT, explainer=IntegratedGradients(steps=20))


def scores(said: dict[str, Any]) -> dict[str, tuple[float | None, float | None, float | None]]:
    """NA, AA, IN and CO of what an evaluation found: value and ends of the 95 % interval, None where not known."""
    found = {name: (said[name]["share"], *said[name]["interval95"]) if said[name] else (None,) * 3 for name in SHARES}
    maps = {name: said[name]["attacked"] for name in ("IN", "CO")}
    return found | {name: (p["mean"], p["low"], p["high"]) for name, p in maps.items()}


def bootstrapped(values: Tensor, seed: int) -> dict[str, Any]:
    """Mean of what is known with its bootstrap 95 % interval (Efron, 1987: BCa), and of how many."""
    known = values[~values.isnan()].cpu().double().numpy()
    count = len(known)
    if count < 2 or np.ptp(known) == 0:
        mean = float(known.mean()) if count else None
        return {"mean": mean, "low": None, "high": None, "count": count}
    found = bootstrap((known,), np.mean, n_resamples=RESAMPLED, rng=np.random.default_rng(seed)).confidence_interval
    return {"mean": float(known.mean()), "low": float(found.low), "high": float(found.high), "count": count}


def ceiling(maps: Tensor) -> Tensor:
    """The highest Kendall's tau-b that a map without ties can have to each of (B, H, W), whose pixels may tie: (B,)."""
    found = []
    for values in maps.flatten(1).cpu():
        same = torch.unique(values, return_counts=True)[1].double()
        pairs = len(values) * (len(values) - 1) / 2
        found.append((1 - (same * (same - 1) / 2).sum() / pairs).sqrt().float())
    return torch.stack(found)
