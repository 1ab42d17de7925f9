"""Attacks on maps beside their authors' loop, in one run.

    python bench/attack.py                  everything
    python bench/attack.py digits           one case
    python bench/attack.py digits 10        with so many steps instead of 20

Prints a table; asserts nothing.  Variants take turns, and the median of the rounds counts.  Both sides run the same
number of steps on the same digits: what a step is worth, and how far each gets, stands in the last columns.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from authors import Protocol, attack, compared, integrated, saliency, told
from timing import digits, timed
from torch import Tensor, nn

from attrcore.models import MODELS

ROUNDS = 3
HOW = Protocol(eps=0.3, k_attack=100, k=100, beta=10.0)  # 200 pixels would hold all there is of most digits


def case(name: str) -> tuple[nn.Module, Tensor, Tensor]:
    """Two digits on the network of robust-attribution papers, with the classes it predicts."""
    if name != "digits":
        raise SystemExit(f"there is no case {name!r}, only digits")
    net, x = MODELS["RAR MNIST CNN (NATURAL)"].load().net, digits(2)
    with torch.no_grad():
        return net, x, net(x).argmax(1)


def authors(net: nn.Module, x: Tensor, label: Tensor, how: Protocol) -> Tensor:
    """Their loop, one image after the other."""
    return torch.cat([attack(net, x[i : i + 1], int(label[i]), how).image for i in range(len(x))])


def variants(net: nn.Module, x: Tensor, label: Tensor, steps: int) -> dict[str, Callable[[], Tensor]]:
    """What is timed: each gives the attacked images."""
    return {"authors' loop": partial(authors, net, x, label, replace(HOW, iterations=steps))}


def kept(net: nn.Module, x: Tensor, moved: Tensor, label: Tensor) -> dict[str, Any]:
    """How far an attack got, by the authors' measures: means over images, and how many keep their label."""
    rows, labels = [], 0
    for one, other, y in zip(x.split(1), moved.split(1), label.tolist(), strict=True):
        rows.append(compared(*(saliency(integrated(net, z, y, HOW)) for z in (one, other)), HOW.k))
        labels += told(net, other, y)[1]
    return {k: sum(r[k] for r in rows) / len(rows) for k in rows[0]} | {"labels": f"{labels} of {len(x)}"}


def measure(name: str, steps: int) -> None:
    """Time the variants of a case and say how far each gets."""
    net, x, label = case(name)
    runs, got = variants(net, x, label, steps), {}

    def told_by(variant: str) -> None:
        got[variant] = runs[variant]()

    seconds = timed({variant: partial(told_by, variant) for variant in runs}, ROUNDS)
    print(f"\n### {len(x)} {name}, {steps} steps, {HOW.points} points, {torch.get_num_threads()} threads\n")
    print("| variant | s per image | ms per step | top 100 kept | Kendall | labels kept |\n|---|--:|--:|--:|--:|--:|")
    for variant, s in seconds.items():
        found, each = kept(net, x, got[variant], label), s / len(x)
        print(
            f"| {variant} | {each:.2f} | {1000 * each / steps:.0f} | {found['intersection']:.0%} | "
            f"{found['kendall']:.3f} | {found['labels']} |",
            flush=True,
        )


if __name__ == "__main__":
    print(f"torch {torch.__version__}")
    chosen, steps = [w for w in sys.argv[1:] if not w.isdigit()], [int(w) for w in sys.argv[1:] if w.isdigit()]
    for name in chosen or ("digits",):
        measure(name, *(steps or [20]))
