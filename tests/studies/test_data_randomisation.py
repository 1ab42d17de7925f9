import json
from dataclasses import replace

import pytest
import torch

from attrcore.kinds import Refused
from attrcore.models.small import fresh
from attrcore.recipe import Recipe
from attrcore.studies.data_randomisation import BESIDE, OTHER, PERMUTED, SHOWN, TARGETS, DataRandomisation
from attrcore.studies.running import finish
from attrcore.studies.twins import DIGITS, ShippedTwins, TrainedTwins
from attrcore.train.loop import Schedule, fit
from attrcore.train.natural import Natural

ANEW = TrainedTwins(digits=60, schedule=Schedule(epochs=40, batch=20, rate=1e-3))
STUDY = DataRandomisation(network="MnistMLP", twins=ANEW, count=20, explained="Gradient, Gradient x Input")
RANKS = "Spearman, absolute"


def finished(steps):
    """What a generator returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


@pytest.fixture(scope="module")
def found():
    seen, states = [], []

    def note(p):
        seen.append(p)
        states.append(p.state() if p.state else None)

    return finish(STUDY.run(), note), seen, states


def test_its_settings_and_its_numbers_survive_json(found):
    assert Recipe.from_dict(STUDY.to_dict()) == STUDY
    assert json.loads(json.dumps(found[0].numbers))["pictures"] == 20
    assert all(json.dumps(p.facts) for p in found[1])


def test_both_twins_know_what_they_learned_and_only_one_knows_more(found):
    n = found[0].numbers["accuracy"]
    assert n["true labels"]["learned"]["share"] == n[PERMUTED]["learned"]["share"] == 1.0
    assert n["true labels"]["held out"]["share"] > 0.5 and n[PERMUTED]["held out"]["interval95"][0] < 0.1
    assert n[OTHER]["learned"]["share"] == 1.0 and n[OTHER]["held out"]["share"] > 0.5


def test_the_third_network_differs_in_first_weights_and_order_alone():
    trio = finished(ANEW.train("MnistMLP", 0, lambda nets: {}, None))
    alone = fresh("MnistMLP", 1)
    list(fit(alone, ANEW.learned(0)["true"], replace(ANEW.schedule, seed=1), Natural()))
    assert all(torch.equal(a, b) for a, b in zip(trio.other.parameters(), alone.parameters(), strict=True))


def test_twins_differ_in_their_labels_alone():
    samples = STUDY.twins.learned(0)
    assert torch.equal(samples["true"].images, samples["permuted"].images)
    assert not torch.equal(samples["true"].labels, samples["permuted"].labels)
    assert torch.equal(samples["true"].labels.bincount(), samples["permuted"].labels.bincount())
    assert not torch.equal(samples["permuted"].labels, STUDY.twins.learned(1)["permuted"].labels)


def test_no_digit_is_both_learned_and_explained():
    learned, held = DIGITS.learned(), DIGITS.measured()
    assert len(learned.labels) == 4000 and len(held.labels) == 1000 and not {*learned.names} & {*held.names}
    assert held.labels.bincount().eq(100).all()


def test_accuracy_and_maps_come_after_every_epoch(found):
    facts = [p.facts for p in found[1] if "epoch" in p.facts]
    assert [f["epoch"] for f in facts] == list(range(41))
    assert facts[0]["true"] == facts[0]["permuted"]  # the same first weights, other labels
    frames = [p.frame for p in found[1] if p.frame]
    assert len(frames) == 41 and torch.equal(frames[0]["maps.true"], frames[0]["maps.permuted"])
    assert not torch.equal(frames[-1]["maps.true"], frames[-1]["maps.permuted"])


def test_progress_rises_to_its_end(found):
    done = [p.done for p in found[1]]
    assert done == sorted(done) and done[-1] == found[1][-1].total


@pytest.mark.parametrize("at", [1, 50, -1])
def test_taken_up_again_it_finds_the_same(found, at):
    result, _, states = found
    again = finish(STUDY.run([state for state in states if state][at]))
    assert again.numbers == result.numbers
    assert all(torch.equal(again.tensors[k], v) for k, v in result.tensors.items())


def test_likenesses_are_those_of_the_maps_that_are_kept(found):
    from scipy.stats import spearmanr

    result = found[0]
    assert result.tensors["images"].shape == (SHOWN, 1, 28, 28)
    for name in BESIDE:
        maps = [result.tensors[f"maps.{net}"][3, 0].float() for net in ("true labels", name)]
        by_hand = spearmanr(*(m.abs().flatten() for m in maps)).statistic
        assert result.numbers["each"][name][RANKS]["Gradient"][3] == pytest.approx(by_hand, abs=5e-3)  # halves tie


def test_differences_are_of_the_same_digits(found):
    n = found[0].numbers
    likeness = n["likeness"]
    apart = likeness[PERMUTED][RANKS]["Gradient"]["mean"] - likeness[OTHER][RANKS]["Gradient"]["mean"]
    assert n["difference"][RANKS]["Gradient"]["mean"] == pytest.approx(apart, abs=1e-6)


@pytest.fixture(scope="module", params=["MnistCNN", "MnistMLP"])
def shipped(request):
    return finish(replace(STUDY, network=request.param, twins=ShippedTwins()).run())


def test_the_pair_that_ships_has_learned_by_heart(shipped):
    n = shipped.numbers["accuracy"]
    assert n[PERMUTED]["learned"]["share"] >= 0.95 and n["true labels"]["learned"]["share"] >= 0.95
    assert n[PERMUTED]["held out"]["interval95"][0] < 0.12 and n["true labels"]["held out"]["share"] > 0.9


def test_gradients_of_the_cnns_that_ship_tell_their_labels():
    study = replace(STUDY, network="MnistCNN", twins=ShippedTwins(), explained="Gradient", count=50)
    assert finish(study.run()).numbers["difference"][RANKS]["Gradient"]["high"] < 0


def test_the_input_alone_is_as_like_the_true_labels_map_as_the_permuted_labels_is(shipped):
    n = shipped.numbers
    mask = n["nulls"][RANKS]["Gradient x Input"]["input mask"]["mean"]
    assert abs(n["likeness"][PERMUTED][RANKS]["Gradient x Input"]["mean"] - mask) < 0.03


def test_the_explained_class_may_be_each_networks_own(shipped):
    study = replace(shipped.recipe, target=TARGETS[1])
    assert finish(study.run()).numbers["likeness"][PERMUTED] != shipped.numbers["likeness"][PERMUTED]


def test_other_weights_than_those_asked_for_are_refused():
    with pytest.raises(Refused, match="weights of Twin MLP"):
        finish(replace(STUDY, twins=ShippedTwins(digest="0" * 64)).run())
