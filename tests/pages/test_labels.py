"""The page Labels, driven without a browser but with the real engine."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from attrcore import jobs, kept, store
from attrcore.studies.data_randomisation import PERMUTED
from attrcore.studies.twins import ShippedTwins, TrainedTwins
from pages.parts import entries, film, labelling, learning
from tests.pages.reading import tables
from tests.waiting import over

PAGE = Path(__file__).parents[2] / "pages" / "sanity" / "labels.py"
SMALL = {"labels.count": 8, "labels.methods": ["Gradient", "Gradient x Input"], "labels.network": "MLP"}
ANEW = {**SMALL, "labels.twins": "a pair trained anew", "labels.digits": 40, "labels.epochs": 3}
RANKS = "Spearman, absolute"

pytestmark = pytest.mark.usefixtures("studying")


@pytest.fixture
def built(noted):
    return noted(labelling, "chosen")


def opened(**address):
    at = AppTest.from_file(PAGE, default_timeout=120)
    for key, value in address.items():
        at.query_params[key] = value if isinstance(value, list) else str(value)
    return at.run()


def text(at):
    return "\n".join(e.value for e in (*at.markdown, *at.caption, *at.error, *at.info, *at.warning))


def done(at, study):
    """The page once its run is over."""
    if jobs.engine().look(study.key()) is None:
        next(b for b in at.button if b.label == "Start").click().run()
    assert over(jobs.engine(), study.key(), 180).state == "done"
    return at.run()


@pytest.fixture
def films(monkeypatch):
    """What strips were shown."""
    seen = []
    monkeypatch.setattr(film, "shown", seen.append)
    return seen


def test_it_opens_with_the_pair_that_ships_and_runs_nothing(built):
    at = opened()
    assert not at.exception and not at.error and at.title[0].value == "Labels"
    (study,) = built
    assert isinstance(study.twins, ShippedTwins) and len(study.twins.digest) == 64 and study.count == 100
    assert store.look(study.key()) is None and "methods on 100 digits" in text(at)


def test_the_shipped_pair_stands_side_by_side_with_its_nulls_and_a_verdict(built, films):
    at = opened(**SMALL)
    at = done(at, built[-1])
    assert not at.exception and not at.error
    n = kept.result(built[-1].key(), ()).numbers
    shown = films[-1]
    assert shown.heads == ["True labels", "Permuted labels", "Another, true labels", "Their first weights"]
    assert [strip.title for strip in shown.strips] == ["Digit", "Gradient", "Gradient x Input"]
    cells = shown.strips[1].cells
    assert cells[0].words == "" and cells[1].words == f"{n['each'][PERMUTED][RANKS]['Gradient'][0]:z.2f}"
    assert "between two true-label networks" in shown.strips[1].says
    accuracy, numbers = tables(at)
    assert accuracy["Network"].tolist() == shown.heads and accuracy.iloc[1, 1].startswith("100.0% (")
    mean = n["likeness"][PERMUTED][RANKS]["Gradient"]["mean"]
    assert numbers.loc[numbers["Method"] == "Gradient", "Permuted labels"].item().startswith(f"{mean:.2f} (")


def test_another_digit_other_values_and_another_measure_compute_nothing_anew(built, films):
    at = opened(**SMALL)
    at = done(at, built[-1])
    first = films[-1]
    at.segmented_control(key="labels.values").set_value("signed").run()
    assert (films[-1].strips[1].cells[0].picture != first.strips[1].cells[0].picture).any()
    at.selectbox(key="labels.by").set_value("Cosine, signed").run()
    assert films[-1].strips[1].cells[1].words != first.strips[1].cells[1].words
    assert {study.key() for study in built} == {built[0].key()} and "Cosine, signed" in text(at)


def test_a_pair_trained_anew_is_watched_epoch_by_epoch(built, films, monkeypatch):
    staged = []
    monkeypatch.setattr(learning.theatre, "stage", lambda *args, **more: staged.append(args))
    at = opened(**ANEW)
    assert isinstance(built[-1].twins, TrainedTwins) and "steps of training for three networks" in text(at)
    at = done(at, built[-1])
    assert not at.exception and len(films) > 0
    _, play, frames = staged[-1]
    assert play.panes == ("Digit", "Gradient, true labels", "Gradient, permuted labels") and play.total == 3
    assert [frame.n for frame in frames] == sorted(frame.n for frame in frames) and len(frames) == 4
    assert len(at.get("plotly_chart")) == 2


def test_a_method_that_the_network_cannot_have_is_named(built, films):
    at = opened(**{**SMALL, "labels.methods": ["Gradient", "Grad-CAM"]})
    at = done(at, built[-1])
    assert "No maps by Grad-CAM: This network has no convolutional" in text(at)
    assert [strip.title for strip in films[-1].strips] == ["Digit", "Gradient"]


def test_without_a_method_there_is_nothing_to_do():
    at = AppTest.from_file(PAGE.parents[1] / "frame.py", default_timeout=120)
    at.query_params["labels.methods"] = [""]
    at.switch_page("sanity/labels.py").run()
    assert not at.exception and "Choose at least one method" in text(at)


def test_its_runs_are_opened_by_this_page():
    assert entries.shown_by("DataRandomisation") == "sanity/labels.py"
