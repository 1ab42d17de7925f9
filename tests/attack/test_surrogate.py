import pytest
import torch
from torch import nn
from torch.nn import functional as F

from attrcore.attack.surrogate import softened
from attrcore.rewrite import steps
from tests.conftest import Toy, seeded


@pytest.mark.parametrize("make", [nn.ReLU, nn.ReLU6, lambda: nn.LeakyReLU(0.1)], ids=["relu", "relu6", "leaky"])
def test_the_sharper_the_corners_the_nearer_to_the_network(make, x):
    net = seeded(lambda: Toy(make))
    off = [(softened(net, beta)(x) - net(x)).abs().max().item() for beta in (3.0, 30.0, 300.0)]
    assert off[0] > off[1] > off[2] and off[2] < 1e-3


def test_the_map_of_a_relu_network_has_no_slope_and_that_of_the_rounded_one_has(toy, x):
    def slope(net):
        z = x.clone().requires_grad_()
        (map_,) = torch.autograd.grad(net(z)[:, 0].sum(), z, create_graph=True)
        value = map_.abs().sum()
        return torch.autograd.grad(value, z, allow_unused=True)[0] if value.requires_grad else None

    flat, curved = slope(toy), slope(softened(toy, 10.0))
    assert (flat is None or not flat.any()) and curved.any()


def test_weights_are_shared_and_the_network_stays_as_it_was(toy, x):
    before = toy(x)
    soft = softened(toy, 10.0)
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
    assert steps(net)["relu"] == 3 and steps(softened(net, 1.0))["relu"] == 0
    torch.testing.assert_close(softened(net, 1e4)(x), net(x), atol=1e-3, rtol=0)
