"""Integrated gradients beside the bare passes it needs and beside captum, in one run.

    python bench/explain.py                 everything, about twenty minutes on two cores
    python bench/explain.py digits          one case
    python bench/explain.py every           each differentiable explainer beside its own bare passes, on both

Prints a table; asserts nothing.  Variants take turns, so that a busy minute of the machine hits all of them, and the
median of the rounds counts.  Weights do not matter for speed: where real ones are missing, random ones serve.
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import captum.attr
import torch
import torchvision
from timing import digits, timed
from torch import Tensor, nn

from attrcore.batches import bearable
from attrcore.explain import CGI, EXPLAINERS, IDGI, LRP
from attrcore.explain.adaptive_ig import AdaptiveIntegratedGradients
from attrcore.explain.deep_taylor import DeepTaylor
from attrcore.explain.deeplift import DeepLift
from attrcore.explain.deeplift_shap import DeepLiftShap
from attrcore.explain.guided_grad_cam import GuidedGradCam
from attrcore.explain.integrated_gradients import IntegratedGradients
from attrcore.kinds import Refused
from attrcore.models import MODELS

POINTS = 50
CHUNKS = {"digits": (16, 64, 128, 256, 400, 1600), "photos": (2, 4, 8, 16, 32)}
ROUNDS = 5


def case(name: str) -> tuple[nn.Module, Tensor, Tensor]:
    """32 digits on the MNIST CNN, or 8 photos of 224 px on SqueezeNet 1.1."""
    g = torch.Generator().manual_seed(0)
    if name == "digits":
        return MODELS["MNIST CNN"].load().net, digits(32), torch.arange(32) % 10
    real = MODELS["SqueezeNet 1.1"]
    net = torchvision.models.squeezenet1_1(weights=None).eval() if real.missing() else real.load().net
    return net, torch.rand(8, 3, 224, 224, generator=g), torch.arange(8)


def bare(net: nn.Module, x: Tensor, target: Tensor, chunk: int) -> None:
    """As many forward and backward passes as the method needs, and nothing else."""
    left = POINTS * len(x)
    while left:
        n = min(chunk, left)
        z = x[:1].expand(n, -1, -1, -1).clone().requires_grad_()
        torch.autograd.grad(net(z)[:, 0].sum(), z)
        left -= n


# Forward and backward passes that a method cannot do without, per image, where that is not one of each per pass.
NEEDS: dict[type, Callable[[Any], tuple[int, int]]] = {
    IDGI: lambda m: (2 * m.steps + 1, m.steps),
    DeepLift: lambda m: (2, 1),
    DeepLiftShap: lambda m: (2 * m.background.count, m.background.count),
    LRP: lambda m: (2, 1),  # each layer's contributions are another forward pass
    DeepTaylor: lambda m: (2, 1),
    GuidedGradCam: lambda m: (2, 2),
    CGI: lambda m: (m.rivals + 2, m.rivals + 1),
}


def needed(method: Any) -> tuple[int, int]:
    """Forward and backward passes of a method, per image."""
    return NEEDS.get(type(method), lambda m: (m.passes, m.passes))(method)


def seen(method: Any, net: nn.Module, x: Tensor, target: Tensor) -> int:
    """How many images the network sees while a method runs."""
    counts: list[int] = []
    hook = net.register_forward_pre_hook(lambda _, given: counts.append(len(given[0])))
    method(net, x, target)
    hook.remove()
    return sum(counts)


def passes(net: nn.Module, x: Tensor, forward: int, backward: int, chunk: int) -> None:
    """So many passes per image, in batches of `chunk`, and nothing else."""
    for count, back in ((backward * len(x), True), (max(0, forward - backward) * len(x), False)):
        while count > 0:
            n = min(chunk, count)
            z = x[:1].expand(n, -1, -1, -1).clone().requires_grad_(back)
            with torch.set_grad_enabled(back):
                score = net(z)[:, 0].sum()
            if back:
                torch.autograd.grad(score, z)
            count -= n


def every(name: str) -> None:
    """Each differentiable explainer of the table, with its default settings, beside its own bare passes."""
    net, x, _ = case(name)
    with torch.no_grad():
        target = net(x).argmax(1)
    chunks = sorted({bearable(net, x[:1]), *CHUNKS[name][1:4]})
    trial = timed({c: partial(passes, net, x, 4, 4, c) for c in chunks}, 2)
    best = min(chunks, key=trial.__getitem__)
    print(f"\n### every differentiable explainer, {len(x)} {name}; bare passes in chunks of {best}\n")
    print("| explainer | forward, backward | seconds | bare passes | ratio |\n|---|---|--:|--:|--:|")
    for menu, cls in EXPLAINERS.items():
        if cls.differentiable:
            beside(menu, cls(), net, x, target, best)


def beside(menu: str, method: Any, net: nn.Module, x: Tensor, target: Tensor, chunk: int) -> None:
    """One line of that table; none where the network cannot have the method."""
    try:
        method(net, x, target)  # warm up
    except Refused:
        return
    start = time.perf_counter()
    method(net, x, target)
    rounds = min(25, max(3, round(2 / (time.perf_counter() - start))))  # what is short is taken more often
    forward, backward = needed(method)
    if isinstance(method, AdaptiveIntegratedGradients):  # as many as the images ask for
        forward = round(seen(method, net, x, target) / len(x))
        backward = forward - 1
    found = timed(
        {"ours": partial(method, net, x, target), "bare": partial(passes, net, x, forward, backward, chunk)},
        rounds,
    )
    ratio = found["ours"] / found["bare"]
    seconds = " | ".join(f"{found[k]:.2f}" for k in ("ours", "bare"))
    print(f"| {menu} | {forward}, {backward} | {seconds} | {ratio:.2f} |", flush=True)


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
            "ours, adaptive points": lambda: AdaptiveIntegratedGradients()(net, x, target),
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
    for chosen in sys.argv[1:] or ("digits", "photos", "every"):
        if chosen == "every":
            every("digits")
            every("photos")
        else:
            measure(chosen)
