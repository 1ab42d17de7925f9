"""The page Path, driven without a browser but with the real engine."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.delta_generator import DeltaGenerator
from streamlit.testing.v1 import AppTest

from attrcore import jobs
from attrcore.ig_path import STEPS, looks
from pages.parts import lens
from tests.conftest import needs

ROOT = Path(__file__).parents[2]
FIVE = ["Black", "White", "Mean colour", "Blurred", "Uniform noise"]


@pytest.fixture(scope="module", autouse=True)
def engine():
    yield jobs.engine()
    jobs.close()


@pytest.fixture
def lenses(monkeypatch):
    """What is put under the lens, call by call."""
    seen, viewer = [], lens.viewer
    monkeypatch.setattr(lens, "viewer", lambda panes, key: seen.append(panes) or viewer(panes, key))
    return seen


@pytest.fixture
def asked(monkeypatch):
    """Questions that reach the engine, by name."""
    names, submit = [], jobs.Engine.submit
    monkeypatch.setattr(jobs.Engine, "submit", lambda self, f, args: names.append(f.__name__) or submit(self, f, args))
    return names


def opened(**address):
    at = AppTest.from_file(ROOT / "pages" / "explore" / "path.py", default_timeout=120)
    for key, value in address.items():
        at.query_params[key] = value
    return at.run()


def text(at):
    said = [e.value for e in (*at.markdown, *at.caption, *at.error, *at.info)]
    return "\n".join([*said, *(e.proto.body for e in at.get("html"))])


def charts(at):
    return [e for e in at.main.children.values() for e in walk(e) if e.type == "plotly_chart"]


def walk(element):
    yield element
    for child in getattr(element, "children", {}).values():
        yield from walk(child)


def test_it_opens_with_the_path_of_a_digit(lenses):
    at = opened()
    assert not at.exception and not at.error and at.title[0].value == "Path"
    assert "sum kept, " in text(at) and "The map sums to" in text(at) and "saturated stretch" in text(at)
    assert "Computing" not in text(at) and len(charts(at)) == 1
    image, *maps = lenses[-1]
    assert image.title == "Image at alpha 0.524" and image.values is None and image.picture.shape == (28, 28, 3)
    assert [p.title for p in maps] == ["Gradient there", "Map so far", "Finished map"]
    assert all(p.values.shape == (28, 28) for p in maps)


def test_moving_along_the_path_asks_the_engine_nothing(lenses, asked):
    at = opened()
    asked.clear()
    middle = lenses[-1]
    options = at.select_slider(key="alpha").options
    at.select_slider(key="alpha").set_value(options[-1]).run()
    end = lenses[-1]
    assert not at.exception and not asked
    assert np.abs(end[0].picture.astype(int) - middle[0].picture).max() > 50
    assert not np.array_equal(end[1].values, middle[1].values)
    np.testing.assert_array_equal(end[2].values, end[3].values)  # at its last stop the map is finished
    np.testing.assert_array_equal(end[2].picture, end[3].picture)  # and both are on one scale
    np.testing.assert_array_equal(end[3].values, middle[3].values)
    at.select_slider(key="alpha").set_value(options[0]).run()
    assert np.abs(lenses[-1][2].values).max() < 0.1 * np.abs(end[2].values).max() and not asked


def test_a_link_restores_every_choice(lenses):
    at = opened(**{"model": "MNIST MLP", "no.Packaged digits": "13", "class10": "7", "alpha": "0.625", "lab": "true",
                   "IntegratedGradients.rule": "midpoint", "IntegratedGradients.steps": "4", "with": "lines",
                   "IntegratedGradients.baseline": "Uniform noise", "UniformNoise.seed": "3"})  # fmt: skip
    assert not at.exception and not at.error and lenses[-1][0].title == "Image at alpha 0.625"
    assert at.select_slider(key="alpha").options == ["0.125", "0.375", "0.625", "0.875"]
    assert "logit) of “7” has" in text(at) and "Uniform noise" in text(at) and "Nothing is painted yet" in text(at)


@pytest.mark.parametrize("address", [{"alpha": "0.5001"}, {"alpha": "<script>"}, {"lab": "maybe"},
                                     {"IntegratedGradients.rule": "Simpson"}])  # fmt: skip
def test_a_link_with_nonsense_opens_with_defaults(address):
    at = opened(**address)
    assert not at.exception and not at.error and text(at) == text(opened())


def test_one_step_has_nowhere_to_go(lenses):
    at = opened(**{"IntegratedGradients.steps": "1", "IntegratedGradients.rule": "right Riemann"})
    assert not at.exception and not at.select_slider and lenses[-1][0].title == "Image at alpha 1.000"
    assert "sum broken, " in text(at)


def test_gaps_are_asked_for_when_their_place_is_opened_and_each_costs_what_is_said(asked):
    at = opened(**{"no.Packaged digits": "21"})
    assert asked and "gaps_from" not in asked and len(looks()) < 4 * sum(STEPS)
    (place,) = [e for e in at.expander if "How many steps" in e.label]
    assert f"{len(looks())} passes for each of the 5 baselines" in place.label
    asked.clear()
    at.session_state["gaps"] = True
    at.run()
    assert not at.exception and asked == ["gaps_from"] * 5
    assert all(f"**{name}**" in text(at) for name in FIVE) and "computing" not in text(at) and len(charts(at)) == 6


def test_what_a_painted_baseline_leaves_gets_nothing_and_all_follows_it(monkeypatch, lenses):
    mask = np.zeros((28, 28), bool)
    monkeypatch.setattr("pages.parts.canvas.mask", lambda *args: mask)
    plain, at = opened(), opened(lab="true")
    assert "Nothing is painted yet" in text(at)
    np.testing.assert_array_equal(lenses[-1][3].values, lenses[0][3].values)
    mask[:, 14:] = True
    at.run()
    assert not at.exception and "50% of the image is replaced" in text(at)
    gradient, so_far, whole = (p.values for p in lenses[-1][1:])
    assert not whole[:, :14].any() and not so_far[:, :14].any() and whole[:, 14:].any() and gradient[:, :14].any()
    assert "Black where you painted, the image elsewhere" in text(at) and "sum kept, " in text(at)
    assert text(at) != text(plain)
    at.session_state["gaps"] = True
    at.run()
    assert not at.exception and len(charts(at)) == 7  # from the painted one too


def test_a_slow_path_says_that_it_is_computed_in_the_place_of_the_former(monkeypatch):
    said, caption, soon = [], DeltaGenerator.caption, jobs.Answer.soon
    monkeypatch.setattr(
        DeltaGenerator, "caption", lambda self, body, **m: said.append(body) or caption(self, body, **m)
    )
    monkeypatch.setattr(jobs.Answer, "soon", lambda self, seconds: bool(seconds) and soon(self, seconds))
    at = opened()
    assert "Computing 32 gradients between the baseline and the image …" in said
    assert not at.exception and "Computing" not in text(at) and "sum kept, " in text(at)


def test_the_page_process_runs_no_network(monkeypatch):
    monkeypatch.setattr("torch.nn.Module.__call__", lambda *args: pytest.fail("a network ran beside the page"))
    at = opened(**{"no.Packaged digits": "889"})
    assert not at.exception and "sum kept, " in text(at)


@needs("imagenet")
def test_a_photo_on_a_real_network(lenses):
    at = opened(model="SqueezeNet 1.1", **{"IntegratedGradients.baseline": "Blurred"})
    assert not at.exception and "sum kept, " in text(at) and lenses[-1][3].values.shape == (224, 224)
