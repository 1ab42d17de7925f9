"""The page Models, driven without a browser but with the real engine."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from attrcore import jobs, kept, store
from attrcore.models import MODELS
from attrcore.studies.contest import SEPARATOR
from pages.parts import contested, contesting, theatre
from tests.pages.reading import tables
from tests.waiting import over

ROOT = Path(__file__).parents[2]
RAR = "RAR MNIST CNN (NATURAL)"
SMALL = {"model": "MNIST MLP", "models.against": "MNIST CNN", "steps": 4}

pytestmark = pytest.mark.usefixtures("studying")


@pytest.fixture
def built(noted):
    """The contests that the widgets describe, run by run."""
    return noted(contesting, "chosen")


def opened(**address):
    at = AppTest.from_file(ROOT / "pages" / "train" / "models.py", default_timeout=120)
    for key, value in address.items():
        at.query_params[key] = value if isinstance(value, list) else str(value)
    return at.run()


def test_it_opens_with_the_networks_of_the_paper_and_runs_nothing(built):
    at = opened()
    assert not at.exception and not at.error
    study = built[0]
    others = study.others.split(SEPARATOR)
    assert study.first.subject.model == "MNIST CNN" and RAR in others and all(n.startswith("RAR") for n in others)
    assert study.digests.split(SEPARATOR) == [MODELS[n].digest for n in others] and store.look(study.key()) is None


def test_only_networks_for_such_images_are_offered():
    assert contesting.rival("MNIST MLP", "MNIST CNN") and not contesting.rival("SqueezeNet 1.1", "MNIST CNN")


def test_without_a_rival_there_is_nothing_to_start(built):
    at = opened(**{"models.against": []})
    at.multiselect(key="models.against").set_value([]).run()
    assert "Choose at least one network" in at.info[0].value and not at.button


def test_all_are_attacked_and_told_side_by_side(built, monkeypatch):
    plays, real = [], theatre.stage
    monkeypatch.setattr(
        theatre, "stage", lambda key, play, frames, live: plays.append((play, frames)) or real(key, play, frames, live)
    )
    at = opened(**SMALL)
    study = built[0]
    at.button(key="start.Contest").click().run()
    assert over(jobs.engine(), study.key(), 120).state == "done"
    at.run()
    assert not at.exception and not at.error
    play, frames = next((play, frames) for play, frames in reversed(plays) if frames)
    assert play.columns == 2 and play.panes[:2] == ("1. MNIST MLP", "2. MNIST CNN") and len(play.panes) == 6
    assert [c.name for c in play.curves][:2] == ["1. Overlap", "2. Overlap"]
    assert all(len(f.pictures) == 6 and {c.name for c in play.curves} <= f.numbers.keys() for f in frames)
    (table,) = tables(at)
    found = kept.result(study.key(), ())
    assert list(table["Network"]) == ["MNIST MLP", "MNIST CNN"]
    for cell, numbers in zip(table["Top-k overlap"], found.numbers["networks"], strict=True):
        assert cell.startswith(f"{numbers['likeness'][0]['attacked']:.2f} (random ")
    assert [h.value for h in at.subheader] == ["MNIST MLP", "MNIST CNN"]


def test_what_each_measure_says_stands_beside_its_null():
    row = {"attacked": 0.25, "random": [0.5, 0.7], "chance": 0.128}
    assert contested.beside(row) == "0.25 (random 0.60; chance 0.13)"
