"""The page Compare, driven without a browser but with the real engine."""

import pytest

from attrcore import jobs
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
    assert all(found["shuffled pixels"].str.contains("to")) and all(found["other pictures"].str.contains("to"))
    assert "Explains “0” in MNIST CNN" in text(at)


def test_a_map_beside_itself_reaches_the_most_it_can():
    at = opened(two="classes", method="Gradient", **{"class10": "0", "class 10 2": "0"})
    found = rows(at)
    assert set(found["value"]) == {"1.00"} and set(found["at most"]) == {"1.00", "–"}
    assert set(found["so they are"]) == {"more alike than chance and other pictures"}


@pytest.mark.parametrize("two", ["models", "pictures", "classes"])
def test_one_thing_is_varied_at_a_time(two):
    at = opened(two=two, method="DeepLIFT")
    assert not at.exception and not at.error and len(rows(at)) == 9
    if two == "models":
        assert at.selectbox(key="model2").value == "MNIST MLP" and "in MNIST MLP" in text(at)


def test_display_settings_change_no_number(monkeypatch):
    at = opened()
    before, asked = list(rows(at)["value"]), []
    monkeypatch.setattr(jobs.engine().client, "submit", lambda *a, **k: asked.append(a))
    at.segmented_control(key="Look.values").set_value("signed").run()
    assert list(rows(at)["value"]) == before and not asked


def test_a_method_that_a_model_cannot_have_is_a_sentence():
    at = opened(model="MNIST MLP", method="Grad-CAM")
    assert not at.exception and "no convolutional feature map" in text(at)
