import json
from dataclasses import replace

import pytest
import torch

from attrcore.explain import Gradient
from attrcore.kinds import Refused
from attrcore.models import MODELS
from attrcore.models.first import first_weights
from attrcore.models.shipped import Shipped
from attrcore.recipe import Recipe
from attrcore.studies import methods
from attrcore.studies.likeness import NULLS, reseeded
from attrcore.studies.randomisation import TARGETS, Randomisation
from attrcore.studies.running import finish, interval
from attrcore.studies.selection import Selection

CNN = {"model": "MNIST CNN", "digest": MODELS["MNIST CNN"].digest}
STUDY = Randomisation(
    pictures=Selection(count=4), explained="Gradient, SmoothGrad, Guided Backprop, Gradient x Input", seeds=2, **CNN
)
RANKS = "Spearman, absolute"


@pytest.fixture(scope="module")
def found():
    seen = []

    def note(p):
        seen.append(p._replace(state=p.state()) if p.state else p)  # as it is now: tables are filled in place

    return finish(STUDY.run(), note), seen


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


def test_intervals_can_be_had_again_from_what_each_draw_gave(found):
    for curves in found[0].numbers["curves"].values():
        for points in curves.values():
            for p in points:
                assert interval(torch.tensor(p["draws"])) == pytest.approx(
                    {n: p[n] for n in ("mean", "low", "high", "count")}
                )


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


@pytest.mark.parametrize("at", [0, 5, -1])
def test_taken_up_again_it_finds_the_same(found, at):
    state = [p.state for p in found[1] if p.state][at]
    assert bool(state["table"].isnan().all(-1).any()) == (at >= 0)
    again, calls = finish(STUDY.run(state)), []
    finish(STUDY.run(state), calls.append)
    assert len(calls) < len(found[1]) and again.numbers == found[0].numbers
    for name, tensor in found[0].tensors.items():
        torch.testing.assert_close(again.tensors[name], tensor, equal_nan=True, rtol=0, atol=0)


@pytest.mark.parametrize("copies", [1, 2])
def test_pictures_in_a_batch_of_any_size_have_the_same_numbers(copies):
    few, more = (
        finish(replace(STUDY, pictures=Selection(count=count), seeds=1, explained="Gradient", copies=copies).run())
        for count in (2, 4)
    )
    for name in ("table", "nulls", "bits", "rises"):
        torch.testing.assert_close(few.tensors[name][1], more.tensors[name][1], atol=2e-3, rtol=0, equal_nan=True)
    nulls = more.tensors["nulls"][:, 0, :2]
    assert not torch.isclose(nulls[0], nulls[1]).all()  # each picture has its own draws


@pytest.mark.parametrize("name", [name for name, entry in MODELS.items() if isinstance(entry, Shipped)])
def test_no_draw_is_the_one_that_a_shipped_network_was_trained_from(name):
    trained = dict(MODELS[name].load().net.named_parameters())
    for seed in range(5):
        for layer, w in first_weights(name, seed).named_parameters():
            if layer.endswith("weight"):
                likeness = torch.nn.functional.cosine_similarity(w.flatten(), trained[layer].flatten(), dim=0)
                assert abs(likeness) < 5 / w.numel() ** 0.5, (layer, seed)


def test_a_measure_that_is_none_is_refused():
    with pytest.raises(Refused, match="measured must be all, or one of Spearman, absolute"):
        finish(replace(STUDY, measured="Likeness").run())


def test_another_seed_is_that_of_a_methods_parts_too():
    method = methods.usual("SmoothGrad", competition=True)["SmoothGrad with CGI"]
    assert reseeded(method).of.seed == method.of.seed + 1 and reseeded(Gradient()) == Gradient()


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
