import numpy as np
import pytest
import scipy.stats
import torch
from scipy.ndimage import correlate, gaussian_filter

from attrcore.metrics import (
    METRICS,
    SSIM,
    Cosine,
    HogPearson,
    Kendall,
    Spearman,
    TopKOverlap,
)
from attrcore.metrics.chance import between, moves, null, shuffles
from attrcore.metrics.ssim import stretched


def sparse(seed, zeros, shape=(2, 28, 28)):
    rng = np.random.default_rng(seed)
    m = np.abs(rng.normal(size=shape))
    m[rng.random(shape) < zeros] = 0
    return torch.from_numpy(m)


@pytest.mark.parametrize("zeros", [0.0, 0.5, 0.8, 0.95])
def test_spearman_of_independent_maps_is_near_zero_however_sparse_they_are(zeros):
    """Ranks by double argsort give 0.07, 0.41 and 0.81 here: ties are broken alike in both maps."""
    a, b = sparse(0, zeros), sparse(1, zeros)
    assert Spearman()(a, b).abs().max() < 0.1
    naive = [m.flatten(1).argsort(dim=1, stable=True).argsort(dim=1, stable=True).double() for m in (a, b)]
    assert zeros < 0.8 or np.corrcoef(naive[0][0], naive[1][0])[0, 1] > 0.3  # the trap is real


@pytest.mark.parametrize("zeros", [0.0, 0.8])
def test_rank_correlations_agree_with_scipy(zeros):
    a, b = sparse(2, zeros), sparse(2, zeros) + 0.3 * sparse(3, zeros)
    for metric, theirs in ((Spearman(), scipy.stats.spearmanr), (Kendall(), scipy.stats.kendalltau)):
        expected = [theirs(m.ravel(), n.ravel()).statistic for m, n in zip(a.numpy(), b.numpy(), strict=True)]
        np.testing.assert_allclose(metric(a, b).numpy(), expected, atol=1e-12)


def test_kendall_has_a_ceiling_where_one_map_has_ties():
    a = sparse(4, 0.8)
    filled = torch.where(a == 0, 1e-9 * torch.rand(a.shape), a)
    assert Kendall()(a, filled).min() > 0.5 and Kendall()(a, filled).max() < 0.7


@pytest.mark.parametrize("zeros", [0.0, 0.8, 0.9, 0.95])
def test_unrelated_maps_share_k_over_n_of_their_top_however_sparse_they_are(zeros):
    pairs = [TopKOverlap(k=100)(sparse(s, zeros), sparse(s + 100, zeros)).mean().item() for s in range(12)]
    assert np.mean(pairs) == pytest.approx(100 / 784, abs=0.02)


def test_the_chance_level_of_top_k_overlap_is_k_over_n():
    a, b = sparse(5, 0.0), sparse(6, 0.0)
    assert null(TopKOverlap(k=100), a, b, draws=200).mean().item() == pytest.approx(100 / 784, abs=0.01)


def test_the_null_of_cosine_is_far_from_zero():
    a, b = sparse(7, 0.0), sparse(8, 0.0)
    assert null(Cosine(), a, b).min() > 0.5


def test_the_null_is_seeded():
    a, b = sparse(7, 0.0), sparse(8, 0.0)
    assert torch.equal(null(Cosine(), a, b, seed=1), null(Cosine(), a, b, seed=1))
    assert not torch.equal(null(Cosine(), a, b, seed=1), null(Cosine(), a, b, seed=2))


@pytest.mark.parametrize("orders", [moves, shuffles])
@pytest.mark.parametrize("size", [(28, 28), (12, 20)])
def test_every_order_holds_every_pixel_once_and_few_draws_begin_many(orders, size):
    drawn = orders(*size, 30)
    assert (drawn.sort(1).values == torch.arange(size[0] * size[1])).all() and len(drawn.unique(dim=0)) > 25
    assert torch.equal(orders(*size, 5), drawn[:5])


@pytest.mark.parametrize("size", [(28, 28), (12, 20)])
def test_moves_keep_neighbours_and_shuffles_do_not(size):
    """Around the edges; turned by quarters only where that gives a map of the same size."""
    h, w = size
    row, column = moves(h, w, 50).view(-1, h, w) // w, moves(h, w, 50).view(-1, h, w) % w
    down = (row.roll(-1, 1) - row) % h, (column.roll(-1, 1) - column) % w
    steps = torch.minimum(down[0], h - down[0]) + torch.minimum(down[1], w - down[1])
    assert (steps == 1).all()
    smooth = torch.from_numpy(np.outer(np.hanning(28), np.hanning(28)))[None]
    assert null(Spearman(), smooth, smooth, 50, orders=shuffles).abs().mean() < 0.05
    assert null(Spearman(), smooth, smooth, 50).abs().mean() > 0.2


@pytest.mark.parametrize("metric", [c(k=50) if c is TopKOverlap else c() for c in METRICS.values()], ids=METRICS)
def test_the_null_is_the_measure_of_moved_maps(metric):
    a, b = sparse(20, 0.5).float(), sparse(21, 0.5).float()
    moved = b.flatten(1)[:, moves(28, 28, 3)[2]].view_as(b)
    torch.testing.assert_close(null(metric, a, b, 3)[2], metric(a, moved))


@pytest.mark.parametrize("metric", [c(k=50) if c is TopKOverlap else c() for c in METRICS.values()], ids=METRICS)
@pytest.mark.parametrize("level", [0.0, 0.3])
@pytest.mark.filterwarnings("ignore:An input array is constant")
def test_a_constant_map_is_like_nothing(metric, level):
    one, other = sparse(22, 0.5).float(), torch.full((2, 28, 28), level)
    other[1] = one[1]
    for values in (metric(one, other), metric(other, one)):
        assert values[0].isnan() and values[1].isfinite()
    assert metric(other, other)[0].isnan() and null(metric, one, other, 3)[:, 0].isnan().all()


def test_a_map_without_gradients_has_no_histograms_of_them():
    """A central difference sees nothing of pixels that are set one by one."""
    grid = torch.zeros(1, 32, 32)
    grid[0, ::2, ::2] = 1
    assert HogPearson()(grid, grid).isnan().all()


def test_maps_of_different_images_by_one_method_are_a_level_of_their_own():
    middle = torch.from_numpy(np.outer(np.hanning(28), np.hanning(28)))
    maps = middle * (0.5 + sparse(9, 0.0, (4, 28, 28)))
    level = between(Spearman(), maps)
    assert level.shape == (3, 4) and level.min() > 0.5 > null(Spearman(), maps, maps).mean()
    torch.testing.assert_close(level[0], Spearman()(maps, maps.roll(1, 0)))


def test_the_cosine_of_tiny_maps_is_that_of_large_ones():
    a, b = sparse(10, 0.5).float(), sparse(11, 0.5).float()
    torch.testing.assert_close(Cosine()(a * 1e-30, b * 1e-12), Cosine()(a, b))


def test_a_map_with_ties_has_a_ceiling_below_one():
    a = torch.zeros(1, 28, 28)
    a[0, 0] = 1 + torch.rand(28)
    assert TopKOverlap(k=100)(a, a).item() == pytest.approx((28 + 72**2 / 756) / 100, abs=1e-4)


def test_ssim_is_that_of_two_stretched_maps_with_a_range_of_one():
    a, b = (torch.rand(2, 32, 32, generator=torch.Generator().manual_seed(s)) for s in (0, 1))
    torch.testing.assert_close(SSIM()(5 * a + 3, b), SSIM()(a, 0.1 * b))
    x, y = stretched(a)[0].double().numpy(), stretched(b)[0].double().numpy()
    w = gaussian_filter(np.pad([[1.0]], 5), 1.5, truncate=3.5)

    def blur(m):
        return correlate(m, w)[5:-5, 5:-5]

    mx, my = blur(x), blur(y)
    vx, vy, c = blur(x * x) - mx**2, blur(y * y) - my**2, blur(x * y) - mx * my
    expected = ((2 * mx * my + 1e-4) * (2 * c + 9e-4) / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4))).mean()
    assert SSIM()(a, b)[0].item() == pytest.approx(expected, abs=1e-4)
    with pytest.raises(ValueError, match="at least 11 x 11 pixels, got 8 x 32"):
        SSIM()(a[:, :8], b[:, :8])


def test_hog_sees_directions_not_brightness():
    rows = torch.arange(32)[:, None].expand(32, 32) % 8 < 4
    stripes = torch.stack([rows, rows.T]).float()
    assert HogPearson()(stripes, 0.2 * stripes + 1)[0].item() == pytest.approx(1)
    assert HogPearson()(stripes[:1], stripes[1:])[0] < 0.3
    small = torch.rand(1, 28, 28, generator=torch.Generator().manual_seed(0))
    assert HogPearson()(small, small).item() == pytest.approx(1)
