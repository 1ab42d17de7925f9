"""torchvision's networks with random but lively weights, for tests that need no download."""

from functools import cache

import torch
import torchvision
from torch import nn

from tests.conftest import seeded


@cache
def network(name):
    """Kaiming weights and non-trivial BatchNorm statistics, float64: signals neither die nor explode."""

    def make():
        extra = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
        net = getattr(torchvision.models, name)(weights=None, **extra)
        for m in net.modules():
            if isinstance(m, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(m.weight)
                if m.bias is not None:
                    nn.init.normal_(m.bias, std=0.1)
            if isinstance(m, nn.BatchNorm2d):
                nn.init.uniform_(m.running_mean, -0.2, 0.2)
                nn.init.uniform_(m.running_var, 0.8, 1.5)
        return net.double()

    return seeded(make)


def photo(count=1, size=96):
    """Smooth random colour images."""
    g = torch.Generator().manual_seed(3)
    small = torch.rand(count, 3, 12, 12, generator=g, dtype=torch.double)
    return nn.functional.interpolate(small, (size, size), mode="bilinear")
