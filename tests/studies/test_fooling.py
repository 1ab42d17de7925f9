from dataclasses import replace

import pytest
import torch

from attrcore.attack.aims import CopyMap, MoveCentre
from attrcore.attack.ascent import Ascent
from attrcore.attack.climbs import Signed
from attrcore.attack.directions import Derivative
from attrcore.balls import L2, Linf
from attrcore.data.digits import packaged_digits
from attrcore.explain.gradient import Gradient
from attrcore.explain.gradient_x_input import GradientXInput
from attrcore.kinds import Refused
from attrcore.models import MODELS
from attrcore.png import from_letters, in_letters, levels
from attrcore.recipe import Recipe
from attrcore.studies.fooling import Fooling, Subject
from attrcore.studies.running import finish

DIGIT = packaged_digits()[0][7][None]
SUBJECT = Subject(model="MNIST CNN", digest=MODELS["MNIST CNN"].digest, picture=in_letters(DIGIT))
STUDY = Fooling(subject=SUBJECT, attack=Ascent(ball=Linf(eps=0.1), climb=Signed(size=0.02), steps=12), draws=9)


@pytest.fixture(scope="module")
def watched():
    seen = []
    return finish(STUDY.run(), seen.append), seen


def test_its_settings_hold_the_picture_and_survive_json():
    assert Recipe.from_dict(STUDY.to_dict()) == STUDY
    assert (from_letters(SUBJECT.picture) == DIGIT).all()


def test_what_is_shown_is_what_the_file_holds(watched):
    result, _ = watched
    file, clean = result.tensors["attacked"], result.tensors["clean"]
    assert torch.equal(torch.from_numpy(levels(file)).float() / 255, file)
    assert result.numbers["change"]["attacked"]["largest"] <= 25 and result.numbers["kept"]["attacked"]
    assert int(((file - clean) * 255).round().abs().max()) == result.numbers["change"]["attacked"]["largest"]


def test_every_measure_stands_beside_chance_and_the_random_changes_that_the_attack_beats(watched):
    rows = {row["measure"]: row for row in watched[0].numbers["likeness"]}
    assert rows["Top-k overlap"]["chance"] == pytest.approx(100 / 784) and rows["Kendall"]["chance"] == 0
    assert rows["Top-k overlap"]["chance"] < rows["LENS-recall"]["chance"] < 1
    for row in rows.values():
        low, mean, high = row["moved"]
        assert low <= mean <= high and len(row["random"]) == 9
        assert row["attacked"] < min(row["walk"], *row["random"]), row


def test_the_aim_is_told_before_after_and_of_every_random_change(watched):
    result, seen = watched
    aims, first = result.numbers["aim"], seen[0].facts
    assert aims["clean"] == pytest.approx(first["aim"]) and aims["attacked"] == pytest.approx(result.numbers["score"])
    assert len(aims["random"]) == 9 and max(aims["walk"], *aims["random"]) < aims["attacked"]
    assert first["random"]["aim"] == pytest.approx(aims["random"][0])  # the same draw
    assert first["random"]["overlap"] == pytest.approx(result.numbers["likeness"][0]["random"][0])


def test_every_step_is_told_and_shown(watched):
    _, seen = watched
    steps = [p for p in seen if p.frame]
    assert [p.facts["step"] for p in steps] == list(range(13)) and {p.total for p in seen} == {33}
    assert all(p.frame["image"].dtype == torch.uint8 and p.frame["map"].max() == 1 for p in steps)
    assert steps[0].facts["overlap"] == pytest.approx(1.0) and steps[-1].facts["overlap"] < 0.9


@pytest.mark.parametrize("at", [5, 17], ids=["in the attack", "in the walk"])
def test_taken_up_again_it_finds_the_same(watched, at):
    steps = STUDY.run()
    p = next(p for p in steps if p.done == at)
    state = {name: t.clone() for name, t in p.state().items()}
    steps.close()
    left = []
    again = finish(STUDY.run(state), left.append)
    assert again.numbers == watched[0].numbers and left[0].done == at + 1
    assert all(torch.equal(again.tensors[name], t) for name, t in watched[0].tensors.items())


def test_random_changes_are_as_large_as_the_attack_was_and_no_larger():
    """One step of five levels in a ball of twenty-five: noise of twenty-five would be another size."""
    for ball in (Linf(eps=25 / 255), L2(eps=5.0)):
        found = finish(
            Fooling(subject=SUBJECT, attack=Ascent(ball=ball, climb=Signed(size=5 / 255), steps=1), draws=1).run()
        )
        attacked, random = (found.numbers["change"][side] for side in ("attacked", "random"))
        if isinstance(ball, Linf):
            assert attacked["largest"] == random["largest"] == 5
        else:
            assert 0.8 * attacked["length"] < random["length"] <= attacked["length"] * 1.001 < 1


def test_steps_are_counted_by_what_became_of_the_prediction():
    found = finish(Fooling(subject=SUBJECT, attack=Ascent(ball=Linf(eps=0.0), steps=3), draws=1).run())
    assert found.numbers["steps that kept the prediction"] == 3 and found.numbers["change"]["attacked"]["largest"] == 0
    strong = Ascent(ball=Linf(eps=1.0), climb=Signed(size=1.0), steps=4)
    seen = []
    found = finish(Fooling(subject=SUBJECT, attack=strong, draws=1).run(), seen.append)
    steps = [p.facts for p in seen if p.facts.get("step")]
    assert found.numbers["steps that kept the prediction"] == sum(f["kept"] for f in steps) < 4
    assert all(("predicted" in f) is not f["kept"] for f in steps)


def test_the_map_to_be_copied_is_shown_beside():
    seen = []
    finish(Fooling(subject=SUBJECT, attack=Ascent(aim=CopyMap(), steps=1), draws=1).run(), seen.append)
    assert seen[0].frame["goal"].shape == seen[0].frame["map"].shape and "goal" not in seen[1].frame


def test_steps_without_slope_are_counted():
    how = Ascent(direction=Derivative(corners="as they are"), steps=3)
    assert finish(Fooling(subject=SUBJECT, attack=how, draws=1).run()).numbers["steps without slope"] == 3


def test_the_centre_moves_further_than_by_chance():
    how = Ascent(aim=MoveCentre(), ball=Linf(eps=0.1), climb=Signed(size=0.02), steps=12)
    shift = finish(Fooling(subject=SUBJECT, attack=how, draws=9).run()).numbers["shift"]
    assert shift["attacked"] > max(shift["random"])


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"picture": in_letters(DIGIT[:, :20, :20])}, "takes pictures of"),
        ({"picture": "bm8="}, "this is none"),
        ({"digest": "0"}, "were exchanged"),
        ({"target": 10}, "has 10 classes, got class 10"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_rule(changed, says):
    settings = {f: getattr(SUBJECT, f) for f in ("model", "digest", "picture", "target")} | changed
    with pytest.raises(Refused, match=says):
        finish(Fooling(subject=Subject(**settings)).run())


def test_a_map_has_its_ceiling_where_its_pixels_tie():
    """Gradient times input of a digit is zero wherever that is black; the gradient itself does not tie."""
    rows = {}
    for explainer in (GradientXInput(), Gradient()):
        subject = replace(SUBJECT, explainer=explainer)
        found = finish(Fooling(subject=subject, attack=Ascent(steps=1), k=400, draws=1).run())
        rows[type(explainer)] = found.numbers["likeness"][0]
    assert rows[GradientXInput]["ceiling"] < 0.99 < rows[Gradient]["ceiling"]
