"""The page Classes, driven without a browser but with the real engine."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from attrcore import jobs, kept, store
from pages.parts import entries, film, randomising, unlearned
from tests.pages.reading import tables
from tests.waiting import over

PAGE = Path(__file__).parents[2] / "pages" / "sanity" / "classes.py"
SMALL = {"classes.count": 3, "classes.methods": ["Gradient", "Guided Backprop"]}

pytestmark = pytest.mark.usefixtures("studying")


@pytest.fixture
def built(noted):
    return noted(randomising, "classes")


def opened(**address):
    at = AppTest.from_file(PAGE, default_timeout=120)
    for key, value in address.items():
        at.query_params[key] = value if isinstance(value, list) else str(value)
    return at.run()


def text(at):
    return "\n".join(e.value for e in (*at.markdown, *at.caption, *at.error, *at.info, *at.warning))


def test_it_opens_with_several_methods_and_runs_nothing(built):
    at = opened()
    assert not at.exception and not at.error and at.title[0].value == "Classes"
    assert store.look(built[0].key()) is None and "LRP" in built[0].explained and "at each step" in text(at)


def test_every_rank_has_its_map_and_every_method_its_nulls(built, monkeypatch):
    sent, films = [], []
    monkeypatch.setattr(unlearned.layers, "sent", lambda *args: sent.append(args) or {"key": args[0]})
    monkeypatch.setattr(unlearned.layers, "COMPONENT", lambda **args: None)
    monkeypatch.setattr(film, "shown", films.append)
    at = opened(**SMALL)
    next(b for b in at.button if b.label == "Start").click().run()
    assert over(jobs.engine(), built[-1].key(), 180).state == "done"
    at.run()
    assert not at.exception and not at.error
    _, steps, lanes, _, words = sent[-1]
    assert len(steps) == 10 and words.slider == "Class" and words.step.format(steps[1]) == "the 2nd class explained"
    assert "Explaining the runner-up it keeps" in lanes[0].verdict and len(lanes[0].absolute) == 10
    points = kept.result(built[-1].key(), ()).numbers["curves"][unlearned.USUAL]["Gradient"]
    (shown,) = tables(at)
    assert shown.loc[shown["Method"] == "Gradient", "2nd"].item().startswith(f"{points[1]['mean']:.2f} (")
    assert [len(strip.cells) for strip in films[-1].strips] == [10] * 4


def test_its_runs_are_opened_by_this_page():
    assert entries.shown_by("ClassRandomisation") == "sanity/classes.py"
