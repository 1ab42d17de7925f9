import captum.attr
import pytest
import torch
from torch import nn

from attrcore.explain.gradient import Gradient
from attrcore.explain.guided_backprop import GuidedBackprop
from attrcore.kinds import Refused
from tests.families import network, photo

FUNCTIONAL = ("inception_v3", "googlenet", "mobilenet_v2")  # DenseNet has one such ReLU, its last


def alike(a, b):
    return torch.nn.functional.cosine_similarity(a.flatten(1), b.flatten(1)).item()


def test_by_hand():
    """y = relu(x1 - x2) - relu(x3): back comes 1 through the first ReLU, and nothing through the second."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(3, 2, bias=False), nn.ReLU(), nn.Linear(2, 1, bias=False))
    net[1].weight.data = torch.tensor([[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]])
    net[3].weight.data = torch.tensor([[1.0, -1.0]])
    x, first = torch.tensor([[[[3.0, 1.0, 2.0]]]]), torch.tensor([0])
    assert GuidedBackprop()(net, x, first).flatten().tolist() == [1, -1, 0]
    assert Gradient()(net, x, first).flatten().tolist() == [1, -1, -1]


@pytest.mark.parametrize("name", ["alexnet", "squeezenet1_1", "resnet18"])
def test_values_agree_with_captum_where_relu_is_a_module(name):
    net, x, t = network(name), photo(), torch.tensor([3])
    theirs = captum.attr.GuidedBackprop(net).attribute(x.clone(), target=t)
    torch.testing.assert_close(GuidedBackprop()(net, x, t), theirs)


@pytest.mark.parametrize("name", FUNCTIONAL)
def test_it_differs_from_the_gradient_where_relu_is_a_function_or_clipped_at_six(name):
    net, x, t = network(name), photo(), torch.tensor([3])
    assert alike(GuidedBackprop()(net, x, t), Gradient()(net, x, t)) < 0.9


@pytest.mark.parametrize("name", FUNCTIONAL)
def test_where_captum_is_wrong_its_guided_backprop_is_the_plain_gradient(name):
    net, x, t = network(name), photo(), torch.tensor([3])
    theirs = captum.attr.GuidedBackprop(net).attribute(x.clone(), target=t)
    torch.testing.assert_close(theirs, Gradient()(net, x, t))


@pytest.mark.parametrize("other", [nn.SELU, nn.Mish, nn.PReLU, nn.CELU, nn.Hardtanh, nn.LogSigmoid])
def test_no_other_activation_passes_unseen(other):
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), other(), nn.Flatten(), nn.Linear(64, 3)
    ).eval()
    with pytest.raises(Refused, match=f"also has {other.__name__.lower()}"):
        GuidedBackprop()(net, torch.rand(1, 3, 8, 8), torch.tensor([0]))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("convnext_tiny", "no ReLU"),
        ("efficientnet_b0", "no ReLU"),
        ("mobilenet_v3_small", "also has hardsigmoid, hardswish"),
    ],
)
def test_it_is_refused_where_it_is_not_defined(name, reason):
    with pytest.raises(Refused, match=reason):
        GuidedBackprop()(network(name), photo(), torch.tensor([3]))
