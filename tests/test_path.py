import numpy as np
import pytest
import torch

from attrcore.baselines import Black, Blurred
from attrcore.data.digits import packaged_digits
from attrcore.explain.integrated_gradients import IntegratedGradients
from attrcore.models import MODELS
from attrcore.path import STEPS, gaps, opened, saturated, start_of

DIGIT = packaged_digits()[0][3][None]
ABOUT = "MNIST CNN", MODELS["MNIST CNN"].digest, DIGIT


def test_its_parts_add_up_to_the_explainers_map():
    found = opened(*ABOUT, None, np.zeros_like(DIGIT), ("midpoint", 20))
    net, x = MODELS["MNIST CNN"].load().net, torch.tensor(DIGIT)[None] / 255
    a = IntegratedGradients(steps=20, rule="midpoint")(net, x, net(x).argmax(1))
    np.testing.assert_allclose(found.parts.sum(0), a[0].sum(0).numpy(), atol=1e-5)
    assert found.target == net(x).argmax().item()
    assert found.scores[-1] == pytest.approx(net(x).max().item(), abs=1e-4)
    assert found.scores[0] == pytest.approx(net(x * 0)[0, found.target].item(), abs=1e-4)
    assert found.chances.min() >= 0 and found.chances[-1] > 0.9


def test_slopes_integrate_to_the_change_in_score():
    found = opened(*ABOUT, 5, start_of(DIGIT, Blurred().to_dict()), ("Gauss-Legendre", 64))
    change = found.scores[-1] - found.scores[0]
    assert found.weights @ found.slopes == pytest.approx(change, rel=0.05) and found.target == 5


def test_more_steps_close_the_gap_by_every_rule():
    found = gaps(*ABOUT, None, np.zeros_like(DIGIT))
    assert all(len(g) == len(STEPS) and g[-1] < 0.05 for g in found.values())
    assert found["right Riemann"][0] > found["Gauss-Legendre"][0]


def test_the_saturated_stretch_begins_where_the_score_stays():
    points = np.linspace(0, 1, 11)
    assert saturated(points, np.minimum(points * 5, 1)) == pytest.approx(0.2)
    assert saturated(points, points) == pytest.approx(0.9)
    assert saturated(points, np.where(points == 0.5, 0.0, np.minimum(points * 5, 1))) == pytest.approx(0.6)


def test_a_baseline_of_another_shape_or_kind_is_refused():
    with pytest.raises(ValueError, match=r"of the image's shape \(1, 28, 28\), got \(1, 8, 8\)"):
        opened(*ABOUT, None, np.zeros((1, 8, 8), np.uint8), ("midpoint", 4))
    with pytest.raises(ValueError, match="must describe a baseline, got RandomMap"):
        start_of(DIGIT, {"kind": "RandomMap", "seed": 0})
    assert not start_of(DIGIT, Black().to_dict()).any()
