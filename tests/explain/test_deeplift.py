import copy

import captum.attr
import pytest
import torch
from torch import nn

from attrcore.baselines import Baseline, Black, Blurred, MeanColour, White
from attrcore.explain.deeplift import DeepLift
from attrcore.explain.gradient_x_input import GradientXInput
from attrcore.explain.integrated_gradients import IntegratedGradients
from attrcore.recipe import family
from tests.conftest import Toy, seeded
from tests.families import network, photo

T = torch.tensor([3])


def gap(net, x, a, start=None):
    start = torch.zeros_like(x) if start is None else start
    change = (net(x) - net(start)).gather(1, T[:, None])[:, 0].detach()
    return ((a.sum((1, 2, 3)) - change) / change).abs().item()


def test_on_a_linear_network_it_is_gradient_times_input(linear, x, target):
    torch.testing.assert_close(DeepLift()(linear, x, target), GradientXInput()(linear, x, target))


def test_one_relu_unit_by_hand():
    """relu(x - 1) from 0 to 3 rises by 2: the multiplier is 2/3 where the gradient is 1."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(1, 1), nn.ReLU())
    net[1].weight.data, net[1].bias.data = torch.ones(1, 1), -torch.ones(1)
    x = torch.full((1, 1, 1, 1), 3.0)
    assert DeepLift()(net, x, torch.tensor([0])).item() == pytest.approx(2)


def test_one_activation_makes_it_integrated_gradients(x, target):
    """With a single layer of activations the secant is the average slope along the path."""
    net = seeded(lambda: nn.Sequential(nn.Conv2d(3, 5, 3), nn.Tanh(), nn.Flatten(), nn.Linear(5 * 36, 3))).double()
    z = x.double()
    torch.testing.assert_close(
        DeepLift()(net, z, target), IntegratedGradients(steps=100)(net, z, target), rtol=1e-6, atol=1e-9
    )


@pytest.mark.parametrize("name", ["squeezenet1_1", "squeezenet1_0", "resnet18", "mobilenet_v2", "alexnet", "vgg11_bn",
                                  "densenet121", "googlenet", "inception_v3", "mobilenet_v3_small", "efficientnet_b0",
                                  "convnext_tiny", "vit_b_32"])  # fmt: skip
def test_it_completes_on_every_family(name):
    net, x = network(name), photo(size=96)
    assert gap(net, x, DeepLift()(net, x, T)) < 1e-8


@pytest.mark.parametrize(
    "activation", [nn.SELU, nn.Mish, nn.PReLU, nn.CELU, nn.Hardtanh, nn.LogSigmoid, nn.GELU, nn.SiLU]
)
def test_it_completes_with_every_activation(activation, x):
    net, z = seeded(lambda: Toy(activation)).double(), x[:1].double()
    first = torch.tensor([0])
    change = (net(z) - net(z * 0))[0, 0].item()
    assert DeepLift()(net, z, first).sum().item() == pytest.approx(change, rel=1e-8)


@pytest.mark.parametrize("baseline", family(Baseline).values(), ids=family(Baseline))
def test_it_completes_from_any_baseline_with_overlapping_pools(baseline, x, target):
    net = seeded(lambda: nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.MaxPool2d(3, 1), nn.MaxPool2d(3, 2, ceil_mode=True), nn.Sigmoid(),
        nn.Flatten(), nn.Linear(8 * 9, 4),
    )).double()  # fmt: skip
    z, method = x[:1].double(), DeepLift(baseline=baseline())
    assert gap(net, z, method(net, z, T), method.reference(z)) < 1e-9


@pytest.mark.parametrize("baseline", [Black, White, MeanColour, Blurred])
@pytest.mark.parametrize("pool", [nn.MaxPool2d(2), nn.MaxPool2d(3, 2, padding=1), nn.MaxPool2d((2, 3), 1, dilation=2)])
def test_flat_windows_prefer_no_corner(pool, baseline):
    """An image and its mirror image, seen by a network and by its mirror image, have mirrored maps."""
    left = seeded(lambda: nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), pool, nn.ReLU(), nn.Flatten(), nn.LazyLinear(4)))
    side = 8 if pool.kernel_size == 2 else 9  # so that no column is left over at one side only
    x = torch.rand(1, 1, side, side, generator=torch.Generator().manual_seed(0)).double()
    x[..., 5:] = 0  # as flat as a digit's ground
    left = left.double()
    left(x)
    right = copy.deepcopy(left)
    right[0].weight.data = right[0].weight.data.flip(3)
    last = right[4]
    shape = left[1](left[0](x)).shape[1:]
    last.weight.data = last.weight.data.view(4, *shape).flip(3).reshape(4, -1)
    t, method = torch.tensor([1]), DeepLift(baseline=baseline())
    torch.testing.assert_close(right(x.flip(3)), left(x))
    torch.testing.assert_close(method(right, x.flip(3), t), method(left, x, t).flip(3), atol=1e-10, rtol=1e-7)


def test_an_image_equal_to_its_baseline_gets_nothing_and_no_nan(toy):
    a = DeepLift()(toy, torch.zeros(1, 3, 8, 8), torch.tensor([0]))
    assert not a.any()


def test_values_agree_with_captum_where_captum_is_right(x, target):
    net = seeded(lambda: Toy(nn.Sigmoid)).double()
    net.pool = nn.AvgPool2d(2)
    theirs = captum.attr.DeepLift(net).attribute(x.double(), torch.zeros_like(x.double()), target=target)
    torch.testing.assert_close(DeepLift()(net, x.double(), target), theirs.detach())


def test_where_captum_fails_a_reused_relu_is_an_error():
    net, x = network("resnet18"), photo()
    with pytest.raises(RuntimeError):
        captum.attr.DeepLift(net).attribute(x.clone(), torch.zeros_like(x), target=T)


def test_where_captum_is_wrong_stacked_pools_lose_a_good_part_of_the_sum():
    net, x = network("squeezenet1_1"), photo()
    theirs = captum.attr.DeepLift(net).attribute(x.clone(), torch.zeros_like(x), target=T).detach()
    assert gap(net, x, theirs) > 0.2


class Merged(nn.Module):
    """Its middle sees images and channels as one side."""

    def __init__(self):
        super().__init__()
        self.conv, self.middle, self.last = nn.Conv2d(3, 4, 3), nn.Linear(9, 5), nn.Linear(20, 3)

    def forward(self, x):
        z = self.conv(x).relu().reshape(x.shape[0] * 4, 9)
        return self.last(self.middle(z).tanh().reshape(x.shape[0], 20))


@pytest.mark.parametrize("name", ["squeezenet1_1", "densenet121", "convnext_tiny", "vit_b_32", "merged"])
def test_one_pass_of_a_baseline_serves_a_whole_batch(name):
    """The map of an image does not depend on the others."""
    net, x = (seeded(Merged), torch.rand(2, 3, 5, 5)) if name == "merged" else (network(name), None)
    x = torch.cat([photo(), photo().flip(3)]) if x is None else x.double()
    t = torch.tensor([1, 2])
    together = DeepLift()(net.double(), x, t)
    for i in range(2):
        torch.testing.assert_close(together[i : i + 1], DeepLift()(net, x[i : i + 1], t[i : i + 1]))
