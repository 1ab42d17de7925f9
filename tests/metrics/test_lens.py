import math

import numpy as np
import pytest
import torch

from attrcore.metrics import KEPT, LensPrecision, LensRecall, TopKOverlap
from attrcore.metrics.chance import null, shuffles
from attrcore.metrics.lens import hits
from tests.test_metrics import sparse

BOTH = pytest.mark.parametrize("cls", KEPT.values(), ids=KEPT)


def dots(*places, size=(8, 8)):
    """A map that is bright at these (row, column), each a little less than the one before, and black elsewhere."""
    m = torch.zeros(1, *size)
    for n, place in enumerate(places):
        m[0][place] = 2 - n / 100
    return m


def value(cls, a, b, k, w=1):
    return cls(k=k, w=w)(a, b).item()


@BOTH
def test_a_shift_by_one_pixel_is_forgiven_and_by_two_is_not(cls):
    m = dots((2, 2), (2, 6), (6, 3))
    for shift in ((0, 1), (1, 0), (-1, 1)):
        assert value(cls, m, m.roll(shift, (1, 2)), 3) == pytest.approx(1)
    assert value(cls, m, m.roll((2, 0), (1, 2)), 3) == 0 and value(cls, m, m.roll((2, 0), (1, 2)), 3, 2) == 1
    assert TopKOverlap(k=3)(m, m.roll((0, 1), (1, 2))).item() == pytest.approx(0)


@BOTH
def test_windows_end_at_the_border(cls):
    """By the flat index, the first pixel of a row is next to the last of the row before."""
    assert value(cls, dots((2, 7)), dots((3, 0)), 1) == 0 and value(cls, dots((2, 7)), dots((3, 6)), 1) == 1
    assert value(cls, dots((0, 0)), dots((7, 7)), 1) == 0


@BOTH
def test_the_first_pixel_counts(cls):
    assert value(cls, dots((0, 0)), dots((1, 1)), 1) == value(cls, dots((1, 1)), dots((0, 0)), 1) == 1
    assert value(cls, dots((0, 0)), dots((0, 0)), 1, 0) == 1


def test_recall_asks_for_the_second_map_and_precision_for_the_first():
    crowd, scattered = dots((1, 1), (1, 2), (2, 1), (2, 2)), dots((1, 1), (1, 6), (6, 1), (6, 6))
    assert value(LensRecall, crowd, scattered, 4) == 0.25 and value(LensPrecision, crowd, scattered, 4) == 1
    assert value(LensRecall, scattered, crowd, 4) == 1 and value(LensPrecision, scattered, crowd, 4) == 0.25


@BOTH
@pytest.mark.parametrize("zeros", [0.0, 0.5, 0.95])
def test_without_a_window_it_is_the_overlap_of_the_top(cls, zeros):
    a, b = sparse(0, zeros), sparse(1, zeros)
    torch.testing.assert_close(cls(k=100, w=0)(a, b), TopKOverlap(k=100)(a, b))
    torch.testing.assert_close(cls(k=100, w=0).chance(a), TopKOverlap(k=100).chance(a))
    assert TopKOverlap(k=100).chance(a).tolist() == pytest.approx([100 / 784] * 2)


@BOTH
@pytest.mark.parametrize(("zeros", "w"), [(0.0, 1), (0.0, 2), (0.95, 1)])
def test_its_chance_is_what_a_top_anywhere_gives_on_average(cls, zeros, w):
    """The closed form against 400 shuffles, within five standard errors."""
    metric, a = cls(k=30, w=w), sparse(2, zeros)
    found = null(metric, a, sparse(3, 0.0), 400, orders=shuffles)
    error = found.std(0) / math.sqrt(len(found))
    assert ((found.mean(0) - metric.chance(a)).abs() < 5 * error).all() and (error < 0.01).all()


def test_the_chance_of_recall_is_what_the_windows_cover():
    corner, middle, apart = dots((0, 0)), dots((4, 4)), dots((1, 1), (6, 6), (3, 1))
    assert LensRecall(k=1).chance(corner).item() == pytest.approx(4 / 64)
    assert LensRecall(k=1).chance(middle).item() == pytest.approx(9 / 64)
    assert LensRecall(k=3).chance(apart).item() == pytest.approx((9 + 9 + 9 - 3) / 64)
    assert LensPrecision(k=1).chance(corner).item() == pytest.approx(4 / 64)
    assert LensRecall(k=1, w=16).chance(corner).item() == 1


def test_a_scattered_map_has_a_high_chance_level():
    """1 - (1 - k / N)^9 = 0.71 but for the border, which cuts windows: a score of 0.7 is nothing there."""
    levels = LensRecall().chance(sparse(4, 0.0, (100, 28, 28)))
    assert levels.mean().item() == pytest.approx(0.688, abs=5 * levels.std().item() / 10) and levels.std() < 0.03
    assert LensPrecision().chance(sparse(4, 0.0)).mean().item() == pytest.approx(0.688, abs=0.02)


@BOTH
def test_ties_are_broken_in_every_way_at_once(cls):
    """The mean over random ways to break them; by position, two unrelated maps share what is black in both."""
    a, b = sparse(5, 0.97, (1, 14, 14)), sparse(6, 0.97, (1, 14, 14))
    g, metric = torch.Generator().manual_seed(0), cls(k=12)
    broken = [
        metric(*(m + 1e-9 * torch.rand(m.shape, generator=g, dtype=torch.double) for m in (a, b))).item()
        for _ in range(2000)
    ]
    assert metric(a, b).item() == pytest.approx(np.mean(broken), abs=5 * np.std(broken) / math.sqrt(2000))
    assert np.std(broken) > 0.02


def test_how_probably_places_are_hit():
    def hit(*numbers):
        return hits(*(torch.tensor(float(n), dtype=torch.double) for n in numbers)).item()

    assert hit(1, 10, 3) == pytest.approx(0.3) and hit(2, 10, 3) == pytest.approx(
        1 - math.comb(8, 3) / math.comb(10, 3)
    )
    assert hit(0, 10, 3) == pytest.approx(0) and hit(8, 10, 3) == hit(10, 10, 1) == 1 and hit(5, 10, 0) == 0
    assert hit(9, 50_000, 1000) == pytest.approx(1 - math.comb(49_991, 1000) / math.comb(50_000, 1000), abs=1e-9)


@BOTH
def test_it_is_wholly_like_itself_and_a_constant_map_is_like_nothing(cls):
    a, flat = sparse(7, 0.0), torch.full((2, 28, 28), 0.3, dtype=torch.double)
    torch.testing.assert_close(cls()(a, a), torch.ones(2, dtype=torch.double))
    assert cls()(a, flat).isnan().all() and cls()(flat, a).isnan().all() and cls().chance(flat).isnan().all()
    assert TopKOverlap().chance(flat).isnan().all()
    assert cls()(a.float(), a.float()).dtype == torch.float


@BOTH
def test_more_pixels_than_there_are_is_refused(cls):
    with pytest.raises(ValueError, match=r"k must be in \[1, 64\], got 65"):
        cls(k=65)(dots((0, 0)), dots((0, 0)))
    with pytest.raises(ValueError, match=r"k must be in \[1, 64\], got 65"):
        TopKOverlap(k=65).chance(dots((0, 0)))
