import pytest
import torch
from torch import nn
from zennit.attribution import Gradient as ZennitGradient
from zennit.composites import EpsilonAlpha2Beta1, EpsilonGammaBox, EpsilonPlus, EpsilonPlusFlat
from zennit.torchvision import ResNetCanonizer

from attrcore.explain.canonical import canonical
from attrcore.explain.deep_taylor import DeepTaylor
from attrcore.explain.gradient_x_input import GradientXInput
from attrcore.explain.lrp import INPUTS, LRP, PRESETS
from attrcore.explain.validity import validity
from attrcore.kinds import Refused
from attrcore.models import MODELS
from tests.conftest import Toy, needs, seeded
from tests.families import network, photo

FIRST = torch.tensor([0])


def two_units():
    """y = 2 relu(x1 + 2 x2 - x3) - relu(-x1 + x3)."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(3, 2, bias=False), nn.ReLU(), nn.Linear(2, 1, bias=False))
    net[1].weight.data = torch.tensor([[1.0, 2.0, -1.0], [-1.0, 0.0, 1.0]])
    net[3].weight.data = torch.tensor([[2.0, -1.0]])
    return net


def image(*values):
    return torch.tensor(values).view(1, 1, 1, -1)


@pytest.mark.parametrize(
    ("preset", "expected"),
    [
        ("Z", [2.0, 8.0, -2.0]),  # 8 x (1, 4, -1) / 4
        ("z+", [1.6, 6.4, 0.0]),  # 8 x (1, 4) / 5
        ("PA", [1.6, 6.4, 0.0]),
        ("PB", [3.2, 12.8, -8.0]),  # twice 8 to what speaks for the unit, once 8 from what speaks against it
        ("gamma", [10 / 5.25, 40 / 5.25, -8 / 5.25]),  # 8 x (1.25, 5, -1) / 5.25
    ],
)
def test_one_unit_by_hand(preset, expected):
    """2 relu(x1 + 2 x2 - x3) at (1, 2, 1): the unit is 1 + 4 - 1 = 4, the score 8."""
    net = nn.Sequential(nn.Conv2d(1, 1, (1, 3), bias=False), nn.ReLU(), nn.Flatten(), nn.Linear(1, 1, bias=False))
    net[0].weight.data = torch.tensor([1.0, 2.0, -1.0]).view(1, 1, 1, 3)
    net[3].weight.data = torch.tensor([[2.0]])
    a = LRP(preset=preset, gamma=0.25, eps=0.0)(net, image(1.0, 2.0, 1.0), FIRST)
    torch.testing.assert_close(a.flatten(), torch.tensor(expected), atol=1e-5, rtol=1e-5)


def test_the_flat_and_the_box_rule_by_hand():
    """Flat: a third each.  Box: contributions from black for positive weights, from white for negative ones."""
    x = image(1.0, 0.5, 0.25)  # the unit is 1 + 1 - 0.25 = 1.75, the score 3.5
    flat = LRP(preset="z+", first_layer="flat")(two_units(), x, FIRST)
    torch.testing.assert_close(flat.flatten(), torch.full((3,), 3.5 / 3), atol=1e-5, rtol=1e-5)
    box = LRP(preset="z+", first_layer="box")(two_units(), x, FIRST)  # 1, 1 and (0.25 - 1) (-1), of 2.75
    torch.testing.assert_close(box.flatten(), 3.5 / 2.75 * torch.tensor([1.0, 1.0, 0.75]), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(DeepTaylor()(two_units(), x, FIRST), box)


def test_biases_get_nothing_or_their_share():
    net = nn.Sequential(nn.Flatten(), nn.Linear(2, 1), nn.ReLU())
    net[1].weight.data, net[1].bias.data = torch.tensor([[1.0, 1.0]]), torch.tensor([2.0])
    x = image(1.0, 1.0)
    for biases, each in ((False, 2.0), (True, 1.0)):
        a = LRP(preset="Z", biases=biases)(net, x, FIRST)
        torch.testing.assert_close(a.flatten(), torch.full((2,), each), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ["squeezenet1_1", "vgg11_bn", "resnet18", "alexnet"])
def test_with_biases_and_nothing_absorbed_it_is_gradient_times_input_on_a_relu_network(name):
    net, x = network(name), photo(size=96)
    ours = LRP(preset="Z", biases=True)(net, x, torch.tensor([3]))
    torch.testing.assert_close(ours, GradientXInput()(net, x, torch.tensor([3])), rtol=1e-5, atol=1e-7)


# What z+ loses, it loses where nothing spoke for an output: behind depthwise layers, a good part.
FAMILIES = {"squeezenet1_1": 0.01, "alexnet": 0.01, "resnet18": 0.01, "vgg11_bn": 0.01, "densenet121": 0.01,
            "googlenet": 0.01, "inception_v3": 0.01, "convnext_tiny": 0.01, "efficientnet_b0": 0.2}  # fmt: skip


@pytest.mark.parametrize("first_layer", ["as the others", "flat"])
@pytest.mark.parametrize("name", FAMILIES)
def test_relevance_is_conserved_on_every_family(name, first_layer):
    net, x = network(name), photo(size=96)
    target = net(x).argmax(1)
    score = net(x)[0, target].item()
    for preset in ("z+",) if name in ("efficientnet_b0", "convnext_tiny") else ("z+", "PA"):
        total = LRP(preset=preset, first_layer=first_layer, eps=1e-6)(net, x, target).sum().item()
        assert total == pytest.approx(score, rel=FAMILIES[name])


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("first_layer", INPUTS)
def test_what_arrives_stands_on_the_map(preset, first_layer):
    from attrcore.data.digits import packaged_digits

    net, x = MODELS["MNIST CNN"].load().net, torch.tensor(packaged_digits()[0][:4, None]) / 255
    target, method = net(x).argmax(1), LRP(preset=preset, first_layer=first_layer)
    a, scores = method(net, x, target), net(x).amax(1)
    for checks, share in zip(validity(method, net, x, target, a), (a.sum((1, 2, 3)) / scores).tolist(), strict=True):
        said = float(checks[1].figure.removeprefix("keeps ").partition(" %")[0])
        assert said == pytest.approx(100 * share, abs=0.51) and checks[1].holds == (abs(share - 1) <= 0.05)
        assert checks[1].holds or "bound 95 % to 105 %" in checks[1].figure


@pytest.mark.parametrize("how", ["zeros", "reflect", "replicate", "circular"])
def test_a_layer_is_padded_as_it_pads(how):
    net = seeded(lambda: nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1, padding_mode=how, bias=False), nn.ReLU(), nn.Flatten(),
        nn.Linear(6 * 64, 4, bias=False),
    )).double()  # fmt: skip
    x = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0)).double()
    t = torch.tensor([1, 2])
    torch.testing.assert_close(LRP(preset="Z")(net, x, t), GradientXInput()(net, x, t))


@pytest.mark.parametrize("settings", [{"affine": False}, {"track_running_stats": False}])
def test_a_norm_without_weights_or_statistics(settings):
    def net():
        return nn.Sequential(
            nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6, **settings), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 36, 4)
        )

    net = seeded(net).double().eval()
    x = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0)).double()
    assert LRP(preset="z+")(net, x, net(x).argmax(1)).isfinite().all()


def test_the_box_of_each_first_layer_is_its_own():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.other = (nn.Sequential(nn.Flatten(), nn.Linear(4, 5), nn.ReLU()) for _ in range(2))
            self.last = nn.Linear(5, 2)

        def forward(self, x):
            return self.last(self.one(x) + self.other(2 * x - 1))

    net = seeded(Two).double()
    x = torch.rand(2, 1, 2, 2, generator=torch.Generator().manual_seed(0)).double()
    t = net(x).argmax(1)
    a = LRP(preset="z+", first_layer="box")(net, x, t)
    torch.testing.assert_close(a.sum((1, 2, 3)), net(x).gather(1, t[:, None])[:, 0].detach())


@pytest.mark.parametrize("name", ["convnext_tiny", "mobilenet_v2", "mobilenet_v3_small"])
def test_where_sums_cancel_or_nothing_contributes_the_badge_says_what_is_lost(name):
    net, x = network(name), photo(size=96)
    t = net(x).argmax(1)
    method = LRP(preset="PA")  # ConvNeXt's dense layers cancel
    a = method(net, x, t)
    share = a.sum().item() / net(x)[0, t].item()
    (checks,) = validity(method, net, x, t, a)
    assert abs(share - 1) > 0.05 and not checks[1].holds and "keeps" in checks[1].figure


@needs("imagenet/weights")
def test_on_real_networks_it_conserves_or_says_that_it_does_not():
    x = photo(size=224).float()
    net = MODELS["SqueezeNet 1.1"].load().net
    t = net(x).argmax(1)
    for method in (LRP(), LRP(preset="gamma"), DeepTaylor()):
        assert validity(method, net, x, t, method(net, x, t))[0][1].holds
    net = MODELS["MobileNet-v2"].load().net  # most of its units are active by their biases alone
    t = net(x).argmax(1)
    for preset in ("PA", "Z"):
        checks = validity(LRP(preset=preset), net, x, t, LRP(preset=preset)(net, x, t))[0]
        assert not checks[-1].holds


def without_biases(composite):
    """zennit's rules with biases left out of every denominator, as ours."""
    return composite(zero_params="bias")


@pytest.mark.parametrize(
    ("method", "composite"),
    [
        (LRP(preset="PA", eps=0.0), EpsilonPlus),
        (LRP(preset="PA", eps=0.0, first_layer="flat"), EpsilonPlusFlat),
        (LRP(preset="PB", eps=0.0), EpsilonAlpha2Beta1),
        (LRP(preset="gamma", eps=0.0, first_layer="box"), lambda **k: EpsilonGammaBox(low=0.0, high=1.0, **k)),
    ],
    ids=lambda v: str(v) if isinstance(v, LRP) else "",
)
@pytest.mark.parametrize("name", ["vgg11", "alexnet"])
def test_values_agree_with_zennit(name, method, composite):
    net, x, t = network(name), photo(size=96), torch.tensor([3])
    score = net(x)[0, 3].item()
    with ZennitGradient(net, without_biases(composite)) as attributor:
        _, theirs = attributor(x.clone(), torch.eye(1000, dtype=torch.double)[t] * score)
    ours = method(net, x, t)
    assert torch.nn.functional.cosine_similarity(ours.flatten(), theirs.flatten(), dim=0) > 0.9999
    torch.testing.assert_close(ours.sum(), theirs.sum(), rtol=1e-3, atol=0)


def test_values_agree_with_zennit_across_skip_connections_and_batch_norm():
    net, x, t = network("resnet18"), photo(size=96), torch.tensor([3])
    score = net(x)[0, 3].item()
    composite = EpsilonPlus(zero_params="bias", canonizers=[ResNetCanonizer()])
    with ZennitGradient(net, composite) as attributor:
        _, theirs = attributor(x.clone(), torch.eye(1000, dtype=torch.double)[t] * score)
    ours = LRP(preset="PA", eps=0.0)(net, x, t)
    assert torch.nn.functional.cosine_similarity(ours.flatten(), theirs.flatten(), dim=0) > 0.999


def test_batch_norm_is_part_of_its_convolution_and_weights_are_read_anew():
    net = seeded(
        lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3))
    )
    net[1].running_mean.uniform_(-1, 1)
    net[1].running_var.uniform_(0.5, 2)
    net[1].weight.data.uniform_(-1, 1)
    x = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    fused = seeded(lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3)))
    for _ in range(2):
        fused[0] = nn.utils.fuse_conv_bn_eval(net[0], net[1])
        fused[3].load_state_dict(net[4].state_dict())
        torch.testing.assert_close(LRP()(net, x, FIRST), LRP()(fused, x, FIRST), atol=1e-6, rtol=1e-4)
        torch.testing.assert_close(canonical(net)(x), net(x))
        net[0].weight.data *= -0.5


def test_attention_is_refused_in_a_sentence():
    with pytest.raises(Refused, match="Relevance has no rule for a step of this network"):
        LRP()(network("vit_b_32"), photo(size=96), FIRST)


def test_a_curve_without_a_rule_is_refused():
    class Curved(nn.Module):
        def forward(self, x):
            return x.exp().mean((2, 3))

    with pytest.raises(Refused, match="no rule for a step of this network, exp"):
        LRP()(Curved(), torch.rand(1, 3, 8, 8), FIRST)


def test_a_gate_gets_nothing_and_what_it_scales_gets_all():
    class Squeezed(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.gate, self.head = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 1), nn.Linear(4, 3)

        def forward(self, x):
            z = self.conv(x).relu()
            return self.head((z * self.gate(z.mean((2, 3), keepdim=True)).sigmoid()).mean((2, 3)))

    net, x = seeded(Squeezed).double(), photo(size=12)
    for p in (net.conv.bias, net.head.bias):
        p.data.zero_()
    assert LRP(preset="Z")(net, x, FIRST).sum().item() == pytest.approx(net(x)[0, 0].item(), rel=1e-6)


def test_a_smooth_activation_passes_relevance_on(x):
    net = seeded(lambda: Toy(nn.SiLU)).double()
    a = LRP(preset="Z", eps=0.0)(net, x[:1].double(), FIRST)
    assert a.sum().item() == pytest.approx(net(x[:1].double())[0, 0].item(), rel=1e-6)
