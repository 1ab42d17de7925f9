"""The page Train, driven without a browser but with the real engine."""

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from attrcore import jobs, kept, store
from attrcore.folder import Folder
from attrcore.models import MODELS
from attrcore.models.stored import stored
from attrcore.studies.presets import minutes, published
from attrcore.train import OBJECTIVES
from attrcore.train.pgd import Pgd
from pages.parts import schooling
from tests.waiting import over

ROOT = Path(__file__).parents[2]
SMALL = {"train.objective": "PGD", "train.network": "MnistMLP", "train.epochs": 1, "train.batch": 1000,
         "train.start.MnistMLP": "MNIST MLP"}  # fmt: skip

pytestmark = pytest.mark.usefixtures("studying")


@pytest.fixture
def built(noted):
    """The trainings that the widgets describe, run by run."""
    return noted(schooling, "chosen")


def opened(**address):
    at = AppTest.from_file(ROOT / "pages" / "train" / "train.py", default_timeout=120)
    for key, value in address.items():
        at.query_params[key] = str(value)
    return at.run()


def text(at):
    return "\n".join(e.value for e in (*at.markdown, *at.caption, *at.error, *at.info, *at.warning, *at.success))


@pytest.mark.parametrize("row", OBJECTIVES)
def test_it_opens_with_five_minutes_of_any_objective_and_runs_nothing(built, row):
    at = opened(**{"train.objective": row})
    assert not at.exception and not at.error
    assert built == [minutes(row)] and store.look(built[0].key()) is None


@pytest.mark.parametrize("row", ["NATURAL", "IG-NORM"])
def test_as_published_is_the_papers_schedule(built, row):
    at = opened(**{"train.objective": row, "train.preset": schooling.AS_PUBLISHED})
    assert not at.exception
    digits = built[0].digits  # MNIST, where it is on this machine
    assert built == [replace(published(row), digits=digits)]


def test_widgets_reach_the_training(built):
    at = opened(**{
        **SMALL, "train.objective": "IG-NORM", "IgNorm.weight": 0.25, "IgNorm.inner.Inner.eps": 0.1,
        "IgNorm.path.PathIntegral.steps": 7, "train.rate": 0.002, "train.seed": 5,
    })  # fmt: skip
    assert not at.exception and not at.error
    study = built[0]
    how = study.objective
    assert (how.weight, how.inner.eps, how.path.steps, study.reach) == (0.25, 0.1, 7, 0.1)
    assert (study.schedule.rate, study.schedule.seed, study.seed) == (0.002, 5, 5)
    assert (study.network, study.start, study.digest) == ("MnistMLP", "MNIST MLP", MODELS["MNIST MLP"].digest)


def test_from_first_weights_it_starts_from_nobodys(built):
    opened(**{**SMALL, "train.start.MnistMLP": schooling.ANEW})
    assert built[0].start == built[0].digest == "" and built[0].network == "MnistMLP"


def test_it_trains_tells_how_far_and_offers_what_it_has_learned(built, monkeypatch, tmp_path):
    at = opened(**SMALL)
    study = built[0]
    assert type(study.objective) is Pgd
    at.button(key="start.Training").click().run()
    assert over(jobs.engine(), study.key(), 120).state == "done"
    at.run()
    assert not at.exception and not at.error
    said = text(at)
    assert "Last look: NA" in said and "What is minimised" in said
    assert kept.result(study.key(), ()).numbers["test_accuracy"]["share"] > 0.9
    before = set(stored())
    at.button(key="train.offer").click().run()
    assert not at.exception and "is in the menu of models now" in text(at)
    (new,) = set(stored()) - before
    assert at.session_state["next model"] == new
    stored()[new].remove()


def test_a_training_that_was_cancelled_leaves_a_network_too(built):
    at = opened(**{**SMALL, "train.epochs": 400, "train.batch": 500})
    study = built[0]
    at.button(key="start.Training").click().run()
    engine = jobs.engine()
    while not (engine.look(study.key()).done or 0) > 3:
        pass
    engine.cancel(study.key())
    assert over(jobs.engine(), study.key(), 120).state == "cancelled"
    at.run()
    before = set(stored())
    at.button(key="train.offer").click().run()
    assert not at.exception and "stopped early" in text(at)
    (new,) = set(stored()) - before
    stored()[new].remove()
    assert Folder(study.key()).recipe() == study
