from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from attrcore.explain.validity import Check
from attrcore.look import Look, enlarged, paint, shown
from attrcore.quick import Drawn
from pages.parts.save import clipped, lettering, sheet
from pages.parts.show import badges


def test_long_words_are_cut_to_their_width_and_short_ones_left():
    font = lettering(14)
    for words in ("explained: 7", "explained: soft-coated wheaten terrier, a dog with a very long name indeed"):
        shown = clipped(words, 120, font)
        assert font.getlength(shown) <= 120 and (shown == words or shown.endswith("…"))
    assert clipped("explained: 7", 120, font) == "explained: 7"


def test_the_lettering_has_the_gates_marks():
    font = lettering(14)
    missing = np.asarray(font.getmask("\ue123"))
    assert all(not np.array_equal(np.asarray(font.getmask(mark)), missing) for mark in "✓✗")


@pytest.mark.parametrize("look", [Look(), Look(values="signed", opacity=0.5)], ids=str)
def test_the_picture_holds_the_maps_as_the_page_paints_them(look):
    image = np.random.default_rng(0).integers(0, 255, (1, 28, 28), np.uint8)
    a = np.random.default_rng(1).normal(size=(1, 28, 28)).astype(np.float32)
    checks = [Check("finite", True, "finite, not zero", "Fine.")]
    drawn = Drawn(a, 3, checks, 0.1, {"device": "cpu"})
    scene = SimpleNamespace(model="MNIST CNN", picture=SimpleNamespace(pixels=image), classes=tuple("0123"), target=3)
    paper = np.asarray(Image.open(BytesIO(sheet(scene, {"Gradient": drawn}, {"Gradient": 2.0}, look))))
    expected = enlarged(paint(shown(a, look.values), 2.0, look, image))
    assert np.array_equal(paper[32 : 32 + 280, 2 * 12 + 280 : 2 * 12 + 560], expected)


def test_badges_are_green_where_a_law_holds_and_red_where_not():
    first = Check("finite", True, "finite, not zero", "")
    kept, broken = (Check("completeness", holds, f"sum gap {holds}", "") for holds in (True, False))
    assert badges([first, kept, broken]) == ":green-badge[✓ sum gap True] :red-badge[✗ sum gap False]"
    assert badges([first]) == ":gray-badge[no law to check]"
    assert badges([Check("not zero", False, "all zero", "")]) == ":red-badge[✗ all zero]"
