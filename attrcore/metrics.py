"""How alike two maps are: (B, H, W), (B, H, W) -> (B,), one for the same map unless ties say otherwise.

A number says nothing without its chance levels.  `null` shuffles the pixels: what maps with these values score whose
places have nothing to do with each other.  `between` compares maps of different images: what the maps of one method
share anyway, such as a bright middle.
"""

from dataclasses import dataclass

import torch
from scipy.stats import kendalltau, rankdata
from torch import Tensor

from attrcore.maps import top_pixels
from attrcore.recipe import Recipe, knob


@dataclass(frozen=True)
class TopKOverlap(Recipe):
    """Share of the k largest pixels that two maps have in common (Ghorbani et al., 2019, arXiv:1710.10547).

    In [0, 1]; maps whose pixels are unrelated share k / (H W).  Pixels that tie for the last places share them evenly:
    broken by position, two unrelated maps that are mostly zero would seem to share most of their top.  So a map whose
    last places tie reaches less than one even with itself: `metric(a, a)` is its ceiling.
    """

    k: int = knob(100, 1, 100_000, "How many pixels count as most important.")

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """(B, H, W), (B, H, W) -> (B,)."""
        return (membership(a, self.k) * membership(b, self.k)).flatten(1).sum(1) / self.k


def membership(maps: Tensor, k: int) -> Tensor:
    """How far each pixel belongs to the k largest, (B, H, W) in [0, 1], each map summing to k.

    Raises ValueError unless 1 <= k <= H x W.
    """
    last = maps.masked_fill(~top_pixels(maps, k), torch.inf).flatten(1).amin(1)[:, None, None]
    above, ties = maps > last, maps == last
    left = k - above.sum((1, 2), keepdim=True)
    return above.to(maps.dtype) + ties * (left / ties.sum((1, 2), keepdim=True))


@dataclass(frozen=True)
class Spearman(Recipe):
    """Rank correlation with average ranks for ties (Spearman, 1904; as in Adebayo et al., 2018, arXiv:1810.03292).

    In [-1, 1]; maps whose pixels are unrelated score 0.  Ranks by double argsort would give 0.8 to unrelated maps that
    are mostly zero.  A constant map has no ranks: the result is not a number.
    """

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """(B, H, W), (B, H, W) -> (B,)."""
        ranks = [torch.from_numpy(rankdata(m.detach().flatten(1).cpu().numpy(), axis=1)) for m in (a, b)]
        ra, rb = (r - r.mean(1, keepdim=True) for r in ranks)
        return ((ra * rb).sum(1) / (ra.norm(dim=1) * rb.norm(dim=1))).to(a)


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
class Cosine(Recipe):
    """Cosine of the angle between two maps as vectors (as in Wang & Kong, 2022, arXiv:2205.07279).

    In [0, 1] for maps; unrelated maps score far above 0, because no value is negative: read it beside `null`.
    """

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """(B, H, W), (B, H, W) -> (B,)."""
        a, b = (
            m.flatten(1) / m.flatten(1).abs().amax(1, keepdim=True).clamp_min(torch.finfo(m.dtype).tiny) for m in (a, b)
        )
        return torch.nn.functional.cosine_similarity(a, b, dim=1)


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
        return torch.tensor([structural_similarity(m, n, **window) for m, n in pairs]).to(a)


def stretched(maps: Tensor) -> Tensor:
    """Each map (H, W) of a batch brought to [0, 1] by its least and largest value; a constant one becomes zero."""
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (maps - low) / (high - low).clamp_min(torch.finfo(maps.dtype).tiny)


@dataclass(frozen=True)
class HogPearson(Recipe):
    """Correlation of histograms of oriented gradients (Dalal & Triggs, 2005; Pearson, as in Adebayo et al., 2018).

    In [-1, 1], for unrelated maps about 0 or above: histograms of noise are alike, so read it beside `null`.  Where a
    map is too small for three cells of that size, cells are a quarter of its shorter side.
    """

    cell: int = knob(16, 2, 64, "Side of a cell, in pixels.")

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """(B, H, W), (B, H, W) -> (B,)."""
        from skimage.feature import hog

        side = max(2, min(self.cell, min(a.shape[1:]) // 4))

        def histograms(maps: Tensor) -> Tensor:
            planes = stretched(maps).detach().cpu().double().numpy()
            return torch.stack([torch.from_numpy(hog(m, pixels_per_cell=(side, side))) for m in planes])

        ha, hb = (h - h.mean(1, keepdim=True) for h in (histograms(a), histograms(b)))
        return torch.nn.functional.cosine_similarity(ha, hb, dim=1).to(a)


METRICS = {
    "Spearman": Spearman,
    "Kendall": Kendall,
    "Top-k overlap": TopKOverlap,
    "Cosine": Cosine,
    "SSIM": SSIM,
    "HOG-Pearson": HogPearson,
}


def null(metric: Recipe, a: Tensor, b: Tensor, draws: int = 20, seed: int = 0) -> Tensor:
    """What `metric` gives when the pixels of `b` are shuffled: (draws, B), the same shuffle for a whole batch."""
    g = torch.Generator().manual_seed(seed)
    flat = b.flatten(1)
    orders = (torch.randperm(flat.shape[1], generator=g).to(b.device) for _ in range(draws))
    return torch.stack([metric(a, flat[:, order].view_as(b)) for order in orders])


def between(metric: Recipe, maps: Tensor) -> Tensor:
    """What `metric` gives for maps of different images by the same method: (B - 1, B), each map with every other."""
    return torch.stack([metric(maps, maps.roll(shift, 0)) for shift in range(1, len(maps))])
