import captum.attr
import pytest
import torch
from torch import nn

from attrcore.explain.deconvnet import Deconvnet
from attrcore.explain.grad_cam import GradCam
from attrcore.explain.guided_backprop import GuidedBackprop
from attrcore.explain.guided_grad_cam import GuidedGradCam
from attrcore.kinds import Refused
from tests.families import network, photo

T = torch.tensor([3])


def test_by_hand():
    """y = relu(x1 - x2) - relu(x3) at (1, 3, 2): the first unit is silent, and 1 comes back through it all the same."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(3, 2, bias=False), nn.ReLU(), nn.Linear(2, 1, bias=False))
    net[1].weight.data = torch.tensor([[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]])
    net[3].weight.data = torch.tensor([[1.0, -1.0]])
    x = torch.tensor([[[[1.0, 3.0, 2.0]]]])
    assert Deconvnet()(net, x, torch.tensor([0])).flatten().tolist() == [1, -1, 0]
    assert not GuidedBackprop()(net, x, torch.tensor([0])).any()


@pytest.mark.parametrize("name", ["alexnet", "squeezenet1_1", "resnet18"])
def test_values_agree_with_captum_where_relu_is_a_module(name):
    net, x = network(name), photo(size=96)
    theirs = captum.attr.Deconvolution(net).attribute(x.clone(), target=T)
    torch.testing.assert_close(Deconvnet()(net, x, T), theirs)


def test_it_is_refused_where_it_is_not_defined():
    with pytest.raises(Refused, match="Deconvnet changes what ReLUs send back, and this network has no ReLU"):
        Deconvnet()(network("convnext_tiny"), photo(size=96), T)


def test_guided_grad_cam_is_the_product_and_agrees_with_captum():
    net, x = network("resnet18"), photo(size=96)
    ours = GuidedGradCam()(net, x, T)
    torch.testing.assert_close(ours, GuidedBackprop()(net, x, T) * GradCam()(net, x, T))
    theirs = captum.attr.GuidedGradCam(net, net.layer4).attribute(x.clone(), target=T, interpolate_mode="bilinear")
    assert torch.nn.functional.cosine_similarity(ours.flatten(), theirs.flatten(), dim=0) > 0.999
