from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from attrcore.explain import Gradient
from attrcore.explain.validity import Check
from attrcore.look import Look, enlarged, paint, ramp, shown
from attrcore.quick import Drawn
from pages.parts.save import clipped, lettering, sheet


def test_long_words_are_cut_to_their_width_and_short_ones_left():
    font = lettering(14)
    for words in ("explained: 7", "explained: soft-coated wheaten terrier, a dog with a very long name indeed"):
        shown = clipped(words, 120, font)
        assert font.getlength(shown) <= 120 and (shown == words or shown.endswith("…"))
    assert clipped("explained: 7", 120, font) == "explained: 7"


@pytest.mark.parametrize(("count", "columns"), [(1, 2), (6, 4), (27, 7)])
@pytest.mark.parametrize("look", [Look(), Look(values="signed", opacity=0.5)], ids=str)
def test_the_picture_holds_the_maps_in_rows_as_the_page_paints_them(look, count, columns):
    image = np.random.default_rng(0).integers(0, 255, (1, 28, 28), np.uint8)
    a = np.random.default_rng(1).normal(size=(1, 28, 28)).astype(np.float32)
    checks = [Check("finite", True, "finite, not zero", "Fine.")]
    drawn = Drawn(a, 3, checks, 0.1, {"device": "cpu"})
    scene = SimpleNamespace(model="MNIST CNN", picture=SimpleNamespace(pixels=image), classes=tuple("0123"), target=3)
    names = [f"Gradient {i}" for i in range(count)]
    maps, tops, methods = dict.fromkeys(names, drawn), dict.fromkeys(names, 2.0), dict.fromkeys(names, Gradient())
    paper = np.asarray(Image.open(BytesIO(sheet(scene, methods, maps, tops, look))))
    expected = enlarged(paint(shown(a, look.values), 2.0, look, image))
    last = count % columns, count // columns
    left, top = 12 + last[0] * 292, 26 + last[1] * (292 + 2 * 20)
    assert np.array_equal(paper[top : top + 280, left : left + 280], expected)
    assert paper.shape[1] == columns * 292 + 12 and paper.shape[0] < paper.shape[1] + 400


@pytest.mark.parametrize("look", [Look(), Look(values="signed"), Look(view="green and red")], ids=str)
def test_the_picture_says_what_its_colours_mean(look):
    image = np.zeros((1, 28, 28), np.uint8)
    drawn = Drawn(np.ones((1, 28, 28), np.float32), 0, [Check("finite", True, "", "")], 0.1, {"device": "cpu"})
    scene = SimpleNamespace(model="MNIST CNN", picture=SimpleNamespace(pixels=image), classes=("0",), target=0)
    paper = np.asarray(Image.open(BytesIO(sheet(scene, {"A": Gradient()}, {"A": drawn}, {"A": 1.0}, look))))
    below = {tuple(colour) for colour in paper[-26:].reshape(-1, 3).tolist()}
    assert {tuple(colour) for colour in ramp(look)[[0, -1]].tolist()} <= below
