import copy

import pytest
import torch
from torch import nn

from attrcore.kinds import Refused
from attrcore.models.cifar_resnet import CifarResNet
from attrcore.models.hollow import hollow
from attrcore.models.imagenet import untrained
from attrcore.sanity.parameters import STATISTICS, alive, blocks, layers, own, randomised, steps
from tests.conftest import Toy, seeded

# As Adebayo et al. (2018, arXiv:1810.03292) take Inception-v3 apart, from the image up.
INCEPTION = [
    "Conv2d_1a_3x3",
    "Conv2d_2a_3x3",
    "Conv2d_2b_3x3",
    "Conv2d_3b_1x1",
    "Conv2d_4a_3x3",
    "Mixed_5b",
    "Mixed_5c",
    "Mixed_5d",
    "Mixed_6a",
    "Mixed_6b",
    "Mixed_6c",
    "Mixed_6d",
    "Mixed_6e",
    "Mixed_7a",
    "Mixed_7b",
    "Mixed_7c",
    "fc",
]
SOME = ("squeezenet1_1", "resnet18", "googlenet", "mobilenet_v2", "densenet121", "vit_b_16", "convnext_tiny", "swin_t")


class Backwards(nn.Module):
    """Declares its layers the other way round, uses one twice and one not at all."""

    def __init__(self):
        super().__init__()
        self.head, self.second, self.unused = nn.Linear(8, 3), nn.Linear(8, 8), nn.Linear(8, 8)
        self.norm, self.first = nn.LayerNorm(8), nn.Linear(192, 8)

    def forward(self, x):
        return self.head(self.second(self.second(self.norm(self.first(x.flatten(1))).relu()).relu()))


class Normed(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
        self.conv2, self.bn2, self.fc = nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 3)

    def forward(self, x):
        return self.fc(self.bn2(self.conv2(self.bn1(self.conv1(x)).relu())).relu().mean((2, 3)))


@pytest.fixture
def trained():
    """Statistics and scales that no fresh network has."""
    net = seeded(Normed, 1)
    for m in (net.bn1, net.bn2):
        m.running_mean += 0.5
        m.weight.data += 0.5
    return net


@pytest.fixture
def first():
    return seeded(Normed, 2)


def names(parts):
    return [part.name for part in parts]


def test_layers_come_in_the_order_in_which_an_image_meets_them():
    net = seeded(Backwards)
    assert layers(net) == ("first", "norm", "second", "head")
    assert [p.layers for p in blocks(net)] == [("first", "norm"), ("second",), ("head",)]


def test_the_blocks_of_inception_are_the_papers():
    assert names(blocks(hollow(lambda: untrained("inception_v3")))) == INCEPTION


def test_a_stage_of_a_resnet_is_a_block():
    assert names(blocks(hollow(lambda: untrained("resnet18")))) == ["conv1", *(f"layer{i}" for i in range(1, 5)), "fc"]
    assert len(blocks(hollow(lambda: CifarResNet(20)))) == 5


@pytest.mark.parametrize("grain", ["blocks", "layers"])
@pytest.mark.parametrize("name", SOME)
def test_every_weight_that_decides_the_scores_is_in_one_block(name, grain):
    net = hollow(lambda: untrained(name))
    parts, modules = blocks(net, grain), dict(net.named_modules())
    found = [tensor for part in parts for layer in part.layers for tensor in own(modules, layer, reset=False)]
    assert sorted(found) == sorted(n for n, _ in net.named_parameters()) and len(set(names(parts))) == len(parts)


def test_names_leave_out_what_all_begin_with():
    net = nn.Sequential(nn.Identity(), hollow(lambda: untrained("squeezenet1_1")))
    assert names(blocks(net))[-2:] == ["features.12", "classifier"]


def test_steps_go_down_up_or_one_by_one():
    parts = blocks(seeded(Toy))
    assert [names(s) for s in steps(parts, "cascading")] == [
        [],
        ["head"],
        ["head", "conv2"],
        ["head", "conv2", "conv1"],
    ]
    assert [names(s) for s in steps(parts, "bottom-up")] == [
        [], ["conv1"], ["conv1", "conv2"], ["conv1", "conv2", "head"],
    ]  # fmt: skip
    assert [names(s) for s in steps(parts, "independent")] == [[], ["head"], ["conv2"], ["conv1"]]
    with pytest.raises(ValueError, match="order must be one of cascading"):
        steps(parts, "sideways")


def test_without_a_lost_layer_nothing_changes_and_the_two_networks_stay_as_they_are(trained, first, x):
    same = randomised(trained, first, ())
    assert torch.equal(same(x), trained(x)) and same is not trained
    before = copy.deepcopy(trained.state_dict())
    randomised(trained, first, blocks(trained), reset=True)
    assert all(torch.equal(a, b) for a, b in zip(before.values(), trained.state_dict().values(), strict=True))


def test_with_all_layers_lost_only_statistics_stay(trained, first, x):
    kept, reset = (randomised(trained, first, blocks(trained), reset=r) for r in (False, True))
    assert torch.equal(reset(x), first(x)) and not torch.equal(kept(x), first(x))
    for name, tensor in kept.state_dict().items():
        of = trained if name.rpartition(".")[2] in STATISTICS else first
        assert torch.equal(tensor, of.state_dict()[name])


def test_only_what_is_lost_changes(trained, first):
    lost = [p for p in blocks(trained) if p.name == "conv2"]
    found = randomised(trained, first, lost).state_dict()
    for name, tensor in found.items():
        of = first if name.startswith(("conv2.", "bn2.")) and name.rpartition(".")[2] not in STATISTICS else trained
        assert torch.equal(tensor, of.state_dict()[name])


def test_scores_that_do_not_move_or_are_no_numbers_are_refused(trained, first, x):
    before = trained(x)
    with pytest.raises(Refused, match="changed none"):
        alive(randomised(trained, first, ()), x, before)
    first.fc.weight.data.fill_(torch.inf)
    with pytest.raises(Refused, match="not finite"):
        alive(randomised(trained, first, blocks(trained)), x, before)


def test_a_network_without_weights_is_refused():
    with pytest.raises(Refused, match="no weights"):
        blocks(nn.Sequential(nn.Flatten(), nn.ReLU()))
