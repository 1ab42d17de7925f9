import gc
import weakref

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from attrcore.kinds import Refused
from attrcore.rewrite import plain, rewrite, steps, with_activation
from tests.families import network, photo

FAMILIES = ("squeezenet1_1", "alexnet", "resnet18", "vgg11_bn", "densenet121", "googlenet", "inception_v3",
            "mobilenet_v2", "mobilenet_v3_small", "efficientnet_b0", "convnext_tiny", "vit_b_32")  # fmt: skip


class Leaky(nn.Module):
    """In place of a rectifier."""

    def __init__(self, forward):
        super().__init__()
        self.rectify = forward

    def forward(self, z):
        return self.rectify(z) + 0.1 * z


class Mixed(nn.Module):
    """Every way to apply a ReLU: one module reused, functions, methods, in place, and read again after that."""

    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(3, 3, 3, padding=1) for _ in range(6))
        self.relu, self.overwrites = nn.ReLU(), nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.relu(self.convs[0](x))
        x = self.relu(self.convs[1](x))
        x = F.relu(self.convs[2](x))
        x = torch.relu(self.convs[3](x)).relu()
        y = self.convs[4](x)
        z = self.overwrites(y)  # from here on y is z
        x = F.relu(self.convs[5](y), inplace=True)
        return (x + y + z).mean((2, 3))


@pytest.fixture
def mixed():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return Mixed().eval()


def test_every_way_to_apply_an_activation_is_found(mixed):
    assert steps(mixed)["relu"] == 7


def test_taken_apart_a_network_gives_the_same_output(mixed):
    x = torch.rand(2, 3, 8, 8)
    torch.testing.assert_close(plain(mixed)(x), mixed(x), rtol=0, atol=0)
    torch.testing.assert_close(rewrite(mixed, {})(x), mixed(x), rtol=0, atol=0)


def test_every_rectifier_is_exchanged(mixed):
    assert sum(isinstance(m, Leaky) for m in rewrite(mixed, {"relu": Leaky}).modules()) == 7
    assert not torch.equal(rewrite(mixed, {"relu": Leaky})(torch.ones(1, 3, 8, 8)), mixed(torch.ones(1, 3, 8, 8)))


def test_nothing_overwrites_what_another_step_reads():
    class Adds(nn.Module):
        def forward(self, x):
            y = x * 2
            y += x
            z = y.relu_()
            y.mul_(3)  # z is y
            return y + z

    x = torch.randn(1, 3, 8, 8)
    torch.testing.assert_close(plain(Adds())(x), Adds()(x), rtol=0, atol=0)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_of_torchvision_is_traced_and_keeps_its_output(name):
    net, x = network(name), photo(size=96)
    with torch.no_grad():
        torch.testing.assert_close(plain(net)(x), net(x))


def test_weights_are_shared_not_copied(mixed):
    g = rewrite(mixed, {"relu": Leaky})
    with torch.no_grad():
        mixed.convs[0].weight += 1
    assert {p.data_ptr() for p in g.parameters()} == {p.data_ptr() for p in mixed.parameters()}
    torch.testing.assert_close(plain(mixed)(torch.ones(1, 3, 8, 8)), mixed(torch.ones(1, 3, 8, 8)))


def test_a_rewrite_is_remembered_until_a_submodule_is_exchanged(mixed):
    first = rewrite(mixed, {"relu": Leaky})
    assert rewrite(mixed, {"relu": Leaky}) is first
    mixed.convs[0] = nn.Conv2d(3, 3, 3, padding=1)
    second = rewrite(mixed, {"relu": Leaky})
    assert second is not first
    torch.testing.assert_close(plain(mixed)(torch.ones(1, 3, 8, 8)), mixed(torch.ones(1, 3, 8, 8)))


def test_remembered_rewrites_do_not_keep_a_network_alive():
    net = Mixed().eval()
    rewrite(net, {"relu": Leaky})
    gone = weakref.ref(net)
    del net
    gc.collect()
    assert gone() is None


def test_a_forward_that_depends_on_the_data_is_refused():
    class Moody(nn.Module):
        def forward(self, x):
            return x if x.sum() > 0 else -x

    with pytest.raises(Refused, match="cannot be traced"):
        rewrite(Moody(), {})


@pytest.mark.parametrize(
    ("name", "channels", "side"),
    [("resnet18", 512, 3), ("squeezenet1_1", 1000, 5), ("mobilenet_v2", 1280, 3), ("densenet121", 1024, 3),
     ("googlenet", 1024, 3), ("vgg11_bn", 512, 6)],
)  # fmt: skip
def test_the_last_feature_map_is_the_one_before_the_head(name, channels, side):
    net, x = network(name), photo(size=96)
    with torch.no_grad():
        logits, features = with_activation(net, 1, x)(x)
    assert features.shape == (1, channels, side, side)
    torch.testing.assert_close(logits, net(x))


def test_a_feature_map_further_back_is_an_earlier_one():
    net, x = network("resnet18"), photo(size=96)
    sides = [with_activation(net, back, x)(x)[1].shape[-1] for back in (1, 5, 9, 13)]
    assert sides == sorted(sides) and sides[0] < sides[-1]
    with pytest.raises(Refused, match="Layer 60, counted from the output, is beyond the"):
        with_activation(net, 60, x)


def test_a_network_whose_buffers_were_exchanged_is_taken_apart_anew():
    from attrcore.models.imagenet import MEAN, STD, Normalise

    net = nn.Sequential(Normalise(MEAN, STD), Mixed()).eval()
    x = torch.rand(1, 3, 8, 8)
    plain(net)(x)
    net.double()
    torch.testing.assert_close(plain(net)(x.double()), net(x.double()))


def test_squares_are_known_however_they_are_written():
    class Squares(nn.Module):
        def forward(self, x):
            return (x.mul(x) + x * x).mean((2, 3))

    assert steps(Squares())["square"] == 2
