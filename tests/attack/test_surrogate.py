import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from attrcore.attack.surrogate import softened, spreads
from attrcore.rewrite import steps
from tests.conftest import Toy, seeded


@pytest.mark.parametrize("make", [nn.ReLU, nn.ReLU6, lambda: nn.LeakyReLU(0.1)], ids=["relu", "relu6", "leaky"])
def test_the_sharper_the_corners_the_nearer_to_the_network(make, x):
    net = seeded(lambda: Toy(make))
    spread = spreads(net, x)
    off = [(softened(net, beta, spread)(x) - net(x)).abs().max().item() for beta in (1.0, 10.0, 300.0)]
    assert off[0] > off[1] > off[2] and off[2] < 1e-3


def test_the_map_of_a_relu_network_has_no_slope_and_that_of_the_rounded_one_has(toy, x):
    def slope(net):
        z = x.clone().requires_grad_()
        (map_,) = torch.autograd.grad(net(z)[:, 0].sum(), z, create_graph=True)
        value = map_.abs().sum()
        return torch.autograd.grad(value, z, allow_unused=True)[0] if value.requires_grad else None

    flat, curved = slope(toy), slope(softened(toy, 3.0, spreads(toy, x)))
    assert (flat is None or not flat.any()) and curved.any()


def test_weights_are_shared_and_the_network_stays_as_it_was(toy, x):
    before = toy(x)
    soft = softened(toy, 3.0, spreads(toy, x))
    with torch.no_grad():
        toy.head.weight.mul_(2)
    assert soft.get_submodule("head").weight is toy.head.weight
    with torch.no_grad():
        toy.head.weight.div_(2)
    assert torch.equal(toy(x), before)


class Written(nn.Module):
    """Functional, reused and in place, with a skip connection."""

    def __init__(self):
        super().__init__()
        self.conv, self.act, self.head = nn.Conv2d(3, 3, 3, padding=1), nn.ReLU(inplace=True), nn.Linear(3, 3)

    def forward(self, x):
        y = self.act(self.conv(x))
        z = F.relu(self.conv(y)) + y
        return self.head(self.act(z).mean((2, 3)))


def test_every_activation_is_rounded_however_it_is_written(x):
    net = seeded(Written)
    assert steps(net)["relu"] == 3 and steps(softened(net, 1.0, spreads(net, x)))["relu"] == 0
    torch.testing.assert_close(softened(net, 1e4, spreads(net, x))(x), net(x), atol=1e-3, rtol=0)


def test_a_corner_is_as_sharp_in_a_network_whose_activations_are_a_thousand_times_as_large(toy, x):
    large = copy.deepcopy(toy)
    with torch.no_grad():
        for scaled in (large.conv1.weight, large.conv1.bias, large.conv2.bias, large.head.bias):
            scaled.mul_(1000)
    one, other = (softened(net, 3.0, spreads(net, x))(x) for net in (toy, large))
    assert not torch.allclose(one, toy(x), rtol=1e-3)  # it is rounded
    torch.testing.assert_close(other / 1000, one, rtol=1e-4, atol=1e-6)


def test_the_spread_of_an_image_does_not_depend_on_its_company(toy, x):
    assert spreads(toy, x) == spreads(toy, x[:1]) == spreads(toy, torch.zeros_like(x))
