import numpy as np
import pytest
from matplotlib import colormaps

from attrcore.look import DIVERGING, SEQUENTIAL, VALUES, Look, enlarged, in_words, limit, paint, ramp, scale, shown

A = np.array([[[1.0, -2.0], [0.0, 3.0]], [[1.0, 1.0], [0.0, -1.0]]])  # (2, 2, 2)


@pytest.mark.parametrize(
    ("values", "expected"),
    [("absolute", [[2, 3], [0, 4]]), ("signed", [[2, -1], [0, 2]]), ("positive", [[2, 0], [0, 2]]),
     ("negative", [[0, 1], [0, 0]])],
)  # fmt: skip
def test_channels_are_put_together_as_the_choice_says(values, expected):
    assert shown(A, values).tolist() == expected


@pytest.mark.parametrize("values", VALUES)
def test_zero_has_one_colour_and_the_signs_of_a_signed_map_mirror_each_other(values):
    look = Look(values=values)
    colours = paint(np.array([[0.0, 1.0, -1.0]]), 1.0, look)[0]
    zero = 0.5 if values == "signed" else 0.0
    assert np.abs(colours[0] - np.array(colormaps[look.colours](zero)[:3]) * 255).max() <= 1
    if values == "signed":  # as far from white in opposite hues: purple has more blue, orange more red
        assert colours[1][2] > colours[1][0] and colours[2][0] > colours[2][2]


def test_what_is_no_number_is_painted_as_nothing():
    colours = paint(np.array([[0.0, np.nan, 1.0]]), 1.0, Look())[0]
    assert np.array_equal(colours[1], colours[0]) and not np.array_equal(colours[1], colours[2])


def test_the_scale_counts_what_is_clipped_on_both_sides():
    plane = np.array([[-3.0, 0.5], [2.0, 0.0]])
    said = "The strongest colour stands for 1, the largest value is 3; 50.0% of the pixels are stronger."
    assert scale(plane, 1.0) == said
    assert scale(plane, 3.0) == "The strongest colour stands for 3, the largest value is 3."
    assert scale(np.zeros((2, 2)), 0.0) == "There are no such values in this map."
    assert "largest value is 2." in scale(np.array([[np.nan, 2.0]]), 2.0)


def test_words_tell_where_the_weight_lies():
    plane = np.zeros((20, 20))
    plane[2, 17] = -5.0
    assert in_words("Gradient", plane) == (
        "Gradient map: its weight centres in the upper right; the strongest tenth of the pixels hold 100% of it"
    )
    assert in_words("Gradient", np.zeros((4, 4))) == "Gradient map: zero everywhere"


def test_clipping_saturates_and_never_wraps():
    colours = paint(np.array([[1.0, 50.0]]), 1.0, Look())[0]
    assert np.array_equal(colours[0], colours[1])


def test_one_scale_for_all_or_each_its_own():
    planes = [np.full((2, 2), 1.0), np.full((2, 2), 4.0)]
    assert [limit([p], 100.0) for p in planes] == [1, 4]
    assert limit(planes, 100.0) == 4
    assert limit([], 100.0) == 0


def test_a_percentile_clips_that_share():
    plane = np.arange(1000.0).reshape(10, 100)
    assert (plane > limit([plane], 99.0)).mean() == pytest.approx(0.01)


def test_a_sparse_map_is_not_drawn_as_nothing():
    plane = np.zeros((50, 50))
    plane[3, 3] = 7.0
    assert limit([plane], 99.0) == 7.0
    plane[4] = np.arange(50)  # a percentile counts those values that are there
    assert limit([plane], 50.0) == np.median([7.0, *range(1, 50)])


@pytest.mark.parametrize("plane", [np.zeros((3, 3)), np.full((3, 3), np.nan)])
def test_an_empty_map_is_drawn_without_complaint(plane):
    with np.errstate(all="raise"):
        assert paint(plane, limit([plane], 99.0), Look()).shape == (3, 3, 3)


def test_opacity_blends_with_the_grey_image():
    image = np.full((3, 2, 2), 200, np.uint8)
    plane = np.ones((2, 2))
    assert (paint(plane, 1.0, Look(opacity=0.0), image) == 200).all()
    for values in VALUES:  # what is zero veils the image less than what is strong
        look = Look(values=values, opacity=0.5)
        zero, strong = paint(np.array([[0.0, 1.0]]), 1.0, look, image[:, :1])[0].astype(float)
        bare = paint(np.array([[0.0, 1.0]]), 1.0, Look(values=values))[0].astype(float)
        assert np.allclose(zero, 0.25 * bare[0] + 0.75 * 200, atol=1) and np.allclose(
            strong, 0.5 * bare[1] + 100, atol=1
        )
    assert np.array_equal(paint(plane, 1.0, Look(opacity=1.0), image), paint(plane, 1.0, Look()))


def test_small_pictures_are_enlarged_by_whole_numbers():
    assert enlarged(np.zeros((28, 28, 3))).shape == (280, 280, 3)
    assert enlarged(np.zeros((224, 224, 3))).shape == (224, 224, 3)


@pytest.mark.parametrize("name", SEQUENTIAL)
def test_sequential_colours_get_steadily_brighter(name):
    """So they can be told apart without hue: by the colour-blind, and in grey print."""
    r, g, b, _ = colormaps[name](np.linspace(0, 1, 64)).T
    assert (np.diff(0.299 * r + 0.587 * g + 0.114 * b) > 0).all()


@pytest.mark.parametrize("name", DIVERGING)
def test_diverging_colours_are_brightest_at_zero(name):
    r, g, b, _ = colormaps[name](np.linspace(0, 1, 65)).T
    assert np.argmax(0.299 * r + 0.587 * g + 0.114 * b) in (31, 32, 33)


@pytest.mark.parametrize("values", VALUES)
def test_green_is_positive_and_red_negative_whatever_else_is_chosen(values):
    look = Look(view="green and red", values=values)
    a = np.array([[[1.0, -1.0, 0.0]]], np.float32)
    painted = paint(shown(a, look.drawn), 1.0, look, np.zeros((1, 1, 3), np.uint8))[0].astype(int)
    assert painted[0, 1] > painted[0, 0] and painted[1, 0] > painted[1, 1] and len(set(painted[2])) == 1
    ends = ramp(look).astype(int)
    assert ends[0, 0] > ends[0, 1] and ends[-1, 1] > ends[-1, 0]


def test_scaled_pixels_are_the_image_where_the_map_is_strong():
    image = np.full((3, 1, 2), 200, np.uint8)
    painted = paint(np.array([[1.0, 0.0]]), 1.0, Look(view="scaled pixels"), image)
    assert (painted[0, 0] == 200).all() and not painted[0, 1].any()
