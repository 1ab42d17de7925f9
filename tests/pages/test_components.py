"""The painting surface and the lens on Python's side; tests/browser has the other."""

import base64
import json
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from attrcore.data.drawn import HEAD
from attrcore.kinds import Refused
from attrcore.look import Look, paint
from pages.parts import canvas, lens, wire

RNG = np.random.default_rng(0)
PHOTO = RNG.integers(0, 256, (20, 30, 3)).astype(np.uint8)


def decoded(url):
    return np.asarray(Image.open(BytesIO(base64.b64decode(url.removeprefix(HEAD)))).convert("RGB"))


def read(sent):
    """What the browser makes of values."""
    return np.frombuffer(base64.b64decode(sent["half"]), "<f2").astype(float) * sent["factor"]


@pytest.mark.parametrize("size", [1e-30, 1e-4, 1.0, 1e20])
def test_values_keep_three_figures_over_nine_decades_below_the_largest(size):
    plane = (RNG.choice([-1, 1], (20, 30)) * size * 10 ** RNG.uniform(-9, 0, (20, 30))).astype(np.float32)
    np.testing.assert_allclose(read(wire.values(plane)), plane.ravel(), rtol=1e-3)


def test_values_that_are_zero_or_not_finite_stay_so():
    assert not read(wire.values(np.zeros((2, 2), np.float32))).any()
    back = read(wire.values(np.array([[np.nan, np.inf], [-np.inf, 3]], np.float32)))
    np.testing.assert_allclose(back, [np.nan, np.inf, -np.inf, 3], rtol=1e-3)


def test_pictures_and_region_numbers_arrive_as_they_are():
    few = RNG.integers(0, 256, (256, 3)).astype(np.uint8)[RNG.integers(0, 256, (40, 50))]  # fits a palette
    for pixels in (PHOTO, few, np.zeros_like(PHOTO)):
        assert np.array_equal(decoded(wire.picture(pixels)), pixels)
    numbers = RNG.integers(0, 2**24, (20, 30))
    r, g, b = decoded(wire.numbered(numbers)).transpose(2, 0, 1).astype(int)
    assert np.array_equal(r + 256 * g + 65536 * b, numbers)


def test_eight_maps_of_an_imagenet_picture_with_their_values_take_less_than_two_megabytes():
    """Of noise, which no compression helps."""
    planes = [RNG.normal(size=(224, 224)).astype(np.float32) for _ in range(8)]
    panes = [lens.Pane("Map", paint(abs(p), 3.0, Look()), p) for p in planes]
    assert len(json.dumps([lens.sent(p) for p in panes])) < 2e6


@pytest.fixture
def browser_sends(monkeypatch):
    """Put anything in the place of what the browser sent; returns the scenes that were shown."""
    shown = []

    def send(part, **state):
        monkeypatch.setattr(part, "COMPONENT", lambda **call: shown.append(call["data"]) or SimpleNamespace(**state))
        return shown

    return send


def test_ink_becomes_a_mask_of_the_picture_it_was_painted_on(browser_sends):
    shown = browser_sends(canvas, ink=None)
    assert not canvas.mask(PHOTO, PHOTO, "m").any()
    ink = RNG.integers(0, 256, (20, 30)).astype(np.uint8)
    browser_sends(canvas, ink={"of": shown[0]["of"], "png": wire.picture(ink)})
    assert np.array_equal(canvas.mask(PHOTO, PHOTO, "m"), ink > 127)
    other = PHOTO.copy()
    other[3, 4, 1] ^= 1
    assert not canvas.mask(other, PHOTO, "m").any()  # its mask is another
    browser_sends(canvas, ink={"of": shown[0]["of"], "png": None})
    assert not canvas.mask(PHOTO, PHOTO, "m").any()


@pytest.mark.parametrize("ink", [[], "x", 3, {"of": "", "png": 7}, {"of": "", "png": wire.picture(PHOTO)}])
def test_what_is_no_drawing_is_refused(browser_sends, ink):
    browser_sends(canvas, ink=ink)
    with pytest.raises(Refused, match="painting"):
        canvas.digit("d")


def test_shapes_that_differ_are_a_mistake_of_the_page():
    with pytest.raises(ValueError, match=r"revealed must be as high and wide as the image, \(20, 30\), got \(5, 30\)"):
        canvas.mask(PHOTO, PHOTO[:5], "m")
    with pytest.raises(ValueError, match="regions must be"):
        canvas.mask(PHOTO, PHOTO, "m", np.zeros((30, 20), int))
    with pytest.raises(ValueError, match="picture of B must be as high and wide as the first"):
        lens.viewer([lens.Pane("A", PHOTO), lens.Pane("B", PHOTO[:5])], "l")
    with pytest.raises(ValueError, match="values of B must be"):
        lens.viewer([lens.Pane("A", PHOTO), lens.Pane("B", PHOTO, np.zeros((30, 20)))], "l")
    with pytest.raises(ValueError, match="2 to 8 pictures, got 1"):
        lens.viewer([lens.Pane("A", PHOTO)], "l")


@pytest.mark.parametrize(
    ("pixel", "got"),
    [([0, 0], (0, 0)), ([19, 29], (19, 29)), ([20, 0], None), ([0, -1], None), ([True, 0], None), ([1.0, 2], None),
     ([1], None), ("12", None), ({"row": 1}, None), (None, None)],
)  # fmt: skip
def test_a_mark_is_a_pixel_of_the_picture_or_nothing(browser_sends, pixel, got):
    browser_sends(lens, pixel=pixel)
    panes = [lens.Pane("A", PHOTO), lens.Pane("B", PHOTO)]
    assert lens.viewer(panes, "l", marks=True) == got and lens.viewer(panes, "l") is None


def test_a_page_with_components_is_tested_without_a_browser():
    """What a page's own tests need: nothing is painted, nothing is marked, nothing fails."""

    def page():
        import numpy as np
        import streamlit as st

        from pages.parts import canvas, lens

        image = np.zeros((8, 9, 3), np.uint8)
        drawn, mask = canvas.digit("d"), canvas.mask(image, image, "m")
        st.text(f"{drawn} {mask.any()} {lens.viewer([lens.Pane('A', image)] * 2, 'l', marks=True)}")

    at = AppTest.from_function(page).run()
    assert not at.exception and at.text[0].value == "None False None"
