import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from attrcore import compare
from attrcore.compare import beside, jointly, likeness, share, verdict


def attribution(seed, shape=(1, 28, 28)):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32) ** 3


def smooth(seed):
    """Cut out of a larger field, so that its edges do not join."""
    field = gaussian_filter(np.random.default_rng(seed).normal(size=(60, 60)), 3)
    return field[None, 16:44, 16:44].astype(np.float32)


def by_name(found):
    return {(one.measure, one.of): one for one in found.rows}


def test_a_map_is_more_like_itself_than_like_moved_maps():
    a = attribution(0)
    found = likeness(a, a, 100)
    assert set(by_name(found)) >= {("Spearman", "signed"), ("SSIM", "absolute"), ("HOG-Pearson", "absolute")}
    for one in found.rows:
        assert one.value == pytest.approx(1) and verdict(one) == "more" and share(one) == pytest.approx(1)
        assert one.reach[1] == pytest.approx(1) and one.draws == 199
    for whole in found.together:
        assert whole.verdict == "more" and whole.more == whole.count and whole.chance_more <= 3 / 200


def test_independent_smooth_maps_are_seldom_called_alike(monkeypatch):
    """Nominally 2.5 % on either side, and 3 to 4 % as edges do not join; shuffled pixels say so of 20 to 40 %."""
    monkeypatch.setattr(compare, "DRAWS", 39)
    quick = {name: cls for name, cls in compare.METRICS.items() if name != "Kendall"}  # which says what Spearman says
    monkeypatch.setattr(compare, "METRICS", quick)
    pairs = 120
    found = [likeness(smooth(2 * i), smooth(2 * i + 1), 98) for i in range(pairs)]
    for side in ("more", "less"):
        by_row = np.mean([[verdict(one) == side for one in pair.rows] for pair in found], axis=0)
        assert by_row.max() <= 0.1 and by_row.mean() <= 0.05  # of 3.5 %, 120 pairs make 10 % in one case of 3,000
        together = np.mean([[whole.verdict == side for whole in pair.together] for pair in found], axis=0)
        assert together.max() <= 0.1


def test_related_smooth_maps_are_called_alike():
    for i in range(5):
        mixed = smooth(2 * i) + 0.5 * smooth(2 * i + 1)
        assert all(whole.verdict == "more" for whole in likeness(smooth(2 * i), mixed, 98).together)


def test_blobs_apart_are_not_alike():
    """SSIM calls them alike beside shuffled pixels: both are mostly flat."""
    blob = np.zeros((1, 28, 28), np.float32)
    blob[0, 4:10, 4:10] = 1 + np.random.default_rng(0).random((6, 6))
    found = likeness(blob, np.roll(blob, (14, 14), (1, 2)), 36)
    assert by_name(found)["SSIM", "absolute"].value > 0.3
    assert not any(verdict(one) == "more" for one in found.rows)


def test_what_measures_say_together_counts_their_agreement_once():
    rng = np.random.default_rng(0)
    draws = rng.normal(size=200)
    draws[0] = draws.max() + 1
    assert jointly("absolute", [draws] * 6).chance_more == pytest.approx(5 / 200)  # one measure six times
    alone = jointly("absolute", [draws, *rng.normal(size=(5, 200)) * 0.1])
    assert alone.more == 1 and alone.chance_more > 0.05 and alone.verdict == "no more"


def test_a_share_is_the_way_from_chance_to_the_end():
    one = likeness(smooth(0), smooth(1), 98).rows[0]
    for value, expected in ((one.reach[1], 1), (one.reach[0], 1), (one.moved[0], 0)):
        assert share(one._replace(value=value)) == pytest.approx(expected)


def test_large_maps_are_moved_less_often_for_dear_measures():
    a = attribution(0, (1, 70, 70))
    draws = {name: one.draws for name, one in by_name(likeness(a, a, 100)).items()}
    assert draws["Kendall", "absolute"] == draws["SSIM", "absolute"] == 39 and draws["Spearman", "signed"] == 199


def test_ties_lower_the_most_that_two_maps_can_reach():
    sparse = attribution(0) * (np.random.default_rng(5).random((1, 28, 28)) < 0.2)
    found = by_name(likeness(sparse.astype(np.float32), attribution(1), 50))
    assert 0.5 < found["Kendall", "absolute"].reach[1] < 0.7 < found["Spearman", "absolute"].reach[1] < 0.8


def test_maps_too_small_for_a_measure_have_all_the_others():
    a = attribution(0, (1, 8, 8))
    found = by_name(likeness(a, a, 10))
    assert verdict(found["SSIM", "absolute"]) == "none" and "too small" in found["SSIM", "absolute"].why
    assert found["Kendall", "absolute"].value == 1
    assert beside(a, np.stack([a, a]), 10)[4] is None


def test_opposite_signs_are_alike_in_size_and_unlike_in_sign():
    a = attribution(0)
    found = likeness(a, -a, 50)
    assert by_name(found)["Spearman", "absolute"].value == pytest.approx(1)
    opposite = by_name(found)["Spearman", "signed"]
    assert opposite.value == pytest.approx(-1) and verdict(opposite) == "less" and share(opposite) == pytest.approx(1)
    assert [whole.verdict for whole in found.together] == ["more", "less"]


def test_one_and_three_channels_are_compared_and_two_sizes_are_not():
    a, b = attribution(0, (1, 28, 28)), attribution(1, (3, 28, 28))
    assert len(likeness(a, b, 100).rows) == 9
    with pytest.raises(ValueError, match="maps must be of one size"):
        likeness(a, attribution(0, (1, 27, 28)), 100)
    with pytest.raises(ValueError, match="maps must be of one size"):
        beside(a, attribution(0, (2, 1, 27, 28)), 100)


@pytest.mark.parametrize("level", [0.0, 1.0])
@pytest.mark.filterwarnings("ignore:An input array is constant")
def test_a_constant_map_is_like_nothing_and_says_why(level):
    found = likeness(attribution(0), np.full((1, 28, 28), level, np.float32), 100)
    for one in found.rows:
        assert np.isnan(one.value) and verdict(one) == "none" and "marks no place" in one.why
    assert all(whole.count == 0 and whole.verdict == "no more" for whole in found.together)


def test_other_pictures_stand_in_the_order_of_the_rows():
    a, others = attribution(0), np.stack([attribution(s) for s in (1, 2, 3)])
    rows, spans = likeness(a, others[0], 50).rows, beside(a, others, 50)
    for one, (mean, least, most) in zip(rows, spans, strict=True):
        assert least <= one.value <= most and least < mean < most
