"""The page Compare, driven without a browser but with the real engine."""

import numpy as np
import pytest

from attrcore import compare, jobs
from pages.parts import likeness, twins
from tests.pages.reading import tables
from tests.pages.test_see import opened as opened_at
from tests.pages.test_see import text


@pytest.fixture(scope="module", autouse=True)
def engine():
    yield jobs.engine()
    jobs.close()


def opened(**address):
    return opened_at("compare", **address)


def rows(at):
    (table,) = tables(at)
    return table


def test_two_methods_are_compared_by_every_measure_beside_its_chance():
    at = opened(method="Gradient", method2="SmoothGrad")
    assert not at.exception and not at.error
    found = rows(at)
    assert len(found) == 9 and set(found["of maps"]) == {"absolute", "signed"}
    assert all(found["moved maps"].str.contains("to")) and all(found["other pictures"].str.contains("to"))
    assert "Explains “0” in MNIST CNN, which predicts it (100.0%), then “" in text(at)
    assert "maps of 8 other pictures" in text(at) and "happens 1 time in 9" in text(at)


def test_a_map_beside_itself_reaches_the_most_it_can():
    at = opened(two="classes", method="Gradient", **{"class10": "0", "class 10 2": "0"})
    found = rows(at)
    assert set(found["value"]) == {"1.00"} and set(found["of the way"]) == {"100%"}
    assert set(found["so they are"]) == {"almost wholly more alike, also than 8 other pictures"}
    assert "**The maps are strong in the same places**: all of 6" in text(at) and "**Their signs agree**" in text(at)


@pytest.mark.parametrize("two", ["models", "pictures", "classes"])
def test_one_thing_is_varied_at_a_time(two):
    at = opened(two=two, method="DeepLIFT")
    assert not at.exception and not at.error and len(rows(at)) == 9
    if two == "models":
        assert at.selectbox(key="model2").value == "MNIST MLP" and "in MNIST MLP" in text(at)


def test_two_models_explain_the_class_that_the_first_predicts():
    """Digit 65 is a 1 to the one and a 5 to the other."""
    at = opened(two="models", **{"no.Packaged digits": "65"})
    assert "Both maps explain “1”, which MNIST CNN predicts: only the model changes." in text(at)
    assert "Explains “1” in MNIST MLP, which gives it" in text(at) and "and predicts “5”" in text(at)


def test_another_picture_is_the_next_one_and_its_map_has_its_own_name():
    at = opened(two="pictures", method="Gradient", **{"no.Packaged digits": "4"})
    assert at.number_input(key="no.Packaged digits 2").value == 5
    labels = {w.label for w in (*at.sidebar.selectbox, *at.sidebar.number_input)}
    assert {"Other collection", "Other picture (0 to 4999)"} <= labels
    assert "**Gradient · 4**" in text(at) and "**Gradient · 5**" in text(at)
    at.number_input(key="no.Packaged digits").set_value(24).run()
    assert at.number_input(key="no.Packaged digits 2").value == 25  # as a link to this page would have it
    at.number_input(key="no.Packaged digits 2").set_value(14).run()
    at.number_input(key="no.Packaged digits").set_value(4).run()
    assert at.number_input(key="no.Packaged digits 2").value == 14  # chosen, and another four
    assert "**Gradient · 4 \\(no\\. 4\\)**" in text(at) and "**Gradient · 4 \\(no\\. 14\\)**" in text(at)


@pytest.mark.filterwarnings("ignore:An input array is constant")
def test_a_constant_map_has_no_values_and_says_why():
    noise = np.random.default_rng(0).random((1, 28, 28)).astype(np.float32)
    found = compare.likeness(np.zeros((1, 28, 28), np.float32), noise, 98)
    beside = [None] * len(found.rows)
    assert likeness.summary(found, beside, False) == (
        "Nothing can be compared: a map that is the same everywhere marks no place."
    )
    assert likeness.words(found.rows[0], None, 0).startswith("no value: ") and likeness.figure(np.nan) == "—"


def test_display_settings_change_no_number(monkeypatch):
    at = opened()
    before, asked = list(rows(at)["value"]), []
    monkeypatch.setattr(jobs.engine().client, "submit", lambda *a, **k: asked.append(a))
    at.segmented_control(key="Look.values").set_value("signed").run()
    assert list(rows(at)["value"]) == before and not asked


def test_a_method_that_a_model_cannot_have_is_a_sentence():
    at = opened(model="MNIST MLP", method="Grad-CAM")
    assert not at.exception and "no convolutional feature map" in text(at)


def test_a_slow_method_gets_as_many_other_pictures_as_it_can_afford_and_says_so(monkeypatch):
    monkeypatch.setattr(twins, "MOST_WORK", 3 * 784)
    at = opened(two="classes", method="Gradient")
    assert "Gradient takes long: maps of 3 other pictures instead of 8." in text(at)
    assert "happens 1 time in 4" in text(at)
    monkeypatch.setattr(twins, "MOST_WORK", 0)
    at = opened(two="classes", method="Gradient")
    assert set(rows(at)["other pictures"]) == {""} and "by luck" not in text(at)


ROW = compare.Likeness("Spearman", "absolute", 0.5, (0.0, -0.2, 0.2), 199, (-1.0, 1.0))


@pytest.mark.parametrize(
    ("value", "most", "said"),
    [(0.1, None, "no more alike than moved maps"), (0.21, None, "clearly more alike than moved maps"),
     (0.95, 0.5, "almost wholly more alike, also than 8 other pictures"), (0.6, 0.7, "much more alike, but other "
      "pictures too"), (-0.3, 0.5, "clearly less alike than moved maps")],
)  # fmt: skip
def test_a_verdict_has_a_size(value, most, said):
    span = None if most is None else (0.0, 0.0, most)
    assert likeness.words(ROW._replace(value=value), span, 8) == said


@pytest.mark.parametrize(
    ("size", "sign", "said"),
    [((6, 0), (3, 0), "Their signs agree"), ((6, 0), (0, 3), "Their signs are opposed"),
     ((6, 0), (0, 0), "for the class”, the other may say “against"), ((0, 5), (0, 0), "strong in different places"),
     ((0, 0), (3, 0), "though their strong places do not"), ((1, 0), (0, 0), "as happens to 9% of unrelated maps")],
)  # fmt: skip
def test_one_sentence_weighs_strength_against_sign(size, sign, said):
    def together(of, count, more, less):
        chances = (0.09 if n == 1 else 0.01 if n else 1.0 for n in (more, less))
        return compare.Together(of, count, more, less, *chances)

    found = compare.Compared([ROW], [together("absolute", 6, *size), together("signed", 3, *sign)])
    assert said in likeness.summary(found, [None], True)
    assert "no negative values" in likeness.summary(found, [None], False)


def test_the_sentence_has_a_size():
    rows = [ROW._replace(of=of, value=value) for of, value in (("absolute", 0.21), ("absolute", 0.6), ("signed", 0.95))]
    found = compare.Compared(rows, [compare.Together(of, 2, 2, 0, 0.01, 1.0) for of in ("absolute", "signed")])
    said = likeness.summary(found, [None] * 3, True)
    assert "clearly to much more alike than moved maps" in said and "**Their signs agree** (almost wholly)" in said


def test_maps_as_alike_as_those_of_other_pictures_are_no_news():
    found = compare.Compared([ROW], [compare.Together("absolute", 6, 6, 0, 0.005, 1.0)] * 2)
    assert "like a bright middle" in likeness.summary(found, [(0.5, 0.4, 0.6)], True)
    assert "and all of these more alike" in likeness.summary(found, [(0.3, 0.2, 0.4)], True)
