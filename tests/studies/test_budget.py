import pytest
import torch

from attrcore.attack.climbs import Signed
from attrcore.kinds import Refused
from attrcore.models import MODELS
from attrcore.studies import running
from attrcore.studies.budget import ATTACKS, Budget
from attrcore.studies.running import finish, interval, proportion

ABOUT = {"model": "MNIST CNN", "digest": MODELS["MNIST CNN"].digest, "count": 6, "k": 100}
STUDY = Budget(levels="0 40", steps=8, climb=Signed(size=8 / 255), **ABOUT)


@pytest.fixture(scope="module")
def found():
    states = []
    result = finish(STUDY.run(), lambda p: states.append(p.state()) if p.state else None)
    return result, states


def test_attacks_break_more_than_random_changes_and_no_change_breaks_nothing(found):
    overlap = found[0].numbers["curves"]["Top-k overlap"]
    at = {attack: [point["mean"] for point in overlap[attack]] for attack in ATTACKS}
    assert all(means[0] == pytest.approx(1.0) for means in at.values())
    assert at["Top-k"][1] < min(at["Random sign"][1], at["Random walk"][1]) - 0.1
    shift = found[0].numbers["curves"]["Centre shift"]
    assert shift["Mass centre"][1]["mean"] > shift["Random sign"][1]["mean"]


def test_every_curve_has_its_count_and_overlap_its_chance(found):
    numbers = found[0].numbers
    assert numbers["chance"]["Top-k overlap"] == pytest.approx(100 / 784) and numbers["pixels"] == 784
    assert {p["count"] for curves in numbers["curves"].values() for points in curves.values() for p in points} == {6}
    kept = numbers["curves"]["Prediction kept"]
    assert all(p["mean"] == 1 for a in ("Top-k", "Mass centre", "Random walk") for p in kept[a])


def test_taken_up_again_it_computes_only_what_is_missing_and_finds_the_same(found):
    result, states = found
    again = []
    assert finish(STUDY.run(states[4]), again.append).numbers == result.numbers
    assert sum(1 for p in again if p.state) == len(states) - 5


def test_taken_up_again_with_larger_batches_no_picture_is_lost(found, monkeypatch):
    result, _ = found
    monkeypatch.setattr(running, "MOST_AT_ONCE", 2)
    states = []
    finish(STUDY.run(), lambda p: states.append(p.state()) if p.state else None)
    first = states[len(states) // 3]
    assert first["table"].isnan().any() and not first["table"].isnan().all()
    monkeypatch.undo()
    again = finish(STUDY.run(first))
    torch.testing.assert_close(again.tensors["table"], result.tensors["table"], equal_nan=True, atol=1e-3, rtol=0)


def test_an_interval_holds_the_mean_of_the_population_19_times_of_20():
    draws = torch.rand(2000, 8, generator=torch.Generator().manual_seed(0))
    inside = [(i := interval(row))["low"] <= 0.5 <= i["high"] for row in draws]
    assert abs(sum(inside) / 2000 - 0.95) < 0.015
    assert interval(torch.tensor([0.3, torch.nan])) == {
        "mean": pytest.approx(0.3),
        "low": None,
        "high": None,
        "count": 1,
    }


@pytest.mark.parametrize("levels", ["", "a", "1 256", "1.5", "-1", " ".join(map(str, range(21)))])
def test_what_are_no_levels_is_refused(levels):
    with pytest.raises(Refused, match="Levels must be"):
        finish(Budget(levels=levels, **ABOUT).run())


def test_a_collection_that_is_not_here_is_refused():
    with pytest.raises(Refused, match="no collection 'Nothing'"):
        finish(Budget(collection="Nothing", **ABOUT).run())


def test_a_share_of_all_pictures_still_has_an_interval():
    """Student's would be from 1 to 1; Wilson's of 4 of 4 begins at 4 / (4 + 1.96^2)."""
    found = proportion(torch.tensor([1.0, 1.0, float("nan"), 1.0, 1.0]))
    assert found == {"mean": 1.0, "low": pytest.approx(4 / (4 + 1.96**2), abs=1e-3), "high": 1.0, "count": 4}
    assert proportion(torch.full((3,), torch.nan))["count"] == 0
