import numpy as np
import pytest

from attrcore.compare import likeness, verdict


def attribution(seed, shape=(1, 28, 28)):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32) ** 3


def by_name(found):
    return {(one.measure, one.of): one for one in found}


def test_a_map_is_more_like_itself_than_like_shuffled_pixels_or_other_maps():
    a = attribution(0)
    found = by_name(likeness(a, a, np.stack([attribution(s) for s in (1, 2, 3)]), 100))
    assert set(found) >= {("Spearman", "signed"), ("SSIM", "absolute"), ("HOG-Pearson", "absolute")}
    for one in found.values():
        assert one.value == pytest.approx(1) and verdict(one) == "more alike than chance and other pictures"
        assert one.ceiling == pytest.approx(1) or np.isnan(one.ceiling) == (one.measure in ("SSIM", "HOG-Pearson"))


def test_ties_lower_the_most_that_two_maps_can_reach():
    sparse = attribution(0) * (np.random.default_rng(5).random((1, 28, 28)) < 0.2)
    found = by_name(likeness(sparse.astype(np.float32), attribution(1), np.empty((0, 1, 28, 28), np.float32), 50))
    assert 0.5 < found["Kendall", "absolute"].ceiling < 0.7 < found["Spearman", "absolute"].ceiling < 0.8


def test_maps_too_small_for_a_measure_have_all_the_others():
    a = attribution(0, (1, 8, 8))
    found = by_name(likeness(a, a, np.empty((0, 1, 8, 8), np.float32), 10))
    assert verdict(found["SSIM", "absolute"]) == "not a number" and found["Kendall", "absolute"].value == 1


def test_unrelated_maps_are_no_more_alike_than_chance():
    found = likeness(attribution(0), attribution(1), np.empty((0, 1, 28, 28), np.float32), 100)
    for one in found:
        low, high = one.chance[1:]
        assert one.others is None and low - 0.1 < one.value < high + 0.1
    overlap = by_name(found)["Top-k overlap", "absolute"]
    assert overlap.chance[0] == pytest.approx(100 / 784, abs=0.02)


def test_opposite_signs_are_alike_in_size_and_unlike_in_sign():
    a = attribution(0)
    found = by_name(likeness(a, -a, np.empty((0, 1, 28, 28), np.float32), 50))
    assert found["Spearman", "absolute"].value == pytest.approx(1)
    assert found["Spearman", "signed"].value == pytest.approx(-1)
    assert verdict(found["Spearman", "signed"]) == "less alike than shuffled pixels"


def test_one_and_three_channels_are_compared_and_two_sizes_are_not():
    a, b = attribution(0, (1, 28, 28)), attribution(1, (3, 28, 28))
    assert len(likeness(a, b, np.empty((0, 3, 28, 28), np.float32), 100)) == 9
    with pytest.raises(ValueError, match="maps must be of one size"):
        likeness(a, attribution(0, (1, 27, 28)), np.empty((0, 1, 27, 28), np.float32), 100)


def test_a_constant_map_has_no_ranks():
    one = by_name(likeness(attribution(0), np.ones((1, 28, 28), np.float32), np.empty((0, 1, 28, 28), np.float32), 100))
    assert verdict(one["Spearman", "absolute"]) == "not a number"
