"""The top-k attack on integrated gradients as its authors run it: the peer that ours is measured beside.

    python bench/authors.py                 RAR's digit on two networks, in five ways: forty minutes on a core

After Ghorbani et al. (2019, arXiv:1710.10547) and its heir for robust attribution, Chen et al. (2019,
arXiv:1905.09957): one image at a time, black baseline, and in every iteration 100 points of the path on a network of
softplus units, for the way down, and 100 more on the network itself, to see where one is.  Knows nothing of attrcore.
"""

import copy
import sys
import time
from dataclasses import dataclass
from itertools import cycle
from typing import NamedTuple

import numpy as np
import torch
from scipy.stats import kendalltau, spearmanr
from torch import Tensor, nn


@dataclass(frozen=True)
class Protocol:
    """Settings of an attack; those of RAR's notebook for MNIST."""

    eps: float = 0.3
    alpha: float = 0.01  # length of a signed step
    iterations: int = 300
    k_attack: int = 200  # pixels that are pushed down
    k: int = 100  # pixels whose overlap is measured
    beta: float = 1.0  # sharpness of the softplus
    by: str = "kendall"  # the iterate that is kept has the lowest of it; "intersection" as Ghorbani's
    random: bool = False  # their control: signs drawn anew in every iteration, of which the best is kept likewise
    points: int = 100
    chunk: int = 100  # points in one pass


class Found(NamedTuple):
    """The kept iterate; the clean image where none kept its label."""

    image: Tensor  # (1, C, H, W)
    n: int  # which iterate; 0 is the clean image
    intersection: float  # share of the k largest pixels
    kendall: float
    spearman: float
    confidence: float  # probability of the label
    clean_confidence: float
    seconds: float


def attack(net: nn.Module, image: Tensor, label: int, how: Protocol = Protocol()) -> Found:
    """Attack one image (1, C, H, W) in [0, 1] of a network whose every ReLU is a module."""
    start = time.perf_counter()
    soft = softened(net, how.beta)
    clean = saliency(integrated(net, image, label, how))
    top = largest(clean, how.k_attack)
    confidence, _ = told(net, image, label)
    noise = torch.Generator().manual_seed(0)
    best = Found(image, 0, 1.0, 1.0, 1.0, confidence, confidence, 0.0)
    moved = image
    for n in range(1, how.iterations + 1):
        way = torch.zeros_like(moved) if how.random else direction(soft, moved, label, top, how)
        if not way.any():  # theirs is rounding noise then, and never zero
            way = torch.randn(way.shape, generator=noise).to(way)
        moved = moved + how.alpha * way.sign()
        moved = (image + (moved - image).clamp(-how.eps, how.eps)).clamp(0, 1)
        now = saliency(integrated(net, moved, label, how))
        chance, same = told(net, moved, label)
        if not same:
            continue
        found = compared(clean, now, how.k)
        if found[how.by] < getattr(best, how.by):
            best = Found(moved, n, **found, confidence=chance, clean_confidence=confidence, seconds=0.0)
    return best._replace(seconds=time.perf_counter() - start)


def softened(net: nn.Module, *betas: float) -> nn.Module:
    """The same weights with a softplus in the place of every ReLU: of one sharpness, or one for each."""
    soft, left = copy.deepcopy(net), cycle(betas)
    for name, module in list(soft.named_modules()):
        if isinstance(module, nn.ReLU):
            parent, _, last = name.rpartition(".")
            setattr(soft.get_submodule(parent), last, nn.Softplus(next(left)))
    return soft


def gradients(net: nn.Module, path: Tensor, label: int, graph: bool) -> Tensor:
    """Of the label's logit, at every image of a batch."""
    path = path if path.requires_grad else path.requires_grad_()
    return torch.autograd.grad(net(path)[:, label].sum(), path, create_graph=graph)[0]


def steps(how: Protocol) -> tuple[Tensor, ...]:
    """Where on the path from black to the image the points lie, in chunks of (n, 1, 1, 1): ends of equal parts."""
    return (torch.arange(1, how.points + 1)[:, None, None, None] / how.points).split(how.chunk)


def integrated(net: nn.Module, x: Tensor, label: int, how: Protocol) -> Tensor:
    """Integrated gradients, (1, C, H, W)."""
    parts = [gradients(net, (a.to(x) * x).detach(), label, False).sum(0, keepdim=True) for a in steps(how)]
    return x * sum(parts) / how.points


def saliency(attribution: Tensor) -> Tensor:
    """(1, C, H, W) -> (H, W), whose mean is one."""
    m = attribution.abs().sum((0, 1))
    return m * m.numel() / m.sum()


def direction(soft: nn.Module, x: Tensor, label: int, top: Tensor, how: Protocol) -> Tensor:
    """Down: minus the gradient of what the map has on its former top.

    Where that top holds all there is, as the 200 largest of a digit of 125 grey pixels do, the gradient is zero, and
    only rounding makes an attack move.
    """
    pull = None
    if how.chunk < how.points:  # the graph of all points would not fit: first what the loss wants of each pixel
        map_of = integrated(soft, x, label, how).requires_grad_()
        (pull,) = torch.autograd.grad(saliency(map_of).flatten()[top].sum(), map_of)
    total = torch.zeros_like(x)
    for a in steps(how):
        leaf = x.clone().requires_grad_()
        part = leaf * gradients(soft, a.to(x) * leaf, label, True).sum(0, keepdim=True) / how.points
        loss = saliency(part).flatten()[top].sum() if pull is None else (pull * part).sum()
        total -= torch.autograd.grad(loss, leaf)[0]
    return total


def largest(saliency: Tensor, k: int) -> Tensor:
    """Indices of the k largest pixels, ties as the sort leaves them."""
    return torch.from_numpy(np.argsort(saliency.flatten().cpu().numpy())[-k:].copy())


@torch.no_grad()
def told(net: nn.Module, x: Tensor, label: int) -> tuple[float, bool]:
    """Probability of the label, and whether it is the predicted one."""
    logits = net(x)[0]
    return logits.softmax(0)[label].item(), logits.argmax().item() == label


def compared(clean: Tensor, now: Tensor, k: int) -> dict[str, float]:
    """What the authors measure of two maps."""
    a, b = (m.flatten().cpu().numpy() for m in (clean, now))
    both = np.intersect1d(np.argsort(a)[-k:], np.argsort(b)[-k:])
    return {
        "intersection": len(both) / k,
        "kendall": float(kendalltau(a, b).statistic),
        "spearman": float(spearmanr(a, b).statistic),
    }


def main(models: list[str]) -> None:
    """RAR's example on MNIST: test digit 50, a 6; they report 37 %, .0567, .0770, 1 -> .9988.

    Then with as many pixels pushed down as measured, and by chance.
    """
    from attrcore.data.mnist import mnist
    from attrcore.models import MODELS

    digit = mnist(train=False)
    image, label = digit.images[50:51], int(digit.labels[50])
    print("| network | beta, pixels | iterate | top 100 kept | Kendall | Spearman | confidence | s |")
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    ways = {f"{beta:g}, 200": Protocol(beta=beta) for beta in (1.0, 10.0, 30.0)}
    ways |= {"1, 100": Protocol(k_attack=100), "chance": Protocol(random=True)}
    for model in models:
        net = MODELS[model].load().net
        for way, how in ways.items():
            f = attack(net, image, label, how)
            print(
                f"| {model} | {way} | {f.n} | {f.intersection:.0%} | {f.kendall:.4f} | {f.spearman:.4f} | "
                f"{f.clean_confidence:.4f} -> {f.confidence:.4f} | {f.seconds:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(sys.argv[1:] or ["MNIST CNN", "RAR MNIST CNN (NATURAL)"])
