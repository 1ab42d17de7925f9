"""Attacks on maps beside the bare passes they need and beside their authors' loop, in one run.

    python bench/attack.py                  everything
    python bench/attack.py steps            a step of an attack beside its bare passes
    python bench/attack.py authors          top-k on integrated gradients beside the authors' loop
    python bench/attack.py memory           what a thousand steps leave in memory
    python bench/attack.py cuda memory      any of them on one device only

Prints tables; asserts nothing.  Both sides have the same weights and images and take turns, on one thread; the median
of the rounds counts.  On a CPU seconds are the processor's, of which others on the machine take none.  Where there is a
GPU, every table is printed for it too, in seconds of the clock.
"""

import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import psutil
import torch
from authors import Protocol, attack, compared, integrated, saliency, softened, told
from bare import Chain, Map, Walk, deeplift, grad_cam, gradient, without_rules
from bare import integrated as points
from timing import digits
from torch import Tensor, nn

from attrcore.attack.ascent import Ascent
from attrcore.attack.climbs import Momentum
from attrcore.attack.surrogate import spreads
from attrcore.balls import Linf
from attrcore.data.fit import fit
from attrcore.data.photos import ImageNetPhotos
from attrcore.explain import DeepLift, GradCam, Gradient, IntegratedGradients
from attrcore.kinds import Explainer
from attrcore.maps import top_pixels
from attrcore.metrics import Kendall
from attrcore.models import MODELS
from attrcore.studies.running import best_device

FEW, MORE = 4, 8  # quadrature points of integrated gradients: beside bare passes, and beside the authors' loop
CASES = {"digits": ("RAR MNIST CNN (NATURAL)", 32, 10), "photos": ("SqueezeNet 1.0", 2, 5)}  # images, steps per round
ROUNDS = 3
EXPLAINED: dict[str, tuple[Explainer, Map]] = {
    "Gradient": (Gradient(), gradient),
    f"Integrated Gradients, {FEW} points": (IntegratedGradients(steps=FEW), points(FEW)),
    "Grad-CAM": (GradCam(), grad_cam),
    "DeepLIFT": (DeepLift(), deeplift),
    "DeepLIFT, beside plain gradients": (DeepLift(), without_rules),
}
HOW = Protocol(eps=0.3, k_attack=100, k=100, beta=10.0, iterations=100)  # 200 pixels: all there is of most digits
OURS = Ascent(ball=Linf(eps=HOW.eps), climb=Momentum(size=HOW.alpha), steps=HOW.iterations, criterion=Kendall())
DIGITS, THEIRS = 64, 4  # how many ours attacks, and how many of them the authors' loop
LONG = 1000


class Case(NamedTuple):
    """What is attacked: the first argument of everything here."""

    net: nn.Module
    x: Tensor
    label: Tensor  # the predicted classes


def case(name: str, device: str) -> Case:
    """So many digits, or labelled photos of 224 px."""
    model, count, _ = CASES[name]
    entry = MODELS[model]
    if name == "digits":
        x = digits(count)
    else:
        source = ImageNetPhotos()
        sized = [fit(source.open(n), entry.size, entry.resize, entry.interpolation) for n in source.names()[:count]]
        x = torch.stack([torch.from_numpy(s) for s in sized]).float() / 255
    net, x = entry.load().net.to(device), x.to(device)
    with torch.no_grad():
        return Case(net, x, net(x).argmax(1))


def clock(device: str) -> float:
    """Seconds of the processor, or for a GPU of the clock, when it has done all it was given."""
    if device == "cpu":
        return time.process_time()
    getattr(torch, device).synchronize()
    return time.perf_counter()


def taken(device: str, run: Callable[[], object]) -> float:
    """How long it takes."""
    start = clock(device)
    run()
    return clock(device) - start


def peak(device: str) -> str:
    """The most memory of the GPU so far, and from here on anew."""
    if device != "cuda":
        return ""
    most = torch.cuda.max_memory_allocated() / 2**20
    torch.cuda.reset_peak_memory_stats()
    return f"{most:.0f} MiB"


def steps(device: str) -> None:
    """Each explainer, on each case."""
    for name, (model, count, per) in CASES.items():
        reason = MODELS[model].missing() or (ImageNetPhotos().missing() if name == "photos" else "")
        print(f"\n### a step beside its bare passes: {count} {name} on {model}, {ROUNDS} rounds of {per}, {device}\n")
        if reason:
            print(f"Skipped: {reason}")
            continue
        print("| explainer | s per step | bare passes | ratio | lowest to highest | images at a time | peak |")
        print("|---|--:|--:|--:|--:|--:|--:|")
        for menu, (explain, by_hand) in EXPLAINED.items():
            beside(menu, case(name, device), explain, by_hand, per)


def beside(menu: str, given: Case, explain: Explainer, by_hand: Map, per: int) -> None:
    """One line of that table.  Every round has its share of the rewriting of the network, as beta grows."""
    net, x, label = given
    device, ours = x.device.type, Ascent(steps=10 * per).begin(net, explain, x, label)
    top = top_pixels(ours.clean, ours.how.aim.k)
    soft = Chain(softened(net, *(ours.how.direction.beta / spread for spread in spreads(net, x))))
    walks = {n: Walk(Chain(net), soft, by_hand, x, label, top, n) for n in {len(x), max(1, len(x) // 4)}}
    for walk in walks.values():
        walk.step(x, 1 / 255, 8 / 255)
    best = min(walks, key=lambda n: taken(device, partial(walks[n].step, x, 1 / 255, 8 / 255)))
    ours.slope(1, x)  # warm up
    peak(device)
    z, rounds = x, []
    for _ in range(ROUNDS):
        pair = [0.0, 0.0]
        for _ in range(per):
            pair[0] += taken(device, ours.step) / per
            start = clock(device)
            z = walks[best].step(z, 1 / 255, 8 / 255)
            pair[1] += (clock(device) - start) / per
        rounds.append(pair)
    ratios = [a / b for a, b in rounds]
    a, b = (statistics.median(side) for side in zip(*rounds, strict=True))
    print(
        f"| {menu} | {a:.3f} | {b:.3f} | {statistics.median(ratios):.2f} | {min(ratios):.2f} to {max(ratios):.2f} | "
        f"{best} | {peak(device)} |",
        flush=True,
    )


def authors(device: str) -> None:
    """A share of the digits by ours, the first of them by the authors' loop, and so on in turn."""
    model, per = CASES["digits"][0], DIGITS // THEIRS
    net, x = MODELS[model].load().net.to(device), digits(DIGITS).to(device)
    with torch.no_grad():
        every = Case(net, x, net(x).argmax(1))
    print(f"\n### top-k on integrated gradients: {HOW.iterations} steps on {model}, {device}\n")
    print(f"ours: {MORE} Gauss-Legendre points, {per} digits at a time; the authors': {HOW.points} points, one\n")
    print("| variant | s per image | images per s | top 100 kept | Kendall | labels kept |")
    print("|---|--:|--:|--:|--:|--:|")
    turns = [turn(every, slice(first, first + per)) for first in range(0, DIGITS, per)]
    a, b = (statistics.median(t.seconds[side] for t in turns) for side in (0, 1))
    ours = torch.cat([t.ours for t in turns])
    line(f"ours, all {DIGITS}", a, far(every, ours))
    some = Case(net, x[::per], every.label[::per])
    line(f"ours, those {THEIRS}", a, far(some, ours[::per]))
    line(f"authors' loop, those {THEIRS}", b, far(some, torch.cat([t.theirs for t in turns])))
    ratio = statistics.median(t.seconds[0] / t.seconds[1] for t in turns)
    print(f"\nSeconds per image, ours / the authors' loop: {ratio:.3f} {peak(device)}")


class Turn(NamedTuple):
    """A share of the digits by ours, and the first of it by the authors' loop."""

    ours: Tensor
    theirs: Tensor
    seconds: tuple[float, float]  # per image


def turn(given: Case, rows: slice) -> Turn:
    """One turn, with a line of the table for the digit that both had."""
    x, label, device = given.x[rows], given.label[rows], given.x.device.type
    start = clock(device)
    ours = OURS(given.net, IntegratedGradients(steps=MORE), x, label)
    middle = clock(device)
    theirs = attack(given.net, x[:1], int(label[0]), HOW).image
    seconds = (middle - start) / len(x), clock(device) - middle
    one = Case(given.net, x[:1], label[:1])
    line(f"ours, digit {rows.start}", seconds[0], far(one, ours[:1]))
    line(f"authors' loop, digit {rows.start}", seconds[1], far(one, theirs))
    return Turn(ours, theirs, seconds)


def line(variant: str, seconds: float, found: dict[str, Any]) -> None:
    """One line of that table."""
    print(
        f"| {variant} | {seconds:.2f} | {1 / seconds:.3f} | {found['intersection']:.0%} | "
        f"{found['kendall']:.3f} | {found['labels']} of {found['count']} |",
        flush=True,
    )


def far(given: Case, moved: Tensor) -> dict[str, Any]:
    """How far an attack got, by the authors' measures: means over images, and how many keep their label."""
    found, labels = [], 0
    for one, other, y in zip(given.x.split(1), moved.split(1), given.label.tolist(), strict=True):
        found.append(compared(*(saliency(integrated(given.net, z, y, HOW)) for z in (one, other)), HOW.k))
        labels += told(given.net, other, y)[1]
    means = {k: statistics.mean(f[k] for f in found) for k in found[0]}
    return {**means, "labels": labels, "count": len(found)}


def memory(device: str) -> None:
    """Each explainer in a process of its own, so that nothing freed before it hides what it takes."""
    print(f"\n### memory over {LONG} steps: 2 digits, {device}\n")
    print("| explainer | MiB after 10 | after 100 | after 1,000 | most on the GPU |\n|---|--:|--:|--:|--:|")
    for menu, (_, by_hand) in EXPLAINED.items():
        if by_hand is without_rules:  # is there already
            continue
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found, most = pool.apply(resident, (menu, device))
        print(f"| {menu} | {' | '.join(f'{m:.0f}' for m in found)} | {most} |", flush=True)


def resident(menu: str, device: str) -> tuple[list[float], str]:
    """MiB of the process after some of the steps, and the GPU's most."""
    torch.set_num_threads(1)
    given = case("digits", device)
    run = Ascent(steps=LONG).iterate(given.net, EXPLAINED[menu][0], given.x[:2], given.label[:2])
    marks = (10, 100, LONG)
    return [psutil.Process().memory_info().rss / 2**20 for step in run if step.n in marks], peak(device)


TABLES: dict[str, Callable[[str], None]] = {"steps": steps, "authors": authors, "memory": memory}


def main(words: Iterable[str]) -> None:
    """Those tables, or all, on those devices: by default on the CPU and on what is better."""
    torch.set_num_threads(1)
    there = tuple(dict.fromkeys(("cpu", best_device())))
    for word in words:
        if word not in (*TABLES, *there):
            raise SystemExit(f"there is no {word!r} here, only the tables {', '.join(TABLES)} and {', '.join(there)}")
    print(f"torch {torch.__version__}, 1 thread")
    for name in [word for word in words if word in TABLES] or TABLES:
        for device in [word for word in words if word in there] or there:
            TABLES[name](device)


if __name__ == "__main__":
    main(sys.argv[1:])
