import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

from attrcore.models.cifar_resnet import DEPTHS, Block, CifarResNet
from attrcore.models.imagenet import MEAN, STD
from attrcore.models.own import Settings, accept
from attrcore.paths import data_folder
from tests.conftest import needs, seeded

PUBLISHED = {20: 0.27, 32: 0.46, 44: 0.66, 56: 0.85}  # million weights: He et al. (2016), table 6


@pytest.mark.parametrize("depth", DEPTHS)
def test_depth_and_number_of_weights_are_those_of_the_paper(depth):
    net = seeded(lambda: CifarResNet(depth))
    convolutions = [m for m in net.modules() if isinstance(m, torch.nn.Conv2d)]
    assert len(convolutions) + 1 == depth
    assert sum(p.numel() for p in net.parameters()) / 1e6 == pytest.approx(PUBLISHED[depth], abs=0.006)


def test_another_depth_is_refused():
    with pytest.raises(ValueError, match=r"CifarResNet\.depth must be one of 20, 32, 44, 56, got 110"):
        CifarResNet(110)


def test_a_shortcut_takes_every_second_pixel_and_pads_with_zeros_on_both_sides():
    block = seeded(lambda: Block(16, 32, stride=2))
    torch.nn.init.zeros_(block.bn2.weight)  # nothing but the shortcut is left
    torch.nn.init.zeros_(block.bn2.bias)
    x = torch.rand(2, 16, 8, 8, generator=torch.Generator().manual_seed(0))
    expected = torch.cat([torch.zeros(2, 8, 4, 4), x[:, :, ::2, ::2], torch.zeros(2, 8, 4, 4)], dim=1)
    assert torch.equal(block(x), expected)


def test_three_stages_halve_the_image_twice():
    net, x = seeded(lambda: CifarResNet(20, classes=7)), torch.rand(2, 3, 32, 32)
    y = net.layer1(net.relu(net.bn1(net.conv1(x))))
    assert y.shape == (2, 16, 32, 32)
    y = net.layer2(y)
    assert y.shape == (2, 32, 16, 16)
    y = net.layer3(y)
    assert y.shape == (2, 64, 8, 8)
    torch.testing.assert_close(net(x), F.linear(y.mean((2, 3)), net.linear.weight, net.linear.bias))


@needs("cifar10/weights")
def test_published_weights_are_as_good_as_was_measured(monkeypatch, tmp_path):
    """91.5 % of these 1,000 test images, in the README beside them; not one image may be missing."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    test = np.load(data_folder() / "cifar10" / "cifar10_test_1000.npz")
    path = data_folder() / "cifar10" / "weights" / "resnet20.safetensors"
    entry = accept(path, Settings("resnet20", (3, 32, 32), MEAN, STD, tuple(test["classes"].tolist())), path.name)
    x = torch.tensor(test["images"]).permute(0, 3, 1, 2) / 255
    with torch.no_grad():
        logits = entry.load().net(x)
        plain = CifarResNet(20).eval()
        plain.load_state_dict(load_file(path), strict=False)
        by_hand = plain((x - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None])
    assert torch.equal(logits, by_hand)
    right = logits.argmax(1) == torch.tensor(test["labels"]).long()
    assert right.double().mean().item() == pytest.approx(0.915, abs=1e-9)
