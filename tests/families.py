"""torchvision's networks with random but lively weights, for tests that need no download."""

from functools import lru_cache

import torch
import torchvision
from torch import nn
from torchvision.ops import SqueezeExcitation

from tests.conftest import seeded

# One cheap network of each family of the zoo, and the smallest side of the images that it takes.
SMALLEST = {
    "squeezenet1_1": 17,
    "alexnet": 63,
    "resnet18": 1,
    "vgg11": 32,
    "vgg11_bn": 32,
    "densenet121": 29,
    "googlenet": 15,
    "inception_v3": 75,
    "mobilenet_v2": 1,
    "mobilenet_v3_small": 1,
    "efficientnet_b0": 1,
    "convnext_tiny": 32,
    "vit_b_32": 96,  # and no other: its place embedding is made for one size, here that of `photo`
}


@lru_cache(maxsize=2)  # a VGG takes 1 GB in this precision
def network(name):
    """Kaiming weights and non-trivial statistics, shifts and scales, float64: signals neither die nor explode."""

    def make():
        extra = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
        if name.startswith("vit_"):
            extra = {"image_size": SMALLEST["vit_b_32"]}
        net = getattr(torchvision.models, name)(weights=None, **extra)
        for m in net.modules():
            if isinstance(m, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(m.weight)
                if m.bias is not None:
                    nn.init.normal_(m.bias, std=0.1)
            if isinstance(m, nn.BatchNorm2d):
                nn.init.uniform_(m.running_mean, -0.2, 0.2)
                nn.init.uniform_(m.running_var, 0.8, 1.5)
            if isinstance(m, nn.LayerNorm):
                nn.init.uniform_(m.weight, 0.8, 1.5)
                nn.init.uniform_(m.bias, -0.2, 0.2)
            if isinstance(m, nn.MultiheadAttention):
                nn.init.normal_(m.in_proj_bias, std=0.1)
        for key, weights in net.named_parameters():
            if key.endswith("layer_scale"):  # ConvNeXt's blocks start as the identity, but for a millionth
                nn.init.uniform_(weights, 0.3, 0.6)
            if key.endswith(("class_token", "pos_embedding")):
                nn.init.normal_(weights, std=0.5)
        net = net.double().eval()
        return measured(net) if any(isinstance(m, SqueezeExcitation) for m in net.modules()) else net

    return seeded(make)


def measured(net):
    """The network with BatchNorm statistics of real activations: each of its gates halves the signal, or doubles it."""
    norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    for m in norms:
        m.train().momentum = 1.0
    with torch.no_grad():
        net(photo(4))
    for m in norms:
        m.eval().momentum = 0.1
    return net


def photo(count=1, size=96):
    """Smooth random colour images."""
    g = torch.Generator().manual_seed(3)
    small = torch.rand(count, 3, 12, 12, generator=g, dtype=torch.double)
    return nn.functional.interpolate(small, (size, size), mode="bilinear")
