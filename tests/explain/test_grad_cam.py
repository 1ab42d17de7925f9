import captum.attr
import pytest
import torch
from torch import nn

from attrcore.explain.grad_cam import GradCam
from attrcore.kinds import Refused
from attrcore.rewrite import with_activation
from tests.conftest import seeded
from tests.families import network, photo


@pytest.mark.parametrize(("name", "layer"), [("resnet18", lambda n: n.layer4), ("vgg11_bn", lambda n: n.features[27])])
@pytest.mark.parametrize("rectify", [True, False])
def test_values_agree_with_captum(name, layer, rectify):
    net, x, t = network(name), photo(), torch.tensor([3])
    method = captum.attr.LayerGradCam(net, layer(net))
    theirs = method.attribute(x.clone(), target=t, relu_attributions=rectify).detach()
    theirs = nn.functional.interpolate(theirs, x.shape[2:], mode="bilinear")
    torch.testing.assert_close(GradCam(rectify=rectify)(net, x, t), theirs)


def test_by_hand_on_one_channel_that_speaks_for_the_class():
    """logit = mean of the feature map: the gradient of each cell is 1 / cells, so the map is features / cells."""
    net = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    net[0].weight.data.fill_(1.0)
    x = torch.rand(1, 1, 4, 4)
    torch.testing.assert_close(GradCam()(net, x, torch.tensor([0])), x / 16)


def test_a_network_without_feature_map_is_refused(x, target):
    net = seeded(lambda: nn.Sequential(nn.Flatten(), nn.Linear(192, 8), nn.ReLU(), nn.Linear(8, 3)))
    with pytest.raises(Refused, match="no convolutional feature map"):
        GradCam()(net, x, target)


@pytest.mark.parametrize("name", ["convnext_tiny", "efficientnet_b0", "mobilenet_v3_small"])
def test_feature_maps_have_their_channels_first(name):
    """In ConvNeXt activations stand between linear layers, channels last; its feature maps are the sums."""
    net, x = network(name), photo(size=96)
    _, features = with_activation(net, 1, x)(x)
    assert features.shape[2] == features.shape[3] == 3 and features.shape[1] in (768, 1280, 576)
    assert GradCam()(net, x, torch.tensor([3])).shape == (1, 1, 96, 96)
