"""Sanity checks beside the bare passes they need and beside Quantus, in one run.

    python bench/sanity.py                  everything
    python bench/sanity.py photos           cascading randomisation of SqueezeNet, every layer, 8 photos
    python bench/sanity.py digits           the digits study: how long, and when the first layer is there
    python bench/sanity.py ranks            our rank correlations beside scipy's

Prints tables; asserts nothing.  The variants of a table have the same weights, photos and order of layers and take
turns; the median of the rounds counts.  The bare passes are those of the network as torchvision builds it, in slices
of the size that suits it best; ours have the layout that `attrcore.models.loaded` chooses.  Quantus (0.6, `pip install
quantus==0.6.0`) gets its maps from captum, all photos in one call, as its documentation does; it is needed by "photos"
alone, which leaves its rows out where it is missing.
"""

import copy
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import captum.attr
import numpy as np
import torch
from scipy.stats import spearmanr
from timing import timed
from torch import Tensor, nn

from attrcore.data.fit import fit
from attrcore.data.photos import ImageNetPhotos
from attrcore.draws import generator
from attrcore.explain.gradient import Gradient
from attrcore.metrics import Spearman
from attrcore.models import find
from attrcore.models.first import first_weights
from attrcore.studies.randomisation import Randomisation
from attrcore.studies.running import finish
from attrcore.studies.selection import Selection

PHOTOS, POINTS, ROUNDS = 8, 20, 3
MODEL, SMALL = "SqueezeNet 1.1", "MNIST CNN"
FIVE = "Gradient, SmoothGrad, Guided Backprop, Integrated Gradients, Grad-CAM"
MEASURE = "Spearman, absolute"
CHUNKS = (1, 2, 4, 8)


def study(method: str) -> Randomisation:
    """Every layer from the logits down, one draw of weights."""
    return Randomisation(
        model=MODEL, digest=find(MODEL).digest, pictures=Selection(collection="ImageNet photos", count=PHOTOS),
        explained=method, grain="layers", seeds=1, measured=MEASURE,
    )  # fmt: skip


def photos() -> Tensor:
    """Those that the study explains, (8, 3, 224, 224)."""
    source, entry = ImageNetPhotos(), find(MODEL)
    places = torch.randperm(len(source.names()), generator=generator("pictures", 0))[:PHOTOS].tolist()
    sized = [fit(source.open(source.names()[i]), entry.size, entry.resize, entry.interpolation) for i in places]
    return torch.stack([torch.from_numpy(one) for one in sized]).float() / 255


def gradient(net: nn.Module, x: Tensor, label: Tensor, chunk: int) -> Tensor:
    """Of the class score by the pixels: a forward and a backward pass."""
    found = []
    for rows in torch.arange(len(x)).split(chunk):
        z = x[rows].requires_grad_()
        found.append(torch.autograd.grad(net(z).gather(1, label[rows, None]).sum(), z)[0])
    return torch.cat(found)


def integrated(net: nn.Module, x: Tensor, label: Tensor, chunk: int) -> Tensor:
    """Gradients at the middles of equal parts of the way from black."""
    shares = (torch.arange(POINTS) + 0.5) / POINTS
    return x * sum(gradient(net, share * x, label, chunk) for share in shares) / POINTS


def bare(explain: Callable[..., Tensor], x: Tensor, chunk: int) -> Callable[[], object]:
    """The passes alone: of the trained network, and of one for each layer that is lost."""
    nets = [find(MODEL).load().net, *(first_weights(MODEL, 0) for _ in range(2))]
    with torch.no_grad():
        label = nets[0](x).argmax(1)
    return lambda: [explain(nets[min(i, 1)], x, label, chunk) for i in range(27)]


def theirs(method: str, x: Tensor, **settings: Any) -> Callable[[], object] | None:
    """Quantus with a method of captum; None where it is not installed."""
    try:
        import quantus
    except ImportError:
        return None
    net = find(MODEL).load().net.requires_grad_(True)
    with torch.no_grad():
        label = net(x).argmax(1)

    def explained(model: nn.Module, inputs: Any, targets: Any, **_: Any) -> np.ndarray:
        explainer = getattr(captum.attr, method)(model)
        found = explainer.attribute(torch.as_tensor(inputs), target=torch.as_tensor(targets), **settings)
        return found.detach().numpy()

    def run() -> object:
        metric = quantus.MPRT(
            similarity_func=quantus.similarity_func.correlation_spearman, layer_order="top_down", abs=True,
            normalise=False, disable_warnings=True, return_average_correlation=False,
        )  # fmt: skip
        return metric(copy.deepcopy(net), x.numpy(), label.numpy(), channel_first=True, explain_func=explained)

    return run


def of_photos() -> None:
    """Gradient and integrated gradients on every layer of SqueezeNet."""
    x = photos()
    chunks = timed({chunk: bare(gradient, x, chunk) for chunk in CHUNKS}, 1)
    best = min(chunks, key=chunks.__getitem__)
    asked_for = {
        "Gradient": (gradient, "Saliency", {"abs": False}),
        f"Integrated Gradients (steps {POINTS})": (integrated, "IntegratedGradients", {"n_steps": POINTS}),
    }
    for title, (explain, peer, settings) in asked_for.items():
        asked = study(title)
        variants = {
            "ours": lambda asked=asked: finish(asked.run()),
            f"bare passes, chunk {best}": bare(explain, x, best),
        }
        if (run := theirs(peer, x, **settings)) is not None:
            variants["Quantus MPRT of captum's"] = run
        seconds = timed(variants, ROUNDS)
        print(f"\n{title}, 26 layers, {PHOTOS} photos, {MEASURE}, {torch.get_num_threads()} threads:\n")
        print("| variant | seconds | ours / this |\n|---|--:|--:|")
        for name, s in seconds.items():
            print(f"| {name} | {s:.2f} | {seconds['ours'] / s:.2f} |")


def of_digits() -> None:
    """Five methods, four layers, 50 digits, five draws of weights, all measures."""
    asked = Randomisation(
        model=SMALL, digest=find(SMALL).digest, pictures=Selection(count=50), explained=FIVE, seeds=5
    )  # fmt: skip
    first, whole = [], []
    for _ in range(ROUNDS):
        start, seen = time.perf_counter(), []

        def note(p: Any, start: float = start, seen: list[float] = seen) -> None:
            if p.frame:
                seen.append(time.perf_counter() - start)

        finish(asked.run(), note)
        first.append(seen[1])
        whole.append(time.perf_counter() - start)
    print(f"\n50 digits, 5 methods, 4 layers, 5 draws of weights, all measures, {torch.get_num_threads()} threads:\n")
    print(f"first layer after {statistics.median(first):.1f} s, all after {statistics.median(whole):.0f} s")


def of_ranks() -> None:
    """The largest difference from scipy over photos, digits and maps with ties."""
    x, net = photos(), find(MODEL).load().net
    other = first_weights(MODEL, 0)
    a, b = (Gradient()(n, x, n(x).argmax(1)).sum(1) for n in (net, other))  # of no class that a last ReLU has silenced
    tied = [(t.abs() * (t.abs() > t.abs().mean())) for t in (a, b)]
    off = 0.0
    for m, n in ((a, b), (a.abs(), b.abs()), tied):
        by_scipy = [spearmanr(p.flatten().numpy(), q.flatten().numpy()).statistic for p, q in zip(m, n, strict=True)]
        off = max(off, float((Spearman()(m, n).double() - torch.tensor(by_scipy)).abs().max()))
    print(f"\nrank correlations differ from scipy's by at most {off:.1e}")


PARTS = {"photos": of_photos, "digits": of_digits, "ranks": of_ranks}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
