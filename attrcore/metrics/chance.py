"""What a measure gives by chance, or for maps of different images."""

from collections.abc import Callable

import torch
from torch import Tensor

from attrcore.draws import generator
from attrcore.kinds import Metric
from attrcore.metrics.products import PixelProduct


def moves(h: int, w: int, draws: int, seed: int = 0) -> Tensor:
    """Random orders of a map's pixels that keep neighbours neighbours, (draws, h x w), seeded.

    The map is shifted around its edges (over the right one in again at the left), mirrored or not, and turned by
    quarters, or by halves where it is not square.  Where nothing but place ties two maps together, and no place is
    special, all of these are equally probable: the toroidal shift test (Lotwick & Silverman, 1982, J. R. Stat. Soc. B
    44; for maps of brains as the spin test, Alexander-Bloch et al., 2018, NeuroImage 178).
    """
    g = generator("moved maps", seed)
    places, orders = torch.arange(h * w).view(h, w), []
    for _ in range(draws):
        turns, mirrored, down, right = (int(torch.randint(n, (1,), generator=g)) for n in (4, 2, h, w))
        turned = torch.rot90(places, turns if h == w else 2 * turns)
        orders.append((turned.flip(1) if mirrored else turned).roll((down, right), (0, 1)).flatten())
    return torch.stack(orders)


def shuffles(h: int, w: int, draws: int, seed: int = 0) -> Tensor:
    """Random orders of a map's pixels, whoever was their neighbour: (draws, h x w), seeded.

    What the values alone score.  No test of maps whose neighbours are alike: two independent smooth ones lie beyond
    the reach of shuffles more often than not.
    """
    g = generator("moved maps", seed)
    return torch.stack([torch.randperm(h * w, generator=g) for _ in range(draws)])


def null(
    metric: Metric,
    a: Tensor,
    b: Tensor,
    draws: int = 199,
    seed: int = 0,
    orders: Callable[[int, int, int, int], Tensor] = moves,
) -> Tensor:
    """What `metric` gives when the pixels of `b` are put in other orders: (draws, B), the same for a whole batch.

    The first draws of many are those of few.
    """
    chosen = orders(b.shape[1], b.shape[2], draws, seed).to(b.device)
    if isinstance(metric, PixelProduct):  # what is prepared moves with its pixel
        pa, pb = metric.prepared(a), metric.prepared(b)
        return torch.stack([(pa * pb[:, order]).sum(1) for order in chosen]).to(a)
    flat = b.flatten(1)
    return torch.stack([metric(a, flat[:, order].view_as(b)) for order in chosen])


def between(metric: Metric, maps: Tensor) -> Tensor:
    """What `metric` gives for maps of different images by the same method: (B - 1, B), each map with every other."""
    return torch.stack([metric(maps, maps.roll(shift, 0)) for shift in range(1, len(maps))])
