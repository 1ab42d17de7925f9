"""The laws of the objectives: what holds by the papers' own formulas, on networks small enough to know the answer."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from attrcore.draws import generator
from attrcore.models.small import fresh
from attrcore.quadrature import QUADRATURES
from attrcore.train import OBJECTIVES
from attrcore.train.ig_norm import IgNorm
from attrcore.train.ig_sum_norm import IgSumNorm
from attrcore.train.igr_cosine import IgrCosine
from attrcore.train.inner import Inner
from attrcore.train.l2_cosine import L2Cosine
from attrcore.train.natural import Natural
from attrcore.train.objective import Moment
from attrcore.train.path import PathIntegral, logit, loss, size
from attrcore.train.pgd import Pgd

X = torch.rand(6, 1, 28, 28, generator=torch.Generator().manual_seed(0))
Y = torch.arange(6)
SHORT = Inner(eps=0.1, steps=4, size=0.04)
FEW = PathIntegral(steps=3, rule="Gauss-Legendre")
NET = fresh("MnistMLP", 0)


def at(share=0.5):
    return Moment(share, generator("test", 0))


def short(cls):
    """One of the class, cheap enough for a test."""
    made = cls()
    names = {"inner": SHORT, "near": FEW, "path": FEW}
    return replace(made, **{name: value for name, value in names.items() if hasattr(made, name)})


def gradients(objective, net=NET, moment=None):
    total = sum(objective.terms(net, X, Y, moment or at()).values())
    return torch.autograd.grad(total, list(net.parameters()))


class OneLayer(nn.Module):
    """A linear classifier of two classes with opposite weights: the logistic loss of the paper's theorem."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(784, generator=torch.Generator().manual_seed(3)) / 10)

    def forward(self, x):
        s = x.flatten(1) @ self.w
        return torch.stack([-s, s], 1) / 2


@pytest.mark.parametrize(("rule", "steps"), [("Gauss-Legendre", 100), ("right Riemann", 400)])
def test_attributions_of_the_loss_sum_to_its_change(rule, steps):
    z = (X + 0.2 * torch.randn(X.shape, generator=torch.Generator().manual_seed(1))).clamp(0, 1)
    found = PathIntegral(steps, rule)(NET, loss, X, z, Y).sum((1, 2, 3))
    change = (loss(NET(z), Y) - loss(NET(X), Y)).detach()
    assert torch.allclose(found, change, atol=0.01 * float(change.abs().max()))


def test_attributions_of_a_logit_sum_to_it_too():
    found = PathIntegral(12, "Gauss-Legendre")(NET, logit, torch.zeros_like(X), X, Y).sum((1, 2, 3))
    assert torch.allclose(found, logit(NET(X), Y) - logit(NET(torch.zeros_like(X)), Y), atol=0.02)


def test_of_weight_0_ig_sum_norm_is_adversarial_training():
    a, b = gradients(replace(short(IgSumNorm), weight=0.0)), gradients(Pgd(SHORT))
    assert all(torch.equal(p, q) for p, q in zip(a, b, strict=True))


@pytest.mark.parametrize("cls", [IgNorm, IgSumNorm])
def test_in_a_ball_without_size_nothing_is_attributed(cls):
    nowhere = replace(short(cls), inner=replace(SHORT, eps=0.0))
    terms = nowhere.terms(NET, X, Y, at())
    assert terms["attribution"] == 0 and terms["cross-entropy"] == F.cross_entropy(NET(X), Y)
    for p, q in zip(gradients(nowhere), gradients(Natural()), strict=True):
        assert torch.allclose(p, q, atol=1e-7)


def test_on_one_layer_ig_norm_is_adversarial_training_as_the_theorem_says():
    net, y = OneLayer(), Y % 2
    inner = Inner(eps=0.1, steps=30, size=0.02)
    exact = PathIntegral(20, "Gauss-Legendre")
    norm = IgNorm(1.0, inner, led=15, near=exact, path=exact).terms(net, X, y, at())
    madry = Pgd(inner).terms(net, X, y, at())
    assert sum(norm.values()).item() == pytest.approx(sum(madry.values()).item(), rel=1e-4)
    worst = (X.flatten(1) - 0.1 * (2 * y[:, None] - 1) * net.w.sign()).clamp(0, 1)
    assert madry["cross-entropy"].item() == pytest.approx(F.cross_entropy(net(worst), y).item(), rel=1e-5)
    a, b = (torch.autograd.grad(sum(terms.values()), net.w)[0] for terms in (norm, madry))
    assert torch.allclose(a, b, rtol=1e-3, atol=1e-5)


def test_a_search_that_climbs_the_norm_alone_stays_where_half_of_the_pixels_go_the_wrong_way():
    net, y = OneLayer(), Y % 2
    alone = IgNorm(1.0, Inner(eps=0.1, steps=30, size=0.02), near=FEW, path=FEW)
    led = replace(alone, led=15)
    a, b = (objective.terms(net, X, y, at())["attribution"] for objective in (alone, led))
    assert a < 0.9 * b


def test_the_norm_is_never_less_than_the_rise_of_the_loss():
    z = SHORT.worst(lambda z: loss(NET(z), Y), NET, X, at())
    norm = size(PathIntegral(20, "Gauss-Legendre")(NET, loss, X, z, Y))
    assert (norm >= loss(NET(z), Y) - loss(NET(X), Y) - 1e-3).all()


def test_climbing_finds_worse_images_in_the_ball():
    def value(z):
        return size(FEW(NET, loss, X, z, Y))

    z, start = (replace(SHORT, steps=n).worst(value, NET, X, at()) for n in (4, 0))
    assert (value(z) > value(start)).all()
    assert ((z - X).abs() <= 0.1 + 1e-6).all() and z.min() >= 0 and z.max() <= 1
    assert not z.requires_grad and all(p.requires_grad and p.grad is None for p in NET.parameters())


def test_a_ramp_grows_the_ball_over_its_share_of_the_training():
    ramped = replace(SHORT, ramp=0.4)
    reach = [
        float((ramped.worst(lambda z: loss(NET(z), Y), NET, X, at(share)) - X).abs().max())
        for share in (0, 0.2, 0.4, 1)
    ]
    assert reach == pytest.approx([0.0, 0.05, 0.1, 0.1], abs=1e-6)


def test_half_precision_inside_finds_images_nearly_as_bad():
    exact, rough = (
        float(
            loss(NET(replace(SHORT, bfloat16=half).worst(lambda z: loss(NET(z), Y), NET, X, at())), Y).detach().mean()
        )
        for half in (False, True)
    )
    assert rough == pytest.approx(exact, rel=0.02) and rough > float(loss(NET(X), Y).detach().mean())


@pytest.mark.parametrize("cls", [cls for cls in OBJECTIVES.values() if cls is not Natural])
def test_what_an_objective_asks_for_comes(cls):
    """A few steps on one batch lower its terms, with the same draws."""
    objective, net = short(cls), fresh("MnistMLP", 0)
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
    totals = []
    for _ in range(8):
        optimiser.zero_grad()
        terms = objective.terms(net, X, Y, at())
        assert all(v.ndim == 0 and v.isfinite() for v in terms.values())
        total = sum(terms.values())
        total.backward()
        optimiser.step()
        totals.append(total.item())
    assert totals[-1] < 0.8 * totals[0]


@pytest.mark.parametrize("cls", [IgrCosine, L2Cosine])
def test_cosine_terms_reach_the_weights(cls):
    objective = replace(short(cls), **({"weight": 0.0} if cls is IgrCosine else {"angle": 0.0, "length": 0.0}))
    a, b = gradients(short(cls)), gradients(objective)
    assert any(not torch.allclose(p, q) for p, q in zip(a, b, strict=True))


def test_gradients_under_equal_images_are_equal():
    terms = replace(L2Cosine(), eps=0.0).terms(NET, X, Y, at())
    assert terms["length"] == 0 and terms["angle"].item() == pytest.approx(0, abs=1e-6)


def test_the_published_rules_are_among_those_there_are():
    assert IgNorm().path.rule in QUADRATURES and IgNorm().path.steps == 50 and IgNorm().near.steps == 10
