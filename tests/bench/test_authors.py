"""The peer that our attack is measured beside must itself be right."""

from dataclasses import replace

import pytest
import torch

from attrcore.data.digits import packaged_digits
from attrcore.explain import IntegratedGradients
from attrcore.maps import heat
from attrcore.models import MODELS
from bench.authors import Protocol, attack, compared, direction, integrated, largest, saliency, softened

HOW = Protocol(points=20, chunk=20, iterations=8, k_attack=60, k=60, beta=10.0)


@pytest.fixture(scope="module")
def net():
    return MODELS["MNIST MLP"].load().net


@pytest.fixture(scope="module")
def digit(net):
    x = torch.from_numpy(packaged_digits()[0][7:8, None]).float() / 255
    return x, int(net(x).argmax())


def test_its_map_is_ours_with_points_at_right_ends(net, digit):
    x, label = digit
    ours = heat(IntegratedGradients(steps=20, rule="right Riemann")(net, x, torch.tensor([label])))[0]
    torch.testing.assert_close(saliency(integrated(net, x, label, HOW)), 784 * ours, atol=1e-4, rtol=1e-4)


def test_its_direction_is_the_derivative_of_what_it_pushes_down(net, digit):
    """By central differences along a random line, in double precision; however the points are split."""
    x, label = digit[0].double().clamp(0.05, 0.95), digit[1]
    soft = softened(net, 10.0).double()
    top = largest(saliency(integrated(soft, x, label, HOW)), 60)
    line = torch.randn(x.shape, generator=torch.Generator().manual_seed(0), dtype=torch.double)
    up, down = (saliency(integrated(soft, x + h * line, label, HOW)).flatten()[top].sum() for h in (1e-6, -1e-6))
    for chunk in (20, 7):
        way = direction(soft, x, label, top, replace(HOW, chunk=chunk))
        assert -(way * line).sum().item() == pytest.approx((up - down).item() / 2e-6, rel=1e-3)


@pytest.mark.parametrize("by", ["kendall", "intersection"])
def test_it_keeps_the_ball_the_label_and_the_iterate_that_is_best_by_its_measure(net, digit, by):
    x, label = digit
    found = attack(net, x, label, replace(HOW, by=by))
    assert (found.image - x).abs().max() <= 0.08 + 1e-6 and found.image.min() >= 0 and found.image.max() <= 1
    assert net(found.image).argmax() == label and 1 <= found.n <= 8
    again = compared(*(saliency(integrated(net, z, label, HOW)) for z in (x, found.image)), 60)
    assert again == pytest.approx({k: getattr(found, k) for k in again}, abs=1e-3)
    other = attack(net, x, label, replace(HOW, by={"kendall": "intersection", "intersection": "kendall"}[by]))
    assert getattr(found, by) <= getattr(other, by)


def test_its_control_asks_no_gradient_and_is_seeded(net, digit, monkeypatch):
    monkeypatch.setattr("bench.authors.direction", None)
    one, other = (attack(net, *digit, replace(HOW, random=True)) for _ in range(2))
    assert torch.equal(one.image, other.image) and one.n > 0


def test_pushing_down_all_there_is_has_no_direction(net, digit):
    """As the protocol for MNIST does with most digits: 200 pixels, and fewer are not black."""
    x, label = digit
    assert (x > 0).sum() < 200
    soft, double = softened(net, 1.0).double(), x.double()
    ways = [
        direction(soft, double, label, largest(saliency(integrated(net, x, label, HOW)), k), HOW).abs().max().item()
        for k in (200, 60)
    ]
    assert ways[0] < 1e-10 < 1e-2 < ways[1]
    assert attack(net, x, label, replace(HOW, k_attack=200, iterations=2)).n > 0  # noise makes it move
