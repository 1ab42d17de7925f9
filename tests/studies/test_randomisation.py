import json
from dataclasses import replace

import pytest
import torch

from attrcore.kinds import Refused
from attrcore.models import MODELS
from attrcore.models.first import first_weights
from attrcore.recipe import Recipe
from attrcore.studies.likeness import NULLS
from attrcore.studies.randomisation import TARGETS, Randomisation
from attrcore.studies.running import finish
from attrcore.studies.selection import Selection

CNN = {"model": "MNIST CNN", "digest": MODELS["MNIST CNN"].digest}
STUDY = Randomisation(
    pictures=Selection(count=4), explained="Gradient, SmoothGrad, Guided Backprop, Gradient x Input", seeds=2, **CNN
)
RANKS = "Spearman, absolute"


@pytest.fixture(scope="module")
def found():
    seen = []
    return finish(STUDY.run(), seen.append), seen


def curve(result, method, measure=RANKS):
    return [point["mean"] for point in result.numbers["curves"][measure][method]]


def test_its_settings_and_its_numbers_survive_json(found):
    assert Recipe.from_dict(STUDY.to_dict()) == STUDY
    numbers = json.loads(json.dumps(found[0].numbers))
    assert numbers["steps"] == ["trained", "fc2", "fc1", "conv2", "conv1"] and numbers["pictures"] == 4


def test_before_any_layer_is_lost_every_map_is_itself(found):
    for measure, curves in found[0].numbers["curves"].items():
        for points in curves.values():
            if "Top-k" not in measure:  # where more pixels tie than fit, it is below 1 of the same map too
                assert points[0]["mean"] == pytest.approx(1.0, abs=1e-5)


def test_gradients_change_and_guided_backprop_changes_less(found):
    gradient, guided = (curve(found[0], name) for name in ("Gradient", "Guided Backprop"))
    assert gradient[-1] < 0.3 and guided[1] > gradient[1] and guided[-1] > gradient[-1] + 0.15


def test_what_knows_the_input_alone_scores_as_high_as_gradient_x_input(found):
    n = found[0].numbers
    null = n["nulls"][RANKS]["Gradient x Input"]["input mask"]["mean"]
    assert null > 0.97 and abs(curve(found[0], "Gradient x Input")[-1] - null) < 0.02
    assert abs(curve(found[0], "Gradient x Input", "Spearman, signed")[-1]) < 0.15


def test_nulls_are_where_they_must_be(found):
    nulls = found[0].numbers["nulls"][RANKS]
    assert abs(nulls["Gradient"]["random map"]["mean"]) < 0.05
    assert nulls["SmoothGrad"]["another seed"]["mean"] > 0.6 and nulls["Gradient"]["another seed"]["count"] == 0
    assert set(nulls["Gradient"]) == set(NULLS)


def test_every_point_has_its_seeds_and_its_pictures(found):
    point = found[0].numbers["curves"][RANKS]["Gradient"][2]
    assert point["count"] == 2 and point["low"] <= point["mean"] <= point["high"]
    assert point["pictures"][0] <= point["mean"] <= point["pictures"][1]


def test_frames_of_the_first_seed_hold_every_step(found):
    frames = [p.frame for p in found[1] if p.frame]
    assert [int(f["step"]) for f in frames] == [0, 1, 2, 3, 4]
    assert all(f["maps"].shape == (4, 28, 28) and f["maps"].abs().amax((1, 2)).eq(1).all() for f in frames)
    assert not torch.equal(frames[0]["maps"], frames[4]["maps"])


def test_taken_up_again_it_finds_the_same(found):
    states = [p.state() for p in found[1] if p.state]
    again = finish(STUDY.run(states[2]))
    torch.testing.assert_close(again.tensors["table"], found[0].tensors["table"], equal_nan=True, rtol=0, atol=0)


def test_pictures_alone_or_together_have_the_same_numbers(found):
    alone = finish(replace(STUDY, pictures=Selection(count=1), seeds=1, explained="Gradient").run())
    torch.testing.assert_close(
        alone.tensors["table"][0, 0, :, 0], found[0].tensors["table"][0, 0, :, 0], atol=1e-3, rtol=0, equal_nan=True
    )


def test_the_explained_class_may_be_each_networks_own():
    fixed, own = (
        finish(replace(STUDY, explained="Gradient", seeds=1, target=t).run()).tensors["table"][:, 0, 1:]
        for t in TARGETS
    )
    assert not torch.equal(fixed, own)


def test_first_weights_differ_by_seed_and_are_the_same_for_one():
    one, same, other = (first_weights("MNIST CNN", seed) for seed in (3, 3, 4))
    pairs = list(zip(one.parameters(), same.parameters(), other.parameters(), strict=True))
    assert all(torch.equal(a, b) and not torch.equal(a, c) for a, b, c in pairs)
    assert one.fc1.weight.std() == pytest.approx(1 / (3 * 3136) ** 0.5, rel=0.05)  # torch's own


def test_methods_that_are_none_are_refused():
    with pytest.raises(Refused, match="there is no 'Magic'"):
        finish(replace(STUDY, explained="Gradient, Magic").run())


def test_entropy_rises_where_maps_shatter_and_edges_would_not(found):
    n = found[0].numbers
    assert n["eMPRT"]["Gradient x Input"]["count"] == 2 and abs(n["eMPRT of nulls"]["random map"]["mean"]) < 0.05
    points = [p["mean"] for p in n["entropy"]["Gradient"]]
    assert all(0 < p < 6.65 for p in points) and points[0] != points[-1]
    expected = points[-1] / points[0] - 1  # a mean of ratios is near the ratio of means
    assert n["eMPRT"]["Gradient"]["mean"] == pytest.approx(expected, abs=0.1)


def test_one_block_at_a_time_has_no_network_without_weights():
    study = replace(STUDY, explained="Gradient", seeds=1, order="independent")
    assert finish(study.run()).numbers["eMPRT"]["Gradient"]["mean"] is None


def test_competition_stands_beside_each_method_with_signs():
    study = replace(STUDY, explained="Gradient x Input, Grad-CAM", competition=True, seeds=1)
    assert list(study.methods()) == ["Gradient x Input", "Gradient x Input with CGI", "Grad-CAM"]
    curves = finish(study.run()).numbers["curves"][RANKS]
    assert curves["Gradient x Input with CGI"][-1]["mean"] < curves["Gradient x Input"][-1]["mean"] - 0.1


def test_noisy_copies_are_averaged_over():
    study = replace(STUDY, explained="Gradient", seeds=1, copies=3)
    plain = finish(replace(study, copies=1).run()).tensors["table"]
    assert not torch.equal(finish(study.run()).tensors["table"][:, 0, 1:], plain[:, 0, 1:])


def test_the_first_picture_is_through_all_steps_before_the_others(found):
    facts = [p.facts for p in found[1] if "curves" in p.facts]
    assert [f["pictures"] for f in facts[:6]] == [0, 0, 0, 0, 1, 1] and facts[-1]["pictures"] == 4


def test_a_method_that_the_network_cannot_have_is_named_and_the_others_go_on():
    mlp = {"model": "MNIST MLP", "digest": MODELS["MNIST MLP"].digest}
    numbers = finish(replace(STUDY, explained="Gradient, Grad-CAM", seeds=1, **mlp).run()).numbers
    assert list(numbers["curves"][RANKS]) == ["Gradient"] and "convolutional" in numbers["refused"]["Grad-CAM"]
    with pytest.raises(Refused, match="convolutional"):
        finish(replace(STUDY, explained="Grad-CAM", seeds=1, **mlp).run())


def test_one_measure_alone_has_the_numbers_that_it_has_among_all(found):
    study = replace(STUDY, measured=RANKS)
    alone = finish(study.run()).numbers
    assert list(alone["curves"]) == [RANKS] and alone["curves"][RANKS] == found[0].numbers["curves"][RANKS]


def test_intervals_of_many_columns_are_those_of_each():
    from attrcore.studies.running import interval, intervals

    values = torch.randn(6, 3, 2, generator=torch.Generator().manual_seed(0))
    values[0, 0, 0] = values[1:, 1, 1] = values[:, 2, 0] = torch.nan
    for i, row in enumerate(intervals(values)):
        for j, found in enumerate(row):
            assert found == pytest.approx(interval(values[:, i, j]))
