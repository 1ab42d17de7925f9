"""Scores of networks beside each other, from what evaluations found."""

import pytest

from attrcore import store
from attrcore.folder import Folder
from attrcore.kept import write_result
from attrcore.kinds import Result
from attrcore.models import MODELS
from attrcore.studies.evaluation import evaluation
from pages.parts import scores

FIRST, SECOND = "MNIST CNN", "RAR MNIST CNN (NATURAL)"


def share(value, half=0.005):
    return {"share": value, "interval95": [value - half, value + half], "count": 10_000}


def mean(value, half=0.02):
    return {"mean": value, "low": value - half, "high": value + half, "count": 200}


def said(na=0.99, aa=0.0, top=0.4, tau=0.2):
    maps = {name: {"attacked": mean(v), "random": mean(0.6)} for name, v in (("IN", top), ("CO", tau))}
    return {
        "NA": share(na),
        "AA": share(aa),
        **maps,
        "chance of IN": 0.128,
        "ceiling of IN": 1.0,
        "ceiling of CO": 0.59,
    }


def test_only_what_lies_beyond_both_intervals_is_sure():
    says = scores.verdict({FIRST: said(), SECOND: said(na=0.97, aa=0.9, top=0.43, tau=0.3)})
    assert says.startswith(f"{SECOND} has more AA, CO and less NA than {FIRST}.")
    assert "nothing surely more or less" in scores.verdict({FIRST: said(), SECOND: said()})
    assert scores.verdict({FIRST: said()}) == ""


def test_a_score_is_told_with_its_interval_in_its_own_unit():
    assert scores.told("IN", (0.4, 0.38, 0.42)) == "40.0% (38.0% to 42.0%)"
    assert scores.told("CO", (0.2, 0.18, 0.22)) == "0.200 (0.180 to 0.220)"
    assert scores.told("AA", (None, None, None)) == "" and scores.told("IN", (0.5, None, None)) == "50.0%"


def test_bars_reach_to_the_ends_of_the_intervals():
    assert scores.known_ends((0.4, 0.38, 0.42)) == (0.4, 0.38, 0.42)
    assert scores.known_ends((0.4, None, None)) == (0.4, 0.4, 0.4) and scores.known_ends((None,) * 3) == (0.0,) * 3


@pytest.fixture
def runs(monkeypatch, tmp_path):
    """A store of its own."""
    monkeypatch.setenv("ATTRCORE_RUNS", str(tmp_path))


def test_what_was_found_here_is_found_again_and_nothing_else(runs):
    assert scores.found(FIRST, "strict") is None or "robustness" in MODELS[FIRST].facts()
    study = evaluation("MNIST MLP", "strict", scores.DIGITS)
    folder = Folder(study.key())
    folder.queue(study, "somebody")
    assert scores.found("MNIST MLP", "strict") is None
    write_result(folder, Result(study, said(), {}, {}))
    folder.put({**folder.said(), "state": "done"})
    assert store.sound(study.key()) and scores.found("MNIST MLP", "strict") == said()
    assert scores.found("MNIST MLP", "published") is None


def test_a_card_says_what_its_network_scored(monkeypatch, runs):
    entry = MODELS["MNIST MLP"]
    card = {**entry.facts(), "robustness": {"published": {"numbers": said(top=0.7)}}}
    monkeypatch.setattr(type(entry), "facts", lambda self: card)
    assert scores.found("MNIST MLP", "published") == said(top=0.7) and scores.found("MNIST MLP", "strict") is None
