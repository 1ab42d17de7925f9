from dataclasses import replace

import pytest
import torch

from attrcore.baselines import Blurred, MeanColour, NoiseImages, UniformNoise
from attrcore.explain import CGI, DeepLiftShap, ExpectedGradients, KernelShap, Lime, SmoothGrad, VarGrad
from attrcore.explain.deeplift import DeepLift
from attrcore.explain.gradient import Gradient
from attrcore.explain.guided_backprop import GuidedBackprop
from attrcore.explain.integrated_gradients import IntegratedGradients
from attrcore.explain.validity import conservation, gap, percent, validity
from attrcore.models import MODELS
from tests.families import network, photo


def test_a_map_with_one_nan_is_labelled(toy, x, target):
    a = Gradient()(toy, x, target)
    a[1, 0, 0, 0] = torch.nan
    first, second, _ = validity(Gradient(), toy, x, target, a)
    assert first[0].holds and not second[0].holds and second[0].figure == "not finite"


def test_a_map_of_zeros_is_labelled_and_its_other_laws_left_alone(toy, x, target):
    for checks in validity(IntegratedGradients(), toy, x, target, torch.zeros_like(x)):
        assert [(c.law, c.holds) for c in checks] == [("not zero", False)]


@pytest.mark.parametrize("method", [IntegratedGradients(steps=200), DeepLift()], ids=str)
def test_a_sum_that_is_off_is_measured_image_by_image(method, toy, x, target):
    a = method(toy, x, target)
    a[1] *= 1.5
    verdicts = [checks[1] for checks in validity(method, toy, x, target, a)]
    assert [v.holds for v in verdicts] == [True, False, True]
    assert verdicts[1].figure.startswith("sum gap 50 %, bound ") and "(bound " in verdicts[1].says


@pytest.mark.parametrize(
    "method", [IntegratedGradients(baseline=MeanColour()), DeepLift(baseline=MeanColour())], ids=str
)
def test_an_image_that_is_its_own_baseline_is_no_gap_of_a_million_percent(method, toy, target):
    grey = torch.full((3, 3, 8, 8), 0.4)
    for checks in validity(method, toy, grey, target, method(toy, grey, target)):
        assert [c.holds for c in checks] == [False] or checks[-1].figure == "image = baseline"


@pytest.mark.parametrize("baseline", [MeanColour(), Blurred()], ids=str)
@pytest.mark.parametrize("cls", [IntegratedGradients, DeepLift])
def test_rounding_is_not_taken_for_a_map(cls, baseline):
    """On a real network a constant picture leaves 1e-8 everywhere, which would be painted at full contrast."""
    net, method = MODELS["MNIST CNN"].load().net, cls(baseline=baseline)
    x, t = torch.full((1, 1, 28, 28), 102 / 255), torch.tensor([3])
    checks = validity(method, net, x, t, method(net, x, t))[0]
    assert not checks[-1].holds and checks[-1].figure in ("image = baseline", "all zero")


def test_a_gap_just_past_its_bound_is_told_apart_from_it():
    check = gap(False, 1.0502, 2.0, 1.0, 0.05, True)
    assert not check.holds and check.figure == "sum gap 5.02 %, bound 5 %" and "More steps" in check.says
    assert "2.5 % of the sum of all its values' sizes" in check.says


def test_too_few_steps_on_a_real_architecture_fail_the_gate():
    net, x, t = network("squeezenet1_1"), photo(), torch.tensor([3])
    coarse = IntegratedGradients(steps=1, rule="right Riemann")
    assert not validity(coarse, net, x, t, coarse(net, x, t))[0][1].holds


def test_a_guided_map_that_is_the_gradient_is_caught(toy, x, target):
    plain, guided = Gradient()(toy, x, target), GuidedBackprop()(toy, x, target)
    assert not any(checks[1].holds for checks in validity(GuidedBackprop(), toy, x, target, plain))
    assert any(checks[1].holds for checks in validity(GuidedBackprop(), toy, x, target, guided))


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0 %"),
        (1e-7, "below 0.01 %"),
        (0.0234, "2.3 %"),
        (0.5, "50 %"),
        (0.997, "100 %"),
        (3.1, "310 %"),
        (123, "over 1000 %"),
    ],
)
def test_percentages_have_two_digits(share, text):
    assert percent(share) == text


@pytest.mark.parametrize("method", [Lime(samples=10, patches=6), KernelShap(samples=12, patches=6), VarGrad(samples=2)])
def test_the_fewest_draws_have_a_figure_too(method, toy, x, target):
    for checks in validity(method, toy, x, target, method(toy, x, target)):
        assert len(checks) == 1 or checks[1].figure.startswith("seed noise")


def test_the_seed_of_the_background_counts(toy, x, target):
    method = DeepLiftShap(background=NoiseImages(count=2))
    (few,) = {c[-1].figure for c in validity(method, toy, x[:1], target[:1], method(toy, x[:1], target[:1]))}
    share = float(few.partition("noise ")[2].partition(" %")[0])
    several = torch.stack([DeepLiftShap(background=NoiseImages(2, s))(toy, x[:1], target[:1]) for s in range(20)])
    true = 100 * (several.var(0).sum() / several[0].square().sum()).item()
    assert true / 5 < share < 5 * true


def test_a_regression_says_how_much_of_it_is_chance(linear, x, target):
    """Fewer choices than patches, on average over several seeds within a factor of two of the truth."""
    method = KernelShap(samples=60, patches=30)
    maps = torch.stack([replace(method, seed=s)(linear, x[:1], target[:1]) for s in range(12)])
    true = (maps.var(0).sum() / maps.square().mean(0).sum()).item()
    said = []
    for s in range(0, 12, 2):
        one = replace(method, seed=s)
        (checks,) = validity(one, linear, x[:1], target[:1], maps[s])
        said.append(float(checks[1].figure.partition("noise ")[2].partition(" %")[0].replace("below", "")) / 100)
    assert true / 2 < sum(said) / len(said) < 2 * true


def true_share(method, several, net, x, t):
    """The squared standard error of a map by re-drawing everything, in its squared length without that error."""
    maps = torch.stack([one(net, x, t) for one in several])
    error = maps.var(0).sum().item()
    return error / maps.square().sum((1, 2, 3, 4)).mean().item()


@pytest.mark.parametrize(
    "drawn",
    [
        lambda s: ExpectedGradients(samples=200, background=NoiseImages(2, s), seed=s),
        lambda s: IntegratedGradients(baseline=UniformNoise(s)),
        lambda s: CGI(of=SmoothGrad(samples=2, noise=0.5, seed=s)),
    ],
    ids=["background", "baseline", "within another method"],
)
def test_chance_in_a_part_counts_in_full(drawn, toy, x, target):
    one, t = x[:1], target[:1]
    said = []
    for s in range(0, 16, 2):
        method = drawn(s)
        (checks,) = validity(method, toy, one, t, method(toy, one, t))
        (settled,) = (c for c in checks if c.law == "settled")
        said.append(float(settled.figure.partition("noise ")[2].partition(" %")[0]) / 100)
        assert "Twice the draws" not in settled.says
    true = true_share(drawn(0), [drawn(s) for s in range(16)], toy, one, t)
    assert 0.6 * true < sum(said) / len(said) < 1.6 * true


def test_a_bound_from_both_sides_is_named_from_both():
    net, x = MODELS["MNIST CNN"].load().net, torch.zeros(1, 1, 28, 28)
    a, t = torch.zeros_like(x), torch.tensor([3])
    a[..., 5, 5] = 1.054 * net(x)[0, 3].item()
    (check,) = conservation(None, net, x, t, a, 0.05)
    assert not check.holds and check.figure == "keeps 105.4 %, bound 95 % to 105 %"
