"""Laws on networks with real weights: completeness and conservation, or an honest label."""

import pytest
import torch

from attrcore.data.fit import fit
from attrcore.data.photos import SamplePhotos
from attrcore.explain import IDGI, LRP, AdaptiveIntegratedGradients, DeepLift, DeepTaylor, IntegratedGradients
from attrcore.explain.validity import validity
from attrcore.models import MODELS
from attrcore.models.cifar_resnet import CifarResNet
from attrcore.models.imagenet import MEAN, STD, Normalise
from attrcore.paths import data_folder
from tests.conftest import needs


def photos(side):
    shown = [SamplePhotos().open(name) for name in ("cat", "coffee")]
    return torch.stack([torch.tensor(fit(p, (3, side, side), side)) for p in shown]) / 255


def resnet20():
    from safetensors.torch import load_file

    net = CifarResNet(20, 10)
    net.load_state_dict(load_file(data_folder() / "cifar10" / "weights" / "resnet20.safetensors"))
    return torch.nn.Sequential(Normalise(MEAN, STD), net).eval().requires_grad_(False), photos(32)


def network(name):
    if name == "CIFAR ResNet-20":
        return resnet20()
    return MODELS[name].load().net, photos(224)


NETWORKS = ("SqueezeNet 1.1", "SqueezeNet 1.0", "MobileNet-v2", "CIFAR ResNet-20")


@needs("imagenet/weights")
@needs("cifar10/weights")
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(
    "method",
    [IntegratedGradients(steps=64), AdaptiveIntegratedGradients(), DeepLift(), IDGI()],
    ids=lambda m: type(m).__name__,
)
def test_maps_of_real_networks_complete(name, method):
    net, x = network(name)
    t = net(x).argmax(1)
    for checks in validity(method, net, x, t, method(net, x, t)):
        assert checks[1].law == "completeness" and checks[1].holds, checks[1].says


@needs("imagenet/weights")
@needs("cifar10/weights")
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("method", [LRP(), LRP(preset="z+"), LRP(preset="Z"), DeepTaylor()], ids=str)
def test_relevance_of_real_networks_is_conserved_or_labelled(name, method):
    net, x = network(name)
    t = net(x).argmax(1)
    a = method(net, x, t)
    scores = net(x).gather(1, t[:, None])[:, 0]
    for checks, total, score in zip(validity(method, net, x, t, a), a.sum((1, 2, 3)), scores, strict=True):
        off = abs(total / score - 1).item() if total.isfinite() else float("inf")
        assert all(c.holds for c in checks) == (off <= 0.05)
    if name.startswith("SqueezeNet"):
        assert all(c.holds for checks in validity(method, net, x, t, a) for c in checks)
