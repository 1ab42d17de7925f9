"""A quick look at a network while it learns: how accurate, and how robust its predictions and its maps are by now."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from attrcore.attack.aims import DrainTopPixels
from attrcore.attack.ascent import Ascent
from attrcore.attack.climbs import Signed
from attrcore.attack.seen import predicted, seen
from attrcore.balls import Linf
from attrcore.draws import generator
from attrcore.explain.integrated_gradients import IntegratedGradients
from attrcore.kinds import Samples
from attrcore.metrics import Kendall, TopKOverlap
from attrcore.studies.running import plain
from attrcore.train.inner import Inner
from attrcore.train.objective import Moment
from attrcore.train.path import loss

STEPS = 10  # of both attacks: weak ones, which tell early networks apart
POINTS = 5  # of integrated gradients
MAPS = 16  # how many are attacked
TOP = 100  # pixels


def glance(net: nn.Module, held: Samples, eps: float) -> dict[str, Any]:
    """NA and AA of held-out images, and IN and CO of the maps of the first of them that are predicted right.

    In [0, 1] and [-1, 1]; None where there is nothing to measure.  The attacks are short ones, within `eps`.
    """
    device = next(net.parameters()).device
    x, y = held.images.to(device), held.labels.to(device)
    with evaluated(net):
        right = predicted(net, x) == y
        adversary = Inner(eps=eps, steps=STEPS, size=eps / 4)
        z = adversary.worst(lambda z: loss(net(z), y), net, x, Moment(1.0, generator("glance", 0)))
        found = {"NA": float(right.float().mean()), "AA": float((right & (predicted(net, z) == y)).float().mean())}
        which = right.nonzero()[:MAPS, 0]
        return found | (fragility(net, x[which], y[which], eps) if len(which) else {"IN": None, "CO": None})


def fragility(net: nn.Module, x: Tensor, y: Tensor, eps: float) -> dict[str, Any]:
    """What an attack on integrated gradients leaves of the most important pixels, and of their order."""
    attack = Ascent(
        DrainTopPixels(k=TOP), Linf(eps=eps), climb=Signed(max(1e-5, eps / 5)), steps=STEPS, random_start=True
    )
    explain = IntegratedGradients(steps=POINTS)
    clean, after = (seen(net, explain, z, y, y).maps for z in (x, attack(net, explain, x, y)))
    return {"IN": plain(TopKOverlap(k=TOP)(clean, after).nanmean()), "CO": plain(Kendall()(clean, after).nanmean())}


@contextmanager
def evaluated(net: nn.Module) -> Iterator[None]:
    """In eval mode, its weights fixed, as it was afterwards."""
    training, asked = net.training, [p for p in net.parameters() if p.requires_grad]
    net.eval().requires_grad_(False)
    try:
        with torch.enable_grad():
            yield
    finally:
        net.train(training)
        for p in asked:
            p.requires_grad_(True)
