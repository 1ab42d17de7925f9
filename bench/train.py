"""Robust training as published beside ours, in one run: seconds a step, and what comes of equal epochs and equal time.

    python bench/train.py                                  both objectives on the MLP
    python bench/train.py IG-NORM --network MnistCNN       one of them, on the paper's network (hours on two cores)
    python bench/train.py --epochs 2 --seconds 600         a budget of one's own

Prints tables; asserts nothing.  As published: 40 steps of eps / 30 to the worst image, each with 10 right-Riemann
points, then 50 points with double backpropagation.  Ours: 6 larger steps up the loss, which is one pass each, 1 up the
norm, and Gauss-Legendre points.  Both start from the same natural network, learn the same digits in the same order, and
are judged by the same attacks on digits that neither has learned.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import nn

from attrcore.attack.climbs import Signed
from attrcore.balls import Linf
from attrcore.explain.integrated_gradients import IntegratedGradients
from attrcore.kinds import Classifier, Progress, Samples
from attrcore.models import MODELS
from attrcore.studies import evaluation
from attrcore.studies.evaluation import STRICT, Evaluation
from attrcore.studies.presets import PUBLISHED
from attrcore.studies.running import finish
from attrcore.studies.training import Training
from attrcore.train import OBJECTIVES
from attrcore.train.ig_norm import IgNorm
from attrcore.train.ig_sum_norm import IgSumNorm
from attrcore.train.inner import Inner
from attrcore.train.loop import Schedule, fit
from attrcore.train.objective import Objective
from attrcore.train.path import PathIntegral
from attrcore.train.pgd import Pgd

START = {"MnistMLP": "MNIST MLP", "MnistCNN": "MNIST CNN"}
WARM = 2  # steps that are not timed


def published(cls: type[Objective], eps: float) -> Objective:
    """With the paper's points, and its steps as shares of the ball."""
    how = PUBLISHED["MNIST"]
    inner = replace(how.inner, eps=eps, size=how.inner.size * eps / how.inner.eps)
    near, path = PathIntegral(how.near), PathIntegral(how.path)
    weight = how.norm if cls is IgNorm else how.sum_norm
    return cls(weight, inner, near=near, path=path)


def ours(cls: type[Objective], eps: float) -> Objective:
    """The same, fast."""
    how, few = PUBLISHED["MNIST"], PathIntegral(3, "Gauss-Legendre")
    weight = how.norm if cls is IgNorm else how.sum_norm
    return cls(weight, Inner(eps, 7, 0.25 * eps), led=6, near=few, path=few)


def rounds(how: Training, epochs: int) -> tuple[nn.Module, Iterator[Progress]]:
    """The network and its training under way."""
    net = how.first()
    return net, fit(net, learned(how), replace(how.schedule, epochs=epochs), how.objective)


def learned(how: Training) -> Samples:
    """The digits that both learn."""
    return evaluation.SPLITS[how.digits].learned()


def trained(how: Training, epochs: int, seconds: float) -> tuple[nn.Module, int, float]:
    """The network after so many epochs or seconds, whichever ends first; its steps, and seconds a step."""
    net, run = rounds(how, epochs)
    done, start, first = 0, time.perf_counter(), 0.0
    for p in run:
        done = p.done
        if done == WARM:
            first = time.perf_counter()
        if time.perf_counter() - start > seconds:
            break
    run.close()
    return net.eval(), done, (time.perf_counter() - first) / max(1, done - WARM)


def judged(net: nn.Module, how: Training, eps: float, count: int) -> str:
    """NA, AA, IN and CO of a network that no menu has."""
    classifier = Classifier("trained", net.requires_grad_(False), tuple("0123456789"), (1, 28, 28), "")
    evaluation.loaded = lambda *_: classifier
    attack = replace(STRICT, ball=Linf(eps=eps), climb=Signed(eps / 25), steps=50)
    n = finish(Evaluation(
        model="trained", digits=how.digits, count=count, adversary=Inner(eps, 40, eps / 15), attack=attack,
        explainer=IntegratedGradients(steps=10),
    ).run()).numbers  # fmt: skip
    maps = [f"{n[m]['attacked']['mean']:.3f} ({n[m]['attacked']['low']:.3f} to {n[m]['attacked']['high']:.3f})"
            for m in ("IN", "CO")]  # fmt: skip
    return f"{n['NA']['share']:.1%} | {n['AA']['share']:.1%} | {' | '.join(maps)}"


def main() -> None:
    """Print a table for each objective."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("rows", nargs="*", default=["IG-NORM", "IG-SUM-NORM"], help="of IG-NORM and IG-SUM-NORM")
    parser.add_argument("--network", choices=START, default="MnistMLP")
    parser.add_argument("--eps", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.0, help="equal time (default: as published takes)")
    parser.add_argument("--count", type=int, default=60, help="digits whose maps are attacked")
    asked = parser.parse_args()
    start = START[asked.network]
    base = Training(network=asked.network, digits="Packaged digits", start=start, digest=MODELS[start].digest,
                    schedule=Schedule(batch=50, rate=3e-4, course="constant"))  # fmt: skip
    print(f"{asked.network} from {start}, eps {asked.eps:g}, batch 50, {torch.get_num_threads()} threads")
    print("| training | steps | s / step | NA | AA | IN | CO |\n|---|--:|--:|--:|--:|--:|--:|")

    def row(name: str, objective: Objective, epochs: int, seconds: float) -> tuple[int, float]:
        how = replace(base, objective=objective)
        net, steps, each = trained(how, epochs, seconds)
        print(f"| {name} | {steps} | {each:.3f} | {judged(net, how, asked.eps, asked.count)} |", flush=True)
        return steps, each

    print(f"| none: the natural network | 0 | | {judged(base.first(), base, asked.eps, asked.count)} |", flush=True)
    for name in asked.rows:
        cls = OBJECTIVES[name]
        if cls not in (IgNorm, IgSumNorm):
            parser.error(f"rows must be IG-NORM or IG-SUM-NORM, got {name}")
        steps, theirs = row(f"{name}, as published", published(cls, asked.eps), asked.epochs, float("inf"))
        _, fast = row(f"{name}, ours, equal epochs", ours(cls, asked.eps), asked.epochs, float("inf"))
        budget = asked.seconds or steps * theirs
        row(f"{name}, ours, equal time", ours(cls, asked.eps), 1000, budget)
        print(f"\n{name}: a step of ours takes {fast / theirs:.3f} x the published one's\n")
    row("PGD, equal epochs", Pgd(Inner(asked.eps, 7, 0.25 * asked.eps)), asked.epochs, float("inf"))


if __name__ == "__main__":
    main()
