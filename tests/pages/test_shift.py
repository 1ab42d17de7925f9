"""The page Shift, driven without a browser but with the real engine."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from attrcore import jobs
from attrcore.axioms import shift
from pages.parts import film
from tests.pages.reading import tables

PAGE = Path(__file__).parents[2] / "pages" / "sanity" / "shift.py"


@pytest.fixture(scope="module", autouse=True)
def engine():
    yield jobs.engine()
    jobs.close()


@pytest.fixture
def films(monkeypatch):
    seen = []
    monkeypatch.setattr(film, "shown", seen.append)
    return seen


def opened(**address):
    at = AppTest.from_file(PAGE, default_timeout=120)
    for key, value in address.items():
        at.query_params[key] = str(value)
    return at.run()


def says(films):
    return {strip.title: strip.says for strip in films[-1].strips}


def test_a_ghost_leaves_scores_as_they_are_and_is_drawn_by_what_multiplies_by_the_input(films):
    at = opened()
    assert not at.exception and not at.error and "logits of the two networks differ by at most" in at.markdown[2].value
    logits, verdicts = tables(at)
    assert (logits.iloc[0, 1:] == logits.iloc[1, 1:]).all() and len(logits.columns) == 11
    found = says(films)
    assert found["Gradient"].startswith("✓") and found["Gradient x Input"].startswith("✗")
    assert len(verdicts) == len(shift.METHODS) + 1 and "on the ghost, network 2" in verdicts.columns


def test_a_constant_has_no_strokes(films):
    at = opened(**{"shift.kind": "constant", "shift.by.constant": -0.5})
    assert not at.exception and not at.error
    assert "-0.5 everywhere" in films[-1].strips[0].cells[2].words
    assert list(tables(at)[1].columns) == ["Method", "Kept?", "largest difference"]


def test_nothing_added_changes_nothing(films):
    at = opened(**{"shift.kind": "constant", "shift.by.constant": 0.0})
    assert not at.exception
    assert all(word.startswith("✓") for title, word in says(films).items() if title != "Image")
