"""How alike two maps are: (B, H, W), (B, H, W) -> (B,), one for the same map unless ties say otherwise.

A map that is constant marks no place: every measure of it is not a number.

A number says nothing without its chance levels.  `null` moves one map: what it scores whose places have nothing to do
with the other's.  `moves` keep neighbours together, as maps need whose neighbouring pixels are alike; `shuffles` keep
none.  `between` compares maps of different images: what the maps of one method share anyway, such as a bright middle.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from scipy.stats import kendalltau, rankdata
from torch import Tensor

from attrcore.draws import generator
from attrcore.maps import top_pixels
from attrcore.recipe import Recipe, knob


class PixelProduct(Recipe):
    """A measure that sums the products of two maps' pixels, each map prepared for itself, whatever stands where."""

    def prepared(self, maps: Tensor) -> Tensor:
        """(B, H, W) -> (B, H x W), not a number for a constant map."""
        raise NotImplementedError

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """(B, H, W), (B, H, W) -> (B,)."""
        return (self.prepared(a) * self.prepared(b)).sum(1).to(a)


def told(values: Tensor, *maps: Tensor) -> Tensor:
    """`values`, (B, ...), where no map of the pair is constant; elsewhere not a number."""
    silent = torch.stack([m.amax((1, 2)) == m.amin((1, 2)) for m in maps]).any(0)
    return values.masked_fill(silent.view(-1, *[1] * (values.ndim - 1)), torch.nan)


@dataclass(frozen=True)
class TopKOverlap(PixelProduct):
    """Share of the k largest pixels that two maps have in common (Ghorbani et al., 2019, arXiv:1710.10547).

    In [0, 1]; maps whose pixels are unrelated share k / (H W).  Pixels that tie for the last places share them evenly:
    broken by position, two unrelated maps that are mostly zero would seem to share most of their top.  So a map whose
    last places tie reaches less than one even with itself: `metric(a, a)` is its ceiling.
    """

    k: int = knob(100, 1, 100_000, "How many pixels count as most important.")

    def prepared(self, maps: Tensor) -> Tensor:
        """How far each pixel belongs to the k largest, by the root of k."""
        return told(membership(maps, self.k).flatten(1), maps) / self.k**0.5


def membership(maps: Tensor, k: int) -> Tensor:
    """How far each pixel belongs to the k largest, (B, H, W) in [0, 1], each map summing to k.

    Raises ValueError unless 1 <= k <= H x W.
    """
    last = maps.masked_fill(~top_pixels(maps, k), torch.inf).flatten(1).amin(1)[:, None, None]
    above, ties = maps > last, maps == last
    left = k - above.sum((1, 2), keepdim=True)
    return above.to(maps.dtype) + ties * (left / ties.sum((1, 2), keepdim=True))


@dataclass(frozen=True)
class Spearman(PixelProduct):
    """Rank correlation with average ranks for ties (Spearman, 1904; as in Adebayo et al., 2018, arXiv:1810.03292).

    In [-1, 1]; maps whose pixels are unrelated score 0.  Ranks by double argsort would give 0.8 to unrelated maps that
    are mostly zero.
    """

    def prepared(self, maps: Tensor) -> Tensor:
        """Ranks, centred and of length 1."""
        return centred(torch.from_numpy(rankdata(maps.detach().flatten(1).cpu().numpy(), axis=1)).to(maps.device))


def centred(rows: Tensor) -> Tensor:
    """(B, N) with mean 0 and length 1 each; not a number where all of a row is the same."""
    rows = rows - rows.mean(1, keepdim=True)
    return rows / rows.norm(dim=1, keepdim=True)


@dataclass(frozen=True)
class Kendall(Recipe):
    """Kendall's tau-b (Kendall, 1945; as in Chen et al., 2019, arXiv:1905.09957).

    In [-1, 1]; maps whose pixels are unrelated score 0.  Ties lower its ceiling: two maps that agree wherever neither
    is zero, one of them zero on 80 % of the pixels, reach about 0.6.
    """

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """(B, H, W), (B, H, W) -> (B,)."""
        pairs = zip(a.detach().flatten(1).cpu().numpy(), b.detach().flatten(1).cpu().numpy(), strict=True)
        return torch.tensor([kendalltau(m, n).statistic for m, n in pairs]).to(a)


@dataclass(frozen=True)
class Cosine(PixelProduct):
    """Cosine of the angle between two maps as vectors (as in Wang & Kong, 2022, arXiv:2205.07279).

    In [0, 1] for maps; unrelated maps score far above 0, because no value is negative: read it beside `null`.
    """

    def prepared(self, maps: Tensor) -> Tensor:
        """Of length 1."""
        rows = maps.flatten(1) / maps.flatten(1).abs().amax(1, keepdim=True)  # a tiny map's squares would vanish
        return told(rows / rows.norm(dim=1, keepdim=True), maps)


@dataclass(frozen=True)
class SSIM(Recipe):
    """Structural similarity, Gaussian window of 11 px and sigma 1.5 (Wang et al., 2004; as in Adebayo et al., 2018).

    Each map is brought to [0, 1] by its least and largest value, and the data range is 1.  (Adebayo's notebook left the
    range at 2, which lets unrelated maps score up to 0.8.)  In [-1, 1]; unrelated maps that are mostly flat still score
    high: read it beside `null`.
    """

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """(B, H, W), (B, H, W) -> (B,).  Raises ValueError for maps of less than 11 pixels a side."""
        from skimage.metrics import structural_similarity

        if min(a.shape[1:]) < 11:
            raise ValueError(f"SSIM's window needs maps of at least 11 x 11 pixels, got {a.shape[1]} x {a.shape[2]}")
        window = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1.0}
        pairs = zip(*(stretched(m).detach().cpu().double().numpy() for m in (a, b)), strict=True)
        return told(torch.tensor([structural_similarity(m, n, **window) for m, n in pairs]).to(a), a, b)


def stretched(maps: Tensor) -> Tensor:
    """Each map (H, W) of a batch brought to [0, 1] by its least and largest value; a constant one becomes zero."""
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (maps - low) / (high - low).clamp_min(torch.finfo(maps.dtype).tiny)


@dataclass(frozen=True)
class HogPearson(Recipe):
    """Correlation of histograms of oriented gradients (Dalal & Triggs, 2005; Pearson, as in Adebayo et al., 2018).

    In [-1, 1], for unrelated maps about 0 or above: histograms of noise are alike, so read it beside `null`.  Where a
    map is too small for three cells of that size, cells are a quarter of its shorter side.  Maps without gradients
    within their borders have no histograms: the result is not a number.
    """

    cell: int = knob(16, 2, 64, "Side of a cell, in pixels.")

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """(B, H, W), (B, H, W) -> (B,)."""
        from skimage.feature import hog

        side = max(2, min(self.cell, min(a.shape[1:]) // 4))

        def histograms(maps: Tensor) -> Tensor:
            planes = stretched(maps).detach().cpu().double().numpy()
            return torch.stack([torch.from_numpy(hog(m, pixels_per_cell=(side, side))) for m in planes])

        return told((centred(histograms(a)) * centred(histograms(b))).sum(1).to(a), a, b)


METRICS = {
    "Spearman": Spearman,
    "Kendall": Kendall,
    "Top-k overlap": TopKOverlap,
    "Cosine": Cosine,
    "SSIM": SSIM,
    "HOG-Pearson": HogPearson,
}


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
    metric: Recipe,
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


def between(metric: Recipe, maps: Tensor) -> Tensor:
    """What `metric` gives for maps of different images by the same method: (B - 1, B), each map with every other."""
    return torch.stack([metric(maps, maps.roll(shift, 0)) for shift in range(1, len(maps))])
