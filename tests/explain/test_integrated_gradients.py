import subprocess
import sys

import captum.attr
import pytest
import torch

from attrcore.baselines import Baseline
from attrcore.explain.gradient import Gradient
from attrcore.explain.integrated_gradients import IntegratedGradients
from attrcore.models.imagenet import MEAN, STD, Normalise
from attrcore.quadrature import QUADRATURES, quadrature
from attrcore.recipe import family
from tests.conftest import Toy, seeded


def change(net, x, baseline, target):
    return (net(x) - net(baseline)).gather(1, target[:, None])[:, 0].detach()


@pytest.mark.parametrize("rule", QUADRATURES)
@pytest.mark.parametrize("steps", [1, 2, 17])
def test_on_a_linear_network_it_is_weight_times_input_with_any_rule(linear, x, target, rule, steps):
    expected = linear[1].weight[target].view_as(x) * x
    torch.testing.assert_close(IntegratedGradients(rule=rule, steps=steps)(linear, x, target), expected)


@pytest.mark.parametrize("rule", QUADRATURES)
def test_points_lie_on_the_path_and_weights_sum_to_one(rule):
    points, weights = quadrature(rule, 20)
    assert (points >= 0).all() and (points <= 1).all() and weights.sum() == pytest.approx(1)


def test_gauss_legendre_integrates_high_powers_exactly():
    points, weights = quadrature("Gauss-Legendre", 4)
    assert (weights * points**7).sum() == pytest.approx(1 / 8)


@pytest.mark.parametrize("baseline", family(Baseline).values(), ids=family(Baseline))
def test_it_sums_to_the_change_in_score_from_any_baseline(toy, x, target, baseline):
    method = IntegratedGradients(steps=300, baseline=baseline())
    expected = change(toy, x, method.reference(x), target)
    torch.testing.assert_close(method(toy, x, target).sum((1, 2, 3)), expected, atol=2e-3, rtol=1e-2)


@pytest.mark.parametrize(("rule", "order"), [("right Riemann", 1), ("midpoint", 2), ("trapezoid", 2)])
def test_the_gap_falls_as_fast_as_the_rule_promises(rule, order, x, target):
    net, z = seeded(lambda: Toy(torch.nn.Tanh)).double(), x.double()
    net.pool = torch.nn.AvgPool2d(2)  # on black every window ties, and the gradient there is that of one pixel
    gaps = []
    for steps in (32, 64):
        sums = IntegratedGradients(steps=steps, rule=rule)(net, z, target).sum((1, 2, 3))
        gaps.append((sums - change(net, z, z * 0, target)).abs())
    ratio = gaps[0] / gaps[1]
    assert (ratio > 2**order * 0.8).all() and (ratio < 2**order * 1.25).all(), ratio


@pytest.mark.parametrize(
    ("rule", "theirs"),
    [
        ("right Riemann", "riemann_right"),
        ("midpoint", "riemann_middle"),
        ("Gauss-Legendre", "gausslegendre"),
    ],
)
def test_values_agree_with_captum(toy, x, target, rule, theirs):
    ours = IntegratedGradients(steps=20, rule=rule)(toy, x, target)
    captums = captum.attr.IntegratedGradients(toy).attribute(x.clone(), target=target, n_steps=20, method=theirs)
    torch.testing.assert_close(ours, captums.float(), atol=1e-6, rtol=1e-4)


def test_where_captum_is_wrong_its_trapezoids_are_too_narrow(linear, x, target):
    """Twenty nodes bound nineteen trapezoids, each 1/19 wide; captum's are 1/20, and its map a twentieth too small."""
    theirs = captum.attr.IntegratedGradients(linear).attribute(
        x.clone(), target=target, n_steps=20, method="riemann_trapezoid"
    )
    ours = IntegratedGradients(steps=20, rule="trapezoid")(linear, x, target)
    torch.testing.assert_close(theirs.float(), 0.95 * ours)


def test_where_captum_is_wrong_the_derivative_of_its_map(x, target):
    """Captum drops the graph inside its gradient: its map carries a derivative, but only through the factor x."""
    net = seeded(lambda: Toy(torch.nn.Tanh)).double()
    z = x[:1].double().requires_grad_()

    def derivative(explain):
        return torch.autograd.grad(explain(z)[0, 0, 2, 2], z)[0]

    ours = derivative(lambda z: IntegratedGradients(steps=20)(net, z, target[:1]))
    theirs = derivative(
        lambda z: captum.attr.IntegratedGradients(net).attribute(
            z, target=target[:1], n_steps=20, method="gausslegendre"
        )
    )
    step = torch.zeros_like(z)
    step[0, 1, 2, 3] = 1e-5
    with torch.no_grad():
        plus, minus = (IntegratedGradients(steps=20)(net, z + s, target[:1])[0, 0, 2, 2] for s in (step, -step))
    true = (plus - minus) / 2e-5
    torch.testing.assert_close(ours[0, 1, 2, 3], true, rtol=1e-4, atol=1e-9)
    assert abs(theirs[0, 1, 2, 3] - true) > 0.5 * abs(true)


def test_slices_do_not_change_the_sum(toy, x, target, monkeypatch):
    whole = IntegratedGradients(steps=10)(toy, x, target)
    monkeypatch.setattr("attrcore.batches.bearable", lambda net, one, graphs=0: 7)
    torch.testing.assert_close(IntegratedGradients(steps=10)(seeded(Toy), x, target), whole, atol=1e-6, rtol=1e-4)


def test_a_black_baseline_is_black_in_pixels_not_after_normalisation(x, target):
    """Zero in normalised space is a mid-grey: a black corner would then get an attribution."""
    net = torch.nn.Sequential(Normalise(MEAN, STD), seeded(Toy)).eval()
    x[:, :, :4] = 0
    a = IntegratedGradients()(net, x, target)
    assert not a[:, :, :4].any() and a[:, :, 4:].any()


def test_standardising_each_image_inside_the_network_breaks_completeness(x, target):
    """Such a network sees no brightness: the map collapses to Gradient x Input and sums to nothing."""

    class PerImage(torch.nn.Module):
        def forward(self, x):
            return (x - x.mean((1, 2, 3), keepdim=True)) / x.std((1, 2, 3), keepdim=True).clamp_min(1e-12)

    net = torch.nn.Sequential(PerImage(), seeded(Toy)).eval().double()
    z = x.double()
    a, plain = IntegratedGradients(steps=100)(net, z, target), z * Gradient()(net, z, target)
    cosine = torch.nn.functional.cosine_similarity(a.flatten(1), plain.flatten(1))
    assert (cosine > 0.999).all()
    assert (a.sum((1, 2, 3)).abs() < 1e-6).all() and (change(net, z, z * 0, target).abs() > 1e-3).all()


def test_512_steps_on_a_photo_stay_below_two_gigabytes():
    script = """
import pathlib, resource, torch, torchvision
from attrcore.explain.integrated_gradients import IntegratedGradients
net = torchvision.models.squeezenet1_1(weights=None).eval()
IntegratedGradients(steps=512)(net, torch.rand(1, 3, 224, 224), torch.tensor([3]))
status = pathlib.Path("/proc/self/status")
if status.exists():  # ru_maxrss would count the process that started this one
    print(int(status.read_text().split("VmHWM:")[1].split()[0]) * 1024)
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 2 * 2**30
