import pytest
import torch

from attrcore.attack.aims import DrainTopPixels, FillRegion, MatchRegion, MoveCentre
from attrcore.attack.regions import Box
from attrcore.attack.success import success, unit

LEFT = Box(bottom=1.0, right=0.5)  # half of the image
AIMS = (FillRegion(region=LEFT), MatchRegion(region=LEFT), DrainTopPixels(k=8), MoveCentre())


def on_the(side):
    m = torch.zeros(1, 4, 4)
    m[:, :, :2] = side
    m[:, :, 2:] = 1 - side
    return m / m.sum()


@pytest.mark.parametrize("aim", AIMS, ids=lambda a: type(a).__name__)
def test_a_map_that_went_there_is_fooled_and_the_original_is_not(aim):
    there, before = on_the(1.0), on_the(0.0)
    done, not_yet = success(aim, there, before), success(aim, before, before)
    assert done.by_share.all() and done.by_loss.all()
    assert not not_yet.by_share.any() and not not_yet.by_loss.any()


@pytest.mark.parametrize("aim", AIMS, ids=lambda a: type(a).__name__)
def test_a_map_of_nothing_fools_nobody(aim):
    done = success(aim, torch.zeros(1, 4, 4), on_the(0.0))
    assert not done.by_share.any() and not done.by_loss.any()


def test_the_two_readings_differ_where_a_map_is_uneven():
    """One pixel of the region holds everything: nothing lies outside, and the map is far from even."""
    m = torch.zeros(1, 4, 4)
    m[0, 0, 0] = 1.0
    done = success(FillRegion(region=LEFT), m, on_the(0.0))
    assert done.share.item() == 0 and done.by_share.item()
    assert done.loss.item() == pytest.approx(7 / 16) and not done.by_loss.item()


def test_the_way_of_the_centre_is_a_share_of_the_diagonal():
    a, b = torch.zeros(1, 5, 5), torch.zeros(1, 5, 5)
    a[0, 0, 0] = b[0, 4, 4] = 1.0
    assert success(MoveCentre(), b, a).share.item() == pytest.approx(1.0)
    assert MoveCentre()(b, a).item() / unit(MoveCentre(), a) == pytest.approx(1.0)
