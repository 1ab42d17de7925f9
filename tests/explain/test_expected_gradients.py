import captum.attr
import pytest
import torch
from torch import nn

from attrcore.baselines import NoiseImages
from attrcore.explain.deeplift import DeepLift
from attrcore.explain.deeplift_shap import DeepLiftShap
from attrcore.explain.expected_gradients import ExpectedGradients
from attrcore.explain.gradient import input_gradient
from attrcore.explain.gradient_shap import GradientShap
from tests.conftest import Toy, seeded


def test_on_a_linear_network_it_is_weight_times_the_distance_from_the_mean_baseline(linear, x, target):
    others = NoiseImages(count=5)(x)
    a = ExpectedGradients(background=NoiseImages(count=5), samples=1000)(linear, x, target)
    expected = linear[1].weight[target].view_as(x) * (x - others.mean(0))
    torch.testing.assert_close(a, expected, atol=0.01, rtol=0.1)


def test_with_one_baseline_it_is_integrated_gradients_from_that_baseline(x, target):
    """Up to the draws of points, a thousand of them."""
    net, z = seeded(lambda: Toy(nn.Tanh)).double(), x.double()
    start = NoiseImages(count=1, seed=4)(z)
    a = ExpectedGradients(background=NoiseImages(count=1, seed=4), samples=1000)(net, z, target)
    points = (torch.arange(50) + 0.5) / 50
    exact = (z - start) * sum(input_gradient(net, start + p * (z - start), target) for p in points) / 50
    assert torch.nn.functional.cosine_similarity(a.flatten(1), exact.flatten(1)).min() > 0.99


def test_without_noise_gradient_shap_is_expected_gradients(toy, x, target):
    assert torch.equal(GradientShap(noise=0.0)(toy, x, target), ExpectedGradients()(toy, x, target))
    assert not torch.equal(GradientShap(noise=0.2)(toy, x, target), ExpectedGradients()(toy, x, target))


def test_gradient_shap_agrees_with_captum_on_average(x, target):
    net, z = seeded(lambda: Toy(nn.Tanh)).double(), x.double()
    others = NoiseImages(count=4)(z)
    theirs = captum.attr.GradientShap(net).attribute(
        z.clone(), baselines=others, n_samples=2000, stdevs=0.1, target=target
    )
    ours = GradientShap(background=NoiseImages(count=4), samples=1000, noise=0.1)(net, z, target)
    assert torch.nn.functional.cosine_similarity(ours.flatten(1), theirs.flatten(1)).min() > 0.98


def test_deeplift_shap_is_the_mean_of_deeplift_and_agrees_with_captum_where_captum_is_right(x, target):
    net, z = seeded(lambda: Toy(nn.Sigmoid)).double(), x.double()
    net.pool = nn.AvgPool2d(2)
    others = NoiseImages(count=4)(z)
    theirs = captum.attr.DeepLiftShap(net).attribute(z.clone(), baselines=others, target=target)
    torch.testing.assert_close(DeepLiftShap(background=NoiseImages(count=4))(net, z, target), theirs.detach())


@pytest.mark.parametrize("activation", [nn.ReLU, nn.GELU])
def test_deeplift_shap_sums_to_the_score_minus_the_mean_score_of_the_background(activation, x, target):
    net, z = seeded(lambda: Toy(activation)).double(), x.double()
    with torch.no_grad():
        expected = net(z).gather(1, target[:, None])[:, 0] - net(NoiseImages()(z)).mean(0)[target]
    torch.testing.assert_close(DeepLiftShap()(net, z, target).sum((1, 2, 3)), expected)
    assert DeepLift().differentiable and DeepLiftShap().passes == 40
