import numpy as np
import pytest
import torch

from attrcore.attack.regions import MOST_LETTERS, Box, Frame, Painted, Polygon
from attrcore.kinds import Refused
from attrcore.recipe import Recipe


@pytest.mark.parametrize("shape", [Box(), Frame(), Polygon(), Painted.of(np.tri(28, dtype=bool))])
def test_a_region_is_the_same_part_of_every_size(shape):
    shares = [shape.mask(n, n).double().mean().item() for n in (28, 112, 224)]
    assert max(shares) - min(shares) < 0.06 and Recipe.from_dict(shape.to_dict()) == shape


def test_a_box_holds_the_pixels_whose_middles_it_holds():
    mask = Box(top=0.25, left=0.5, bottom=0.75, right=1.0).mask(4, 8)
    assert mask.nonzero().tolist() == [[r, c] for r in (1, 2) for c in (4, 5, 6, 7)]


def test_a_frame_is_as_wide_on_all_sides():
    mask = Frame(width=0.25).mask(8, 12)
    assert not mask[2:6, 2:10].any() and mask[:2].all() and mask[:, :2].all() and mask[6:].all() and mask[:, 10:].all()


def test_a_polygon_encloses_what_lies_between_its_corners():
    mask = Polygon(corners="0,0 0,1 1,0").mask(100, 100)
    assert mask[10, 10] and not mask[90, 90] and abs(mask.double().mean().item() - 0.5) < 0.02


def test_a_painted_mask_comes_back_as_it_was():
    mask = np.random.default_rng(0).random((31, 17)) < 0.5
    assert torch.equal(Painted.of(mask).mask(31, 17), torch.from_numpy(mask))


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        (Box(top=0.5, bottom=0.4), "no pixel"),
        (Frame(width=0.0), "no pixel"),
        (Frame(width=0.5), "every pixel"),
        (Polygon(corners="0,0 1,1"), "at least three"),
        (Polygon(corners="a,b c"), "pairs such as"),
        (Polygon(corners="0,0,0 1,1,1 2,2,2"), "pairs such as"),
        (Painted(png="x" * (MOST_LETTERS + 1)), "at most"),
        (Painted(png="bm8="), "this is none"),
        (Painted(png="?"), "this is none"),
    ],
)
def test_what_is_no_region_is_refused_with_the_rule(shape, says):
    with pytest.raises(Refused, match=says):
        shape.mask(28, 28)
