import base64
import io

import numpy as np
import pytest
from PIL import Image

from attrcore.data import drawn
from attrcore.data.digits import packaged_digits
from attrcore.kinds import Refused
from tests.data import forge


def url(data):
    return drawn.HEAD + base64.b64encode(data).decode()


def png(pixels, kind="PNG"):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


INK = np.random.default_rng(0).integers(0, 256, (20, 30)).astype(np.uint8)


@pytest.mark.parametrize("pixels", [INK, np.dstack([INK] * 3), np.dstack([INK] * 3 + [np.full_like(INK, 255)])])
def test_what_a_canvas_sends_arrives_pixel_for_pixel(pixels):
    assert np.array_equal(drawn.ink(url(png(pixels)), (20, 30)), INK)


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        (None, "no painting"),
        (["data:image/png;base64,"], "no painting"),
        ({"png": 1}, "no painting"),
        ("javascript:alert(1)", "no painting"),
        (drawn.HEAD, "damaged"),
        (drawn.HEAD + "%%%", "damaged"),
        (url(b"<svg onload='alert(1)'/>"), "damaged"),
        (url(png(INK)[:-40]), "damaged"),
        (url(png(INK, "BMP")), "damaged"),
        (url(png(INK.T)), "must have 30 x 20 pixels; this one has 20 x 30"),
        (url(forge.png(30_000, 30_000)), "must have 30 x 20 pixels; this one has far more"),
        (url(forge.png(5000, 5000)), "this one has 5000 x 5000"),
        (drawn.HEAD + "A" * drawn.MOST_CHARACTERS, "at most 2,000,000 characters"),
    ],
)  # fmt: skip
def test_whatever_else_arrives_gets_one_sentence(sent, sentence):
    with pytest.raises(Refused, match=sentence):
        drawn.ink(sent, (20, 30))


@pytest.mark.parametrize("factor", [1, 3, 10])
def test_mnists_own_digits_come_back_unchanged_from_any_place_and_size(factor):
    """So what is drawn is framed as MNIST was; one of 200 digits there is one pixel smaller than its rule says."""
    for image in packaged_digits()[0][::25]:
        rows, cols = np.nonzero(image)
        if max(np.ptp(rows), np.ptp(cols)) + 1 != drawn.BOX:
            continue
        moved = np.roll(image, (-rows.min(), 27 - cols.max()), (0, 1))  # into the upper right corner
        assert np.array_equal(drawn.digit(moved.repeat(factor, 0).repeat(factor, 1)), image)


def test_a_small_drawing_is_enlarged_but_a_dot_stays_a_dot():
    sheet = np.zeros((280, 280), np.uint8)
    assert drawn.digit(sheet) is None
    sheet[100:220, 140:150] = 255  # a one, 120 high
    rows, cols = np.nonzero(drawn.digit(sheet))
    assert np.ptp(rows) + 1 == 20 and np.ptp(cols) + 1 <= 3
    dot = np.zeros_like(sheet)
    dot[5:15, 5:15] = 255
    rows, cols = np.nonzero(drawn.digit(dot))
    assert np.ptp(rows) + 1 == np.ptp(cols) + 1 == 2 and abs(rows.mean() - drawn.CENTRE) <= 0.5


def test_nothing_is_cut_off_however_lopsided():
    sheet = np.zeros((280, 280), np.uint8)
    sheet[0:40, 0:200] = 255
    sheet[40:200, 0:2] = 60
    picture = drawn.digit(sheet)
    rows, _ = np.nonzero(picture)
    assert np.ptp(rows) + 1 == 20 and picture.sum() == pytest.approx(sheet.sum() / 100, rel=0.02)


def test_dust_too_faint_to_survive_the_averaging_is_no_drawing():
    sheet = np.zeros((280, 280), np.uint8)
    sheet[0, 0] = sheet[-1, -1] = 1
    assert drawn.digit(sheet) is None


@pytest.mark.parametrize("scale", [40, 200])
@pytest.mark.parametrize("dark_on_light", [False, True])
def test_a_photographed_digit_is_framed_as_a_drawn_one(scale, dark_on_light):
    """Off centre, small, grey on grey and on uneven paper."""
    image = packaged_digits()[0][7].astype(float) / 255
    paper = np.random.default_rng(0).normal(90, 2, (400, 300))
    inked = np.asarray(Image.fromarray((255 * image).astype(np.uint8)).resize((scale, scale)), dtype=float) / 255
    paper[50 : 50 + scale, 30 : 30 + scale] += 100 * inked
    photo = Image.fromarray((255 - paper if dark_on_light else paper).clip(0, 255).astype(np.uint8))
    found = drawn.framed(photo)
    assert drawn.looks_drawn(photo) and found[0].max() == 0 and found.max() > 200
    if scale == 200:
        assert np.corrcoef(found.ravel(), drawn.digit((255 * image).astype(np.uint8)).ravel())[0, 1] > 0.9


def test_a_photo_of_the_world_is_no_drawing_and_a_blank_sheet_holds_no_digit():
    from attrcore.data.photos import SamplePhotos

    photos = [SamplePhotos().open(name) for name in ("cat", "coffee", "astronaut")]
    assert not any(map(drawn.looks_drawn, photos))
    blank = Image.new("L", (50, 50), 200)
    assert drawn.framed(blank) is None and not drawn.looks_drawn(blank)
