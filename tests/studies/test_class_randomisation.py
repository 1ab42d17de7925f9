import json
from dataclasses import replace

import pytest
import torch

from attrcore.explain.gradient import Gradient
from attrcore.kinds import Refused
from attrcore.metrics import Spearman
from attrcore.models import MODELS
from attrcore.models.loaded import loaded
from attrcore.recipe import Recipe
from attrcore.studies.class_randomisation import ClassRandomisation, ordinal, ranks
from attrcore.studies.running import finish
from attrcore.studies.selection import Selection

CNN = {"model": "MNIST CNN", "digest": MODELS["MNIST CNN"].digest}
STUDY = ClassRandomisation(pictures=Selection(count=6), explained="Gradient, Guided Backprop, Gradient x Input", **CNN)
SIGNED = "Spearman, signed"


@pytest.fixture(scope="module")
def found():
    seen = []

    def note(p):
        seen.append(p._replace(state=p.state()) if p.state else p)  # as it is now: tables are filled in place

    return finish(STUDY.run(), note), seen


def test_its_settings_and_its_numbers_survive_json(found):
    assert Recipe.from_dict(STUDY.to_dict()) == STUDY
    n = json.loads(json.dumps(found[0].numbers))
    assert n["steps"][:3] == ["predicted", "2nd", "3rd"] and len(n["steps"]) == 10 and n["pictures"] == 6


def test_the_class_is_the_one_of_that_rank(found):
    net, x = loaded(CNN["model"], CNN["digest"]).net, STUDY.pictures.opened("MNIST CNN")
    order = net(x).argsort(1, descending=True)
    maps = [Gradient()(net, x, order[:, rank]).sum(1) for rank in (0, 3)]
    by_hand = Spearman()(*maps)
    place = [m.title for m in STUDY.likenesses].index(SIGNED)
    torch.testing.assert_close(found[0].tensors["table"][:, 0, 3, 0, place], by_hand, atol=1e-4, rtol=0)


def test_guided_backprop_hardly_asks_for_the_class_and_the_gradient_does(found):
    curves = found[0].numbers["curves"][SIGNED]
    gradient, guided = (curves[name][1]["mean"] for name in ("Gradient", "Guided Backprop"))
    assert guided > 0.8 > 0.6 > gradient


def test_only_pictures_give_intervals(found):
    point = found[0].numbers["curves"][SIGNED]["Gradient"][2]
    assert point["low"] is None and point["pictures"][0] < point["mean"] < point["pictures"][1]


def test_taken_up_again_it_finds_the_same(found):
    state = [p.state for p in found[1] if p.state][4]
    assert state["table"].isnan().all(-1).any()
    again = finish(STUDY.run(state))
    assert again.numbers == found[0].numbers
    for name, tensor in found[0].tensors.items():
        torch.testing.assert_close(again.tensors[name], tensor, equal_nan=True, rtol=0, atol=0)


def test_of_many_classes_some_are_explained_and_the_last():
    assert ranks(3) == (1, 2, 3) and ranks(1000) == (1, 2, 3, 5, 10, 30, 100, 300, 1000) and ranks(21)[-1] == 21
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 22, 113)] == ["1st", "2nd", "3rd", "4th", "11th", "22nd", "113th"]
    with pytest.raises(Refused, match="one class"):
        ranks(1)


def test_competition_makes_classes_share_nothing():
    study = replace(STUDY, explained="Gradient x Input", competition=True)
    curves = finish(study.run()).numbers["curves"]["Spearman, absolute"]
    assert curves["Gradient x Input with CGI"][1]["mean"] < curves["Gradient x Input"][1]["mean"] - 0.3
