"""Integrated gradients beside the bare passes it needs and beside captum, in one run.

    python bench/explain.py              both cases, about ten minutes on two cores
    python bench/explain.py digits       one case

Prints a table; asserts nothing.  Variants take turns, so that a busy minute of the machine hits all of them, and the
median of the rounds counts.  Weights do not matter for speed: where real ones are missing, random ones serve.
"""

import statistics
import sys
import time
from collections.abc import Callable

import captum.attr
import torch
import torchvision
from torch import Tensor, nn

from attrcore.batches import bearable
from attrcore.explain.integrated_gradients import IntegratedGradients
from attrcore.models.small import fresh

POINTS = 50
CHUNKS = {"digits": (16, 64, 128, 256, 400, 1600), "photos": (2, 4, 8, 16, 32)}
ROUNDS = 5


def case(name: str) -> tuple[nn.Module, Tensor, Tensor]:
    """32 digits on the MNIST CNN, or 8 photos of 224 px on SqueezeNet 1.1."""
    g = torch.Generator().manual_seed(0)
    if name == "digits":
        return fresh("MnistCNN", 0).eval(), torch.rand(32, 1, 28, 28, generator=g), torch.arange(32) % 10
    net = torchvision.models.squeezenet1_1(weights=None).eval()
    return net, torch.rand(8, 3, 224, 224, generator=g), torch.arange(8)


def bare(net: nn.Module, x: Tensor, target: Tensor, chunk: int) -> None:
    """As many forward and backward passes as the method needs, and nothing else."""
    left = POINTS * len(x)
    while left:
        n = min(chunk, left)
        z = x[:1].expand(n, -1, -1, -1).clone().requires_grad_()
        torch.autograd.grad(net(z)[:, 0].sum(), z)
        left -= n


def timed(variants: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each variant, taking turns."""
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, run in variants.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(s) for name, s in seconds.items()}


def measure(name: str) -> None:
    """Find the best chunk of bare passes and of captum in a first round, then time the finalists."""
    net, x, target = case(name)
    peer, ours = captum.attr.IntegratedGradients(net), IntegratedGradients(steps=POINTS)

    def captums(chunk: int | None) -> None:
        peer.attribute(x, target=target, n_steps=POINTS, internal_batch_size=chunk)

    ours(net, x[:1], target[:1])  # warm up, and let the chunk be chosen
    trial = timed(
        {f"{kind} {c}": (lambda c=c, run=run: run(c))
         for c in CHUNKS[name] for kind, run in (("bare", lambda c: bare(net, x, target, c)), ("captum", captums))}, 1,
    )  # fmt: skip
    best = {
        kind: min((c for c in CHUNKS[name]), key=lambda c, kind=kind: trial[f"{kind} {c}"])
        for kind in ("bare", "captum")
    }
    found = timed(
        {
            "ours": lambda: ours(net, x, target),
            f"bare passes, best chunk {best['bare']}": lambda: bare(net, x, target, best["bare"]),
            "captum, as most call it": lambda: captums(None),
            f"captum, best batch {best['captum']}": lambda: captums(best["captum"]),
        },
        ROUNDS,
    )
    print(
        f"\n### {len(x)} {name}, {POINTS} points, {torch.get_num_threads()} threads; our chunk {bearable(net, x[:1])}\n"
    )
    print("| variant | seconds | ours / this |\n|---|--:|--:|")
    for variant, seconds in found.items():
        print(f"| {variant} | {seconds:.2f} | {found['ours'] / seconds:.2f} |", flush=True)


if __name__ == "__main__":
    print(f"torch {torch.__version__}, captum {captum.__version__}")
    for chosen in sys.argv[1:] or ("digits", "photos"):
        measure(chosen)
