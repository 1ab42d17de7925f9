import pytest
import torch

from attrcore.explain.gradient import Gradient
from attrcore.explain.smoothgrad import SmoothGrad
from attrcore.explain.smoothgrad_squared import SmoothGradSquared
from attrcore.explain.validity import settled
from attrcore.explain.vargrad import VarGrad
from tests.conftest import Toy, seeded


def test_without_noise_it_is_the_gradient(toy, x, target):
    torch.testing.assert_close(SmoothGrad(noise=0.0)(toy, x, target), Gradient()(toy, x, target))


def test_on_a_linear_network_noise_changes_nothing(linear, x, target):
    torch.testing.assert_close(SmoothGrad(noise=1.0)(linear, x, target), Gradient()(linear, x, target))


def test_two_seeds_agree_better_with_more_samples(x, target):
    net = seeded(lambda: Toy(torch.nn.Tanh))

    def far(samples):
        a, b = (SmoothGrad(samples=samples, noise=0.3, seed=s)(net, x, target) for s in (0, 1))
        return (a - b).norm().item()

    assert far(200) < far(5) / 3  # 1 / sqrt(40) is 1/6.3


def test_noise_is_a_share_of_each_images_own_range(x, target):
    """An image without contrast gets none; else the noise's standard deviation is that share of max - min."""
    seen = []

    class Spy(torch.nn.Module):
        def forward(self, z):
            seen.append(z.detach())
            return z.sum((2, 3))

    flat = torch.full_like(x[:1], 0.5)
    SmoothGrad(samples=4, noise=0.5)(Spy(), flat, target[:1])
    assert torch.equal(seen[-1], flat.expand(4, -1, -1, -1))  # no range, no noise
    SmoothGrad(samples=400, noise=0.5)(Spy(), x[:1], target[:1])
    spread = (torch.cat([s for s in seen if len(s) > 4]) - x[:1]).std() / (x[:1].max() - x[:1].min())
    assert 0.48 < spread < 0.52


@pytest.mark.parametrize("samples", [1, 8, 40])
def test_the_badge_says_how_much_of_the_map_is_the_seeds(samples, x, target):
    """The chance it tells is how far many seeds really scatter."""
    net = seeded(lambda: Toy(torch.nn.Tanh))
    runs = [SmoothGrad(samples=samples, noise=0.3, seed=s) for s in range(150)]
    maps = torch.stack([run(net, x, target) for run in runs])
    scatter = maps.var(0).sum()

    def said(run, a):
        checks = settled(run, net, x, target, a, 0.5)
        return [float(c.figure.removeprefix("seed noise ").partition(" %")[0]) / 100 for c in checks]

    said = torch.tensor([said(run, a) for run, a in zip(runs, maps, strict=True)])
    meant = (said * maps.flatten(2).square().sum(2)).sum(1)
    torch.testing.assert_close(meant.mean(), scatter, rtol=0.05, atol=0)


def test_without_noise_nothing_is_the_seeds(toy, x, target):
    still = SmoothGrad(noise=0.0)
    checks = settled(still, toy, x, target, still(toy, x, target), 0.5)
    assert all(c.holds and c.figure in ("seed noise 0 %", "seed noise below 0.01 %") for c in checks)


def test_one_draw_of_much_noise_fails_its_badge(x, target):
    net = seeded(lambda: Toy(torch.nn.ReLU))
    one = SmoothGrad(samples=1, noise=1.0)
    assert not all(c.holds for c in settled(one, net, x, target, one(net, x, target), 0.5))


def test_the_square_and_the_variance_are_those_of_the_same_draws(toy, x, target):
    """E[g]^2 + Var[g] = E[g^2], with the variance over n draws divided by n - 1."""
    mean, square, variance = (cls(samples=9)(toy, x, target) for cls in (SmoothGrad, SmoothGradSquared, VarGrad))
    torch.testing.assert_close(mean.square() + variance * 8 / 9, square, atol=1e-7, rtol=1e-3)


def test_a_gradient_that_is_the_same_everywhere_has_its_square_and_no_variance(linear, x, target):
    gradient = Gradient()(linear, x, target)
    torch.testing.assert_close(SmoothGradSquared()(linear, x, target), gradient.square())
    assert not VarGrad()(linear, x, target).any()
