"""The page Path, driven without a browser but with the real engine."""

import re
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.testing.v1 import AppTest

from attrcore import jobs
from attrcore.ig_path import PARTS, STEPS, looks
from attrcore.kinds import Refused
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
    assert "sum kept, " in text(at) and "The map sums to" in text(at)
    assert "no part of this path is saturated" in text(at) and "saturated stretch" not in text(at)
    assert "Computing" not in text(at) and len(charts(at)) == 1
    image, *maps = lenses[-1]
    assert image.title == "Image at alpha 0.524" and image.values is None and image.picture.shape == (28, 28, 3)
    assert [p.title for p in maps] == ["Gradient there", "Map so far", "Finished map"]
    assert all(p.values.shape == (28, 28) for p in maps)


@pytest.mark.parametrize(("bend", "saturated"), [(0.5, True), (0.85, False)])
def test_only_a_saturated_stretch_is_shaded_and_called_so(monkeypatch, bend, saturated):
    monkeypatch.setattr("attrcore.ig_path.resting", lambda *args: bend)
    at = opened()
    assert ("saturated stretch, 50% of the path" in text(at)) == saturated
    assert ('"text":"saturated"' in charts(at)[0].proto.spec) == saturated
    assert ("no part of this path is saturated" in text(at)) != saturated


def test_moving_along_the_path_asks_the_engine_nothing(lenses, asked):
    at = opened()
    asked.clear()
    middle = lenses[-1]
    at.slider(key="alpha").set_value(1.0).run()
    end = lenses[-1]
    assert not at.exception and not asked and end[0].title == "Image at alpha 0.999"
    assert np.abs(end[0].picture.astype(int) - middle[0].picture).max() > 50
    assert not np.array_equal(end[1].values, middle[1].values)
    np.testing.assert_array_equal(end[2].values, end[3].values)  # at its last stop the map is finished
    np.testing.assert_array_equal(end[2].picture, end[3].picture)  # and both are on one scale
    np.testing.assert_array_equal(end[3].values, middle[3].values)
    at.slider(key="alpha").set_value(0.0).run()
    assert np.abs(lenses[-1][2].values).max() < 0.1 * np.abs(end[2].values).max() and not asked


def test_the_slider_is_as_long_as_the_path_and_takes_the_nearest_point(lenses):
    at = opened(**{"IntegratedGradients.rule": "midpoint", "IntegratedGradients.steps": "4", "alpha": "0.7"})
    slider = at.slider(key="alpha")
    assert (slider.min, slider.max, slider.step) == (0, 1, 0.01) and lenses[-1][0].title == "Image at alpha 0.625"
    slider.set_value(0.76).run()
    assert lenses[-1][0].title == "Image at alpha 0.875"


def test_a_link_restores_every_choice(lenses):
    at = opened(**{"model": "MNIST MLP", "no.Packaged digits": "13", "class10": "7", "alpha": "0.625", "lab": "true",
                   "IntegratedGradients.rule": "midpoint", "IntegratedGradients.steps": "4", "with": "lines",
                   "IntegratedGradients.baseline": "Uniform noise", "UniformNoise.seed": "3"})  # fmt: skip
    assert not at.exception and not at.error and lenses[-1][0].title == "Image at alpha 0.625"
    assert "logit) of “7” has" in text(at) and "Uniform noise" in text(at) and "Nothing is painted yet" in text(at)


@pytest.mark.parametrize("address", [{"alpha": "1.5"}, {"alpha": "<script>"}, {"lab": "maybe"},
                                     {"IntegratedGradients.rule": "Simpson"}])  # fmt: skip
def test_a_link_with_nonsense_opens_with_defaults(address):
    at, usual = opened(**address), opened()
    assert not at.exception and not at.error and text(at) == text(usual)


def test_the_card_of_the_baseline_and_the_facts_say_the_same():
    """A blurred image is not of whole numbers: what a network says of its picture differs in the last digit."""
    at = opened(**{"IntegratedGradients.baseline": "Blurred", "no.Packaged digits": "3"})
    (card,) = [e.proto.body for e in at.get("html") if e.proto.body.startswith('<p class="about">Blurred')]
    explained = re.search(r"· ([\d.]+%) ◂ explained", card)[1]
    assert f"the probabilities are {explained} and" in text(at)


def test_one_step_has_nowhere_to_go(lenses):
    at = opened(**{"IntegratedGradients.steps": "1", "IntegratedGradients.rule": "right Riemann"})
    assert not at.exception and "alpha" not in {e.key for e in at.slider}
    assert lenses[-1][0].title == "Image at alpha 1.000" and "sum broken, " in text(at)


def test_gaps_are_asked_for_by_a_button_once_and_found_again(asked):
    at = opened(**{"no.Packaged digits": "21"})
    assert asked and "slopes" not in asked and len(charts(at)) == 1 and len(looks()) < 4 * sum(STEPS)
    button = at.button(key="gaps")
    assert button.label.startswith(f"Compute the gaps: {5 * len(looks()):,} passes, about ")
    asked.clear()
    button.click().run()
    assert not at.exception and asked == ["slopes"] * 5 * PARTS
    assert all(f"**{name}**" in text(at) for name in FIVE) and "not computed yet" not in text(at)
    assert len(charts(at)) == 6 and "gaps" not in {e.key for e in at.button}
    at.number_input(key="no.Packaged digits").set_value(22).run()
    assert not at.exception and asked.count("slopes") == 5 * PARTS and len(charts(at)) == 1
    assert at.button(key="gaps").label.startswith("Compute the gaps")
    at.number_input(key="no.Packaged digits").set_value(21).run()
    assert asked.count("slopes") == 5 * PARTS and len(charts(at)) == 6


def test_gaps_of_one_more_baseline_cost_only_its_own(asked):
    at = opened(**{"no.Packaged digits": "25", "IntegratedGradients.baseline": "Uniform noise"})
    at.button(key="gaps").click().run()
    asked.clear()
    at.number_input(key="IntegratedGradients.baseline.UniformNoise.seed").set_value(5).run()
    assert len(charts(at)) == 5 and "slopes" not in asked
    button = at.button(key="gaps")
    assert button.label.startswith(f"Compute the missing gaps: {len(looks()):,} passes")
    button.click().run()
    assert asked.count("slopes") == PARTS and len(charts(at)) == 6


def test_gaps_are_computed_on_after_a_rerun_and_given_up_by_a_button(asked, monkeypatch):
    at = opened(**{"no.Packaged digits": "23"})
    with monkeypatch.context() as patch:
        patch.setattr("pages.parts.gaps.compute", lambda *args: st.stop())  # the reader is faster
        at.button(key="gaps").click().run()
        assert at.button(key="gaps").label == "Stop computing" and "not computed yet" in text(at)
        at.button(key="gaps").click().run()
        assert at.button(key="gaps").label.startswith("Compute the gaps") and "not computed yet" not in text(at)
        at.button(key="gaps").click().run()
    asked.clear()
    at.slider(key="alpha").set_value(0.2).run()
    assert asked == ["slopes"] * 5 * PARTS and len(charts(at)) == 6


def test_no_gap_where_a_network_gives_none(monkeypatch):
    def refuse(*args):
        raise Refused("Not from here.")

    at = opened(**{"no.Packaged digits": "24"})
    monkeypatch.setattr("attrcore.ig_path.gaps", refuse)
    at.button(key="gaps").click().run()
    assert not at.exception and text(at).count("Not from here.") == 5 and len(charts(at)) == 1


def test_what_a_painted_baseline_leaves_gets_nothing_and_all_follows_it(monkeypatch, lenses):
    mask = np.zeros((28, 28), bool)
    monkeypatch.setattr("pages.parts.canvas.mask", lambda *args: mask)
    plain, at = opened(), opened(lab="true")
    assert "Nothing is painted yet" in text(at) and "does not hold what you paint" not in text(at)
    np.testing.assert_array_equal(lenses[-1][3].values, lenses[0][3].values)
    mask[:, 14:] = True
    at.run()
    assert not at.exception and "50% of the image is replaced" in text(at)
    gradient, so_far, whole = (p.values for p in lenses[-1][1:])
    assert not whole[:, :14].any() and not so_far[:, :14].any() and whole[:, 14:].any() and gradient[:, :14].any()
    assert "Black where you painted, the image elsewhere" in text(at) and "sum kept, " in text(at)
    assert text(at) != text(plain)
    assert "The address of this page does not hold what you paint" in text(at)
    at.button(key="gaps").click().run()
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
    at = opened(model="SqueezeNet 1.1")
    assert not at.exception and "sum " in text(at) and lenses[-1][3].values.shape == (224, 224)
    assert "saturated stretch, 4" in text(at)  # of the cat, from black
