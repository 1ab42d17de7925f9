from dataclasses import replace

import pytest
import torch
from scipy.stats import kendalltau

from attrcore.attack.climbs import Signed
from attrcore.balls import Linf
from attrcore.explain.gradient_x_input import GradientXInput
from attrcore.explain.integrated_gradients import IntegratedGradients
from attrcore.kinds import Refused
from attrcore.models import MODELS
from attrcore.recipe import Recipe
from attrcore.studies import evaluation
from attrcore.studies.evaluation import PROTOCOLS, PUBLISHED, STRICT, Evaluation, bootstrapped, ceiling
from attrcore.studies.running import finish
from attrcore.train.inner import Inner

SHORT = Evaluation(
    model="MNIST MLP", digest=MODELS["MNIST MLP"].digest, digits="Packaged digits", count=4,
    adversary=Inner(eps=0.1, steps=5, size=0.03), explainer=IntegratedGradients(steps=4),
    attack=replace(STRICT, ball=Linf(eps=0.1), climb=Signed(0.03), steps=5, restarts=2),
)  # fmt: skip
STILL = replace(
    SHORT, adversary=replace(SHORT.adversary, eps=0.0), attack=replace(SHORT.attack, ball=Linf(eps=0.0), restarts=1)
)


@pytest.fixture(scope="module")
def found():
    return finish(SHORT.run())


def test_attacks_lower_what_they_are_after_and_random_changes_of_that_size_do_less(found):
    n = found.numbers
    assert n["AA"]["share"] < n["NA"]["share"] - 0.2 and n["NA"]["count"] == n["AA"]["count"] == 1000
    assert n["CO"]["attacked"]["mean"] < n["CO"]["random"]["mean"] - 0.03
    assert n["IN"]["attacked"]["mean"] < n["IN"]["random"]["mean"]
    assert n["IN"]["attacked"]["count"] == 4 and 0.1 < n["chance of IN"] < 0.2


def test_in_a_ball_without_size_nothing_is_lost():
    n = finish(STILL.run()).numbers
    assert n["AA"] == n["NA"]
    for name in ("Spearman", "Cosine", "CO"):
        for side in n[name].values():
            assert side["mean"] == pytest.approx(1, abs=1e-5)
    assert n["IN"]["attacked"]["mean"] == n["IN"]["random"]["mean"] == pytest.approx(n["ceiling of IN"])


def test_taken_up_again_it_finds_the_same(found):
    states = []
    for p in SHORT.run():
        if p.state:
            states.append(p.state())
    assert len(states) > 2
    for state in (states[0], states[-2]):
        again = finish(SHORT.run(state))
        assert again.numbers == found.numbers


def test_only_what_is_predicted_right_is_attacked_and_what_is_kept_keeps_it(found):
    assert found.tensors["table"].shape == (4, 2, 4) and not found.tensors["table"].isnan().any()
    assert found.tensors["withstood"].sum() == round(found.numbers["AA"]["share"] * 1000)


def test_the_ceiling_is_the_tau_of_the_same_map_with_its_ties_broken():
    g = torch.Generator().manual_seed(0)
    full = torch.tensor([0.2, 0.5, 2.0])[:, None, None]
    maps = torch.rand(3, 28, 28, generator=g) * (torch.rand(3, 28, 28, generator=g) < full)
    for value, map_ in zip(ceiling(maps), maps, strict=True):
        broken = map_ + 1e-9 * torch.rand(28, 28, generator=g, dtype=torch.float64)
        assert float(value) == pytest.approx(kendalltau(map_.flatten(), broken.flatten()).statistic, abs=0.02)
    assert ceiling(maps)[0] < 0.7 and ceiling(maps)[2] == pytest.approx(1, abs=1e-4)


def test_the_interval_holds_the_mean_of_the_whole_about_as_often_as_it_says():
    g = torch.Generator().manual_seed(0)
    held = 0
    for i in range(60):
        p = bootstrapped(torch.rand(40, generator=g).square(), i)
        held += p["low"] <= 1 / 3 <= p["high"]
    assert held >= 51
    assert bootstrapped(torch.tensor([0.5, torch.nan]), 0) == {"mean": 0.5, "low": None, "high": None, "count": 1}


def test_protocols_are_those_of_the_paper_and_a_harder_one():
    published, strict = (evaluation.evaluation("MNIST MLP", protocol, 50) for protocol in PROTOCOLS)
    assert published.attack == PUBLISHED and published.explainer.rule == "right Riemann"
    assert published.explainer.steps == published.attack.steps == 100 and published.attack.aim.k == 200
    assert strict.attack.restarts == 3 and strict.attack.direction.corners == "growing" and strict.k == 100
    assert Recipe.from_dict(strict.to_dict()) == strict


def test_a_network_that_knows_nothing_has_no_map_to_attack(monkeypatch):
    right = evaluation.predictions
    monkeypatch.setattr(evaluation, "predictions", lambda net, images: right(net, images) + 1)
    with pytest.raises(Refused, match="predicts no test image"):
        next(SHORT.run())


def test_other_methods_are_attacked_too():
    n = finish(replace(SHORT, explainer=GradientXInput(), count=2).run()).numbers
    assert n["IN"]["attacked"]["count"] == 2
