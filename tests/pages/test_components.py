"""The painting surface and the lens on Python's side; tests/browser has the other."""

import base64
import json
import re
import zlib
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from attrcore.data.drawn import HEAD
from attrcore.kinds import Refused
from attrcore.look import Look, paint
from pages.parts import canvas, lens, swipe, theatre, wire

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
    with pytest.raises(ValueError, match="patches must be"):
        canvas.mask(PHOTO, PHOTO, "m", np.zeros((30, 20), int))
    with pytest.raises(ValueError, match='how must be "lines", "box", "polygon" or an array of patches, got \'dots\''):
        canvas.mask(PHOTO, PHOTO, "m", "dots")
    with pytest.raises(ValueError, match="B must be as high and wide as A"):
        swipe.between(lens.Pane("A", PHOTO), lens.Pane("B", PHOTO[:5]), "s")
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


def play(run="r", size=(8, 9), panes=("A", "B")):
    curves = (theatre.Curve("Aim", "of it"), theatre.Curve("Overlap", "kept", (("chance", 0.1),), (0, 1)))
    return theatre.Play(run, panes, curves, size, 20)


def frame(n, size=(8, 9)):
    pictures = RNG.integers(0, 4, (*size, 3)).astype(np.uint8), np.full((*size, 3), 7, np.uint8)
    return theatre.Frame(
        n, pictures, {"Aim": np.nan, "Overlap": n / 20}, {1: theatre.Marks((n / 3, 1.0), RNG.random(size) < 0.3)}
    )


def linked(frames):
    """Each frame after the step before it."""
    return list(zip([-1, *(f.n for f in frames)], frames, strict=False))


def unpacked(message):
    """What the browser makes of a message: its words, and its files."""
    length = int.from_bytes(message[:4], "little")
    head, at, files = json.loads(message[4 : 4 + length]), 4 + length, []
    for n in head["lengths"]:
        files.append(message[at : at + n])
        at += n
    assert at == len(message)
    return head, files


@pytest.fixture
def session(monkeypatch):
    """A visitor: what the component has said by key, and the steps of every message, in order."""
    said, memory, sent = {}, {}, []
    monkeypatch.setattr(theatre.knobs, "state", said.get)
    monkeypatch.setattr(theatre.knobs, "memory", lambda key: memory.setdefault(key, {}))
    monkeypatch.setattr(theatre, "COMPONENT", lambda **call: sent.append(unpacked(call["data"])[0]))
    return SimpleNamespace(said=said, sent=sent, steps=lambda: [m["steps"] for m in sent])


def lacking(gaps, ask, run="r"):
    return {"lacks": {"run": run, "gaps": gaps, "ask": ask}}


def test_frames_arrive_as_they_are():
    frames = [frame(n) for n in range(5)] + [frame(9)._replace(note="lost")]
    head, files = unpacked(theatre.packed("t", play()._replace(kept=3), linked(frames), (9, True)))
    assert head["notes"] == [""] * 5 + ["lost"] and head["kept"] == 3
    assert (
        head["steps"] == [0, 1, 2, 3, 4, 9]
        and head["before"] == [-1, 0, 1, 2, 3, 4]
        and head["sent"] == 9
        and head["live"]
    )
    for pane, places in enumerate(head["pictures"]):
        for f, (file, row) in zip(frames, places, strict=True):
            strip = np.asarray(Image.open(BytesIO(files[file])).convert("RGB"))
            assert np.array_equal(strip[row : row + 8], f.pictures[pane])
    assert len(files) == 3 and len(set(map(tuple, head["pictures"][1]))) == 1  # a picture that stands travels once
    bits = np.frombuffer(zlib.decompress(files[head["tops"][1]["blob"]]), np.uint8).reshape(6, -1)
    masks = np.unpackbits(bits, axis=1)[:, :72].reshape(6, 8, 9).astype(bool)
    assert all(np.array_equal(m, f.marks[1].top) for m, f in zip(masks, frames, strict=True))
    assert head["tops"][0] is None and head["centres"][1][5] == [3, 1] and head["centres"][0] == [None] * 6
    assert head["numbers"] == [[None] * 6, [0, 0.05, 0.1, 0.15, 0.2, 0.45]]


def test_files_travel_as_they_are_and_long_strips_are_cut():
    file = BytesIO()
    Image.fromarray(PHOTO).save(file, "JPEG")
    head, files = unpacked(theatre.packed("t", play(size=(20, 30), panes=("A",)),
                                          linked([theatre.Frame(0, (file.getvalue(),), {})]), (0, False)))  # fmt: skip
    assert files == [file.getvalue()] and head["pictures"] == [[[0, 0]]]
    frames = [frame(n, (64, 64)) for n in range(200)]
    head, files = unpacked(theatre.packed("t", play(size=(64, 64)), linked(frames), (199, False)))
    places = head["pictures"][0]
    assert len({file for file, _ in places}) == 2
    for i in (0, 127, 128, 199):
        strip = Image.open(BytesIO(files[places[i][0]]))
        assert strip.height <= 8192
        assert np.array_equal(np.asarray(strip.convert("RGB"))[places[i][1] :][:64], frames[i].pictures[0])


def test_a_visitor_gets_each_frame_once_however_often_a_page_runs(session):
    frames = [frame(n) for n in range(9)]
    theatre.stage("t", play(), frames[:2], live=True)
    assert session.steps() == [[]] and session.sent[0]["sent"] == 1  # the browser still loads the component
    session.said["t"] = lacking([[-1, None]], 1)
    for there in (3, 3, 5, 9):
        assert theatre.had("t", "r") < there
        theatre.stage("t", play(), frames[:there], live=True)
    theatre.stage("t", play(), frames[9:], live=False)
    assert session.steps() == [[], [0, 1, 2], [], [3, 4], [5, 6, 7, 8], []]
    assert [m["before"] for m in session.sent] == [[], [-1, 0, 1], [], [2, 3], [4, 5, 6, 7], []]
    assert [m["sent"] for m in session.sent] == [1, 2, 2, 4, 8, 8] and theatre.had("t", "r") == 8


def test_a_finished_run_is_sent_at_once_and_each_run_by_itself(session):
    for run in ("a", "b", "a"):
        theatre.stage("t", play(run), [frame(n) for n in range(3)], live=False)
    assert session.steps() == [[0, 1, 2], [0, 1, 2], []]


def test_what_a_browser_lacks_is_sent_again_once_and_nothing_else(session):
    frames = [frame(n) for n in range(8)]
    theatre.stage("t", play(), frames[:6], live=False)
    session.said["t"] = lacking([[1, 3], [3, 5]], 77)
    assert theatre.had("t", "r") == 1
    theatre.stage("t", play(), frames[2:], live=True)  # a page that reads only what is needed
    assert session.sent[-1]["steps"] == [2, 4, 6, 7] and session.sent[-1]["before"] == [1, 3, 5, 6]
    assert theatre.had("t", "r") == 7
    theatre.stage("t", play(), frames, live=False)
    session.said["t"] = lacking([[5, None]], 78)
    theatre.stage("t", play(), frames, live=False)
    session.said["t"] = lacking([[99, None]], 79)  # nobody has more than there is
    theatre.stage("t", play(), frames, live=False)
    assert session.steps()[2:] == [[], [6, 7], []]
    session.said["t"] = lacking([[-1, None]], 80, "other")
    theatre.stage("t", play(), frames, live=False)
    assert session.steps()[-1] == [] and theatre.had("t", "r") == 7


@pytest.mark.parametrize(
    "lacks",
    [
        None,
        3,
        [],
        "x",
        {"run": 3, "gaps": [[-1, None]], "ask": 1},
        {"run": "r", "gaps": [["1", None], [1], 2], "ask": 1},
    ],
)
def test_what_is_no_lack_changes_nothing(session, lacks):
    theatre.stage("t", play(), [frame(0)], live=False)
    session.said["t"] = {"lacks": lacks}
    theatre.stage("t", play(), [frame(0)], live=False)
    assert session.steps() == [[0], []]


def test_frames_that_are_not_of_the_play_are_a_mistake_of_the_page(session):
    with pytest.raises(ValueError, match="step 4 must have 2 pictures, got 1"):
        theatre.stage("t", play(), [frame(4)._replace(pictures=(PHOTO,))], live=False)
    with pytest.raises(ValueError, match=r"of step 4 must be \(8, 9\) pixels, got \(20, 30\)"):
        theatre.stage("t", play(), [frame(4, (20, 30))], live=False)
    with pytest.raises(ValueError, match=r"of step 4 must be \(8, 9\) pixels, got \(9, 8\)"):
        theatre.stage(
            "t", play(), [frame(4)._replace(marks={0: theatre.Marks(None, np.ones((9, 8), bool))})], live=False
        )


def test_a_page_with_components_is_tested_without_a_browser():
    """What a page's own tests need: nothing is painted, nothing is marked, nothing fails."""

    def page():
        import numpy as np
        import streamlit as st

        from pages.parts import canvas, lens, swipe, theatre

        image = np.zeros((8, 9, 3), np.uint8)
        drawn, mask = canvas.digit("d"), canvas.mask(image, image, "m")
        play = theatre.Play("r", ("A",), (theatre.Curve("Aim", "of it"),), (8, 9), 3)
        theatre.stage("t", play, [theatre.Frame(0, (image,), {"Aim": 1.0})], live=False)
        swipe.between(lens.Pane("A", image), lens.Pane("B", image), "s")
        st.text(f"{drawn} {mask.any()} {lens.viewer([lens.Pane('A', image)] * 2, 'l', marks=True)}")

    at = AppTest.from_function(page).run()
    assert not at.exception and at.text[0].value == "None False None"


def test_the_outline_of_a_region_is_every_edge_between_inside_and_outside_once():
    mask = np.random.default_rng(0).random((6, 9)) < 0.4
    found = re.findall(r"M(\d+) (\d+)([hv])1", theatre.edges(mask))
    inside = {(int(r), int(c)) for r, c in np.argwhere(mask)}
    expected = set()
    for r, c in inside:
        sides = ((r - 1, c, c, r, "h"), (r + 1, c, c, r + 1, "h"), (r, c - 1, c, r, "v"), (r, c + 1, c + 1, r, "v"))
        expected |= {(str(x), str(y), way) for nr, nc, x, y, way in sides if (nr, nc) not in inside}
    assert len(found) == len(set(found)) and set(found) == expected
