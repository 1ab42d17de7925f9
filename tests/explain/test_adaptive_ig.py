import pytest
import torch
from torch import nn

from attrcore.baselines import Blurred, White
from attrcore.explain.adaptive_ig import FIRST, AdaptiveIntegratedGradients
from attrcore.explain.integrated_gradients import IntegratedGradients
from attrcore.models import MODELS
from tests.conftest import Toy, needs, seeded
from tests.families import photo


def gaps(net, x, target, method):
    with torch.no_grad():
        change = (net(x) - net(method.reference(x))).gather(1, target[:, None])[:, 0]
    return ((method(net, x, target).sum((1, 2, 3)) - change) / change).abs()


class Counted(nn.Module):
    """Counts the images that pass with a gradient."""

    def __init__(self, net):
        super().__init__()
        self.net, self.seen = net, 0

    def forward(self, z):
        self.seen += len(z) * z.requires_grad
        return self.net(z)


@pytest.mark.parametrize("baseline", [White(), Blurred()], ids=str)
def test_it_is_integrated_gradients_within_the_tolerance(x, target, baseline):
    net, z = seeded(lambda: Toy(nn.Tanh)).double(), x.double()
    method = AdaptiveIntegratedGradients(tolerance=1e-4, baseline=baseline)
    assert (gaps(net, z, target, method) <= 1e-4).all()
    exact = IntegratedGradients(steps=200, baseline=baseline)(net, z, target)
    torch.testing.assert_close(method(net, z, target), exact, atol=1e-5, rtol=1e-2)


@needs("imagenet/weights")
@pytest.mark.parametrize("name", ["SqueezeNet 1.1", "MobileNet-v2"])
def test_real_networks_come_within_one_percent(name):
    net, x = MODELS[name].load().net, photo(3, size=224).float()
    assert (gaps(net, x, net(x).argmax(1), AdaptiveIntegratedGradients()) <= 0.0101).all()


def test_on_a_linear_network_the_first_points_suffice(linear, x, target):
    net = Counted(linear)
    a = AdaptiveIntegratedGradients()(net, x, target)
    torch.testing.assert_close(a, IntegratedGradients(steps=1)(linear, x, target))
    assert net.seen - 1 == FIRST * len(x)  # one more to look at the network


def test_points_go_where_the_path_bends():
    """relu(x - 0.9) bends at nine tenths of the way from black to white; a few points there are enough."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(1, 1), nn.ReLU()).double()
    net[1].weight.data.fill_(1.0)
    net[1].bias.data.fill_(-0.937)
    net, x, t = Counted(net), torch.ones(1, 1, 1, 1).double(), torch.tensor([0])
    a = AdaptiveIntegratedGradients(tolerance=0.001)(net, x, t)
    assert a.item() == pytest.approx(0.063, rel=0.001) and net.seen < 40
    even = IntegratedGradients(steps=40, rule="midpoint")(net.net, x, t)
    assert abs(even.item() - 0.063) > 0.005


def test_it_stops_at_the_most_points_and_the_gate_says_so(toy, x, target):
    from attrcore.explain.validity import validity

    method = AdaptiveIntegratedGradients(tolerance=0.0001, most=16)
    checks = [c[-1] for c in validity(method, toy, x, target, method(toy, x, target))]
    assert not all(c.holds for c in checks) and all(c.law == "completeness" for c in checks)
