import gc

import captum.attr
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from attrcore.backward import Recording
from attrcore.explain.deconvnet import Deconvnet
from attrcore.explain.deeplift import DeepLift
from attrcore.explain.gradient import Gradient
from attrcore.explain.guided_backprop import GuidedBackprop
from attrcore.explain.validity import validity
from attrcore.kinds import Refused
from tests.conftest import seeded
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


CURVES = {
    "selu": F.selu, "mish": F.mish, "hardtanh": F.hardtanh, "glu": lambda z: F.glu(z, 1),
    "clamp": lambda z: z.clamp(min=0),
    "threshold": lambda z: F.threshold(z, 0, 0), "maximum": lambda z: torch.maximum(z, torch.zeros_like(z)),
    "abs": torch.abs, "exp": torch.exp, "square": lambda z: z * z, "pow": lambda z: z**3, "erf": torch.erf,
    "tanh": lambda z: z.tanh_(), "tanhshrink": nn.Tanhshrink(), "rrelu": nn.RReLU(),
}  # fmt: skip


@pytest.mark.parametrize("name", CURVES)
def test_no_other_function_passes_unseen_either(name):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.curve = nn.Conv2d(3, 4, 3), CURVES[name] if isinstance(CURVES[name], nn.Module) else None

        def forward(self, x):
            z = F.relu(self.first(x))
            return (self.curve(z) if self.curve is not None else CURVES[name](z)).mean((2, 3))

    with pytest.raises(Refused, match=f"also has .*{name}"):
        GuidedBackprop()(Net().eval(), torch.rand(1, 3, 8, 8), torch.tensor([0]))


def test_nothing_passes_above_six_where_the_rectifier_is_clipped_there():
    net = nn.Sequential(nn.ReLU6(), nn.Flatten(), nn.Linear(2, 1, bias=False))
    net[2].weight.data.fill_(1.0)
    x = torch.tensor([[[[3.0, 9.0]]]])
    assert GuidedBackprop()(net, x, torch.tensor([0])).flatten().tolist() == [1, 0]


def test_its_badge_asks_for_another_direction_and_the_same_scores(monkeypatch):
    net, x, t, method = network("squeezenet1_1"), photo(size=96), torch.tensor([3]), GuidedBackprop()
    gradient = Gradient()(net, x, t)
    for wrong in (gradient, 1.002 * gradient, 1e-6 * gradient):
        assert not validity(method, net, x, t, wrong)[0][1].holds
    assert validity(method, net, x, t, method(net, x, t))[0][1].holds

    class View(nn.Module):
        """Overwrites through a view what it reads again afterwards: no rewrite sees that."""

        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Conv2d(3, 4, 3), nn.Linear(4 * 36, 3)

        def forward(self, z):
            y = self.first(z)
            y.flatten(1).relu_()
            return self.last(y.flatten(1))

    net, x = seeded(View), torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    (checks,) = validity(method, net, x, t[:1] * 0, method(net, x, t[:1] * 0))
    assert not checks[1].holds and checks[1].figure == "other scores"


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


class Written(nn.Module):
    """A rectifier in other words between two layers, and a ReLU above."""

    def __init__(self, bend):
        super().__init__()
        self.bend, self.first, self.last = bend, nn.Conv2d(3, 4, 3), nn.Linear(4 * 36, 3)

    def forward(self, x):
        return self.last(self.bend(self.first(x)).relu().flatten(1))


DISGUISED = {
    "product": lambda z: z * (z > 0),
    "max": lambda z: torch.max(z, 0 * z),
    "max with zeros": lambda z: torch.max(z, torch.zeros_like(z)),
    "maximum": lambda z: torch.maximum(z, torch.zeros_like(z)),
    "where": lambda z: torch.where(z > 0, z, 0.0),
    "stack": lambda z: torch.stack([z, torch.zeros_like(z)]).amax(0),
    "cat": lambda z: torch.cat([z[None], 0 * z[None]]).amax(0),
    "atan": torch.atan,
    "sinh": lambda z: z.sinh(),
    "logsumexp": lambda z: torch.stack([z, -z]).logsumexp(0),
}


@pytest.mark.parametrize("method", [GuidedBackprop(), Deconvnet()], ids=str)
@pytest.mark.parametrize("bend", DISGUISED)
def test_an_activation_in_other_words_is_refused(method, bend, x, target):
    with pytest.raises(Refused, match=r"is defined for ReLU; this network also has \w+"):
        method(seeded(lambda: Written(DISGUISED[bend])), x, target)


@pytest.mark.parametrize("bend", DISGUISED)
def test_what_has_no_rule_gets_the_gradient_and_breaks_nothing(bend, x, target):
    net = seeded(lambda: Written(DISGUISED[bend])).double()
    a = DeepLift()(net, x.double(), target)
    assert a.isfinite().all() and a.any()


def test_scaling_and_shapes_are_no_activation(x, target):
    class Straight(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList([nn.Conv2d(3, 4, 3), nn.Linear(4 * 36, 3)])

        def forward(self, x):
            z = self.layers[0](2 * x - 1).relu() / 3
            return self.layers[1](z.view(x.shape[0], -1).reshape(z.size(0), z.numel() // x.shape[0]))

    assert GuidedBackprop()(seeded(Straight), x, target).any()


def test_no_activation_outlives_the_call(x, target):
    """What was recorded goes at once, not when the garbage collector comes by: it may be large."""
    net = seeded(lambda: Written(nn.Identity()))
    gc.collect()
    gc.disable()
    try:
        GuidedBackprop()(net, x, target)
        DeepLift()(net, x, target)
        assert not [o for o in gc.get_objects() if isinstance(o, Recording)]
    finally:
        gc.enable()
