import numpy as np
import pytest
import torch

from attrcore.baselines import Black, Blurred, White
from attrcore.batches import Abandoned
from attrcore.data.digits import packaged_digits
from attrcore.explain.integrated_gradients import IntegratedGradients
from attrcore.explain.validity import validity
from attrcore.ig_path import (
    PARTS,
    STEPS,
    STOPS,
    Halves,
    gaps,
    halves,
    looks,
    opened,
    patches,
    resting,
    slopes,
    start_of,
)
from attrcore.models import MODELS

DIGIT = packaged_digits()[0][3][None]
ABOUT = "MNIST CNN", MODELS["MNIST CNN"].digest, DIGIT
NET, X = MODELS["MNIST CNN"].load().net, torch.tensor(DIGIT)[None] / 255


@pytest.mark.parametrize("rule", ["midpoint", "Gauss-Legendre", "trapezoid", "right Riemann"])
@pytest.mark.parametrize("steps", [1, 20, 3 * STOPS + 1])
def test_its_parts_add_up_to_the_explainers_map(rule, steps):
    found = opened(*ABOUT, None, np.zeros_like(DIGIT), (rule, steps))
    a = IntegratedGradients(steps=steps, rule=rule)(NET, X, NET(X).argmax(1))
    np.testing.assert_allclose(found.parts.sum(0), a[0].sum(0).numpy(), atol=1e-5)
    assert len(found.parts) == len(found.gradients) == len(found.stops) == min(steps, STOPS)
    assert found.target == NET(X).argmax().item()
    assert found.scores[-1] == pytest.approx(NET(X).max().item(), abs=1e-4)
    assert found.scores[0] == pytest.approx(NET(X * 0)[0, found.target].item(), abs=1e-4)
    assert found.chances.min() >= 0 and found.chances[-1] > 0.9


def test_the_picture_at_a_stop_is_the_gradient_there_and_a_part_is_what_came_since_the_last():
    found = opened(*ABOUT, None, np.zeros_like(DIGIT), ("midpoint", 100))
    assert found.stops[-1] == 99 and len(found.stops) == STOPS
    stop = found.stops[10]
    z = (X * found.points[stop]).float().requires_grad_()
    (g,) = torch.autograd.grad(NET(z)[0, found.target], z)
    np.testing.assert_allclose(found.gradients[10], g[0, 0].numpy(), atol=1e-4)
    since = slice(found.stops[9] + 1, stop + 1)
    assert found.parts[10].sum() == pytest.approx(found.weights[since] @ found.slopes[since], abs=1e-4)


@pytest.mark.parametrize("baseline", [Black(), Blurred(width=0.1), White()])
@pytest.mark.parametrize("rule", [("Gauss-Legendre", 32), ("right Riemann", 2)])
def test_the_gate_says_of_the_map_what_it_says_elsewhere(rule, baseline):
    method = IntegratedGradients(steps=rule[1], rule=rule[0], baseline=baseline)
    t = NET(X).argmax(1)
    (said,) = validity(method, NET, X, t, method(NET, X, t))
    found = opened(*ABOUT, None, start_of(DIGIT, baseline.to_dict()), rule)
    assert found.checks == said


def test_slopes_integrate_to_the_change_in_score():
    found = opened(*ABOUT, 5, start_of(DIGIT, Blurred().to_dict()), ("Gauss-Legendre", 64))
    change = found.scores[-1] - found.scores[0]
    assert found.weights @ found.slopes == pytest.approx(change, rel=0.05) and found.target == 5


def all_gaps(start):
    return gaps([slopes(*ABOUT, None, start, part) for part in range(PARTS)])


def test_more_steps_close_the_gap_by_every_rule():
    found = all_gaps(np.zeros_like(DIGIT))
    assert all(len(g) == len(STEPS) and g[-1] < 0.05 for g in found.values())
    assert found["right Riemann"][0] > found["Gauss-Legendre"][0]
    assert all_gaps(Black().to_dict()) == found


def test_the_gaps_are_those_of_the_paths():
    found = all_gaps(np.zeros_like(DIGIT))
    for rule, off in found.items():
        for steps, one in zip(STEPS, off, strict=True):
            path = opened(*ABOUT, None, np.zeros_like(DIGIT), (rule, steps))
            change = path.scores[-1] - path.scores[0]
            assert one == pytest.approx(abs(path.weights @ path.slopes - change) / abs(change), abs=1e-5)
    assert len(looks()) < len(found) * sum(STEPS)  # what rules share is computed once


POINTS = np.linspace(0, 1, 101)
CURVES = {  # from where on the score rests, and whether that is saturation
    "a straight line": (POINTS, 0.9, False),
    "down a straight line": (-POINTS, 0.9, False),
    "ever steeper": (POINTS**2, 0.9**0.5, False),
    "saturating": (1 - np.exp(-10 * POINTS), -np.log(0.1) / 10, True),
    "saturating below": (np.exp(-10 * POINTS), -np.log(0.1) / 10, True),
    "overshooting far and coming back late": (np.interp(POINTS, [0, 0.5, 1], [0, 2, 1]), 0.95, False),
    "overshooting a little": (np.interp(POINTS, [0, 0.5, 1], [0, 1.05, 1]), 0.5 * 0.9 / 1.05, True),
    "overshooting and at rest soon": (np.interp(POINTS, [0, 0.3, 0.4, 1], [0, 2, 1, 1]), 0.39, True),
    "at rest but for one look": (np.where(np.arange(101) == 95, 0, np.minimum(5 * POINTS, 1)), 0.959, False),
}


@pytest.mark.parametrize("name", CURVES)
def test_a_score_saturates_where_it_rests_long_before_a_straight_line_would(name):
    scores, bend, saturated = CURVES[name]
    found = resting(POINTS, scores)
    assert found == pytest.approx(bend, abs=2e-3)
    assert Halves(found, (0, 0), (1, 1)).saturated == saturated


@pytest.mark.parametrize("points", [4, 7, 33])
def test_a_straight_line_saturates_by_no_number_of_points(points):
    places = np.array([0, *(np.arange(points) + 0.5) / points, 1])
    assert resting(places, 3 - 7 * places) == pytest.approx(0.9)


@pytest.mark.parametrize("rule", ["Gauss-Legendre", "midpoint"])
@pytest.mark.parametrize("steps", [20, 512])
def test_both_halves_of_a_path_are_counted_to_the_step(rule, steps):
    found = opened(*ABOUT, None, np.zeros_like(DIGIT), (rule, steps))
    bend, sums, sizes = halves(found)
    z = (X * torch.tensor(found.points, dtype=X.dtype)[:, None, None, None]).requires_grad_()
    (g,) = torch.autograd.grad(NET(z)[:, found.target].sum(), z)
    every = (g * X)[:, 0].numpy() * found.weights[:, None, None]
    late = found.points >= bend
    assert 0.8 < bend < 1 and late.any()
    for where, total, size in zip((~late, late), sums, sizes, strict=True):
        assert total == pytest.approx(every[where].sum(), abs=1e-3)
        assert size == pytest.approx(np.abs(every[where].sum(0)).sum(), rel=1e-3)
    assert sum(sums) == pytest.approx(found.weights @ found.slopes)


def test_what_is_said_of_the_baseline_is_one_thing():
    start = start_of(DIGIT, Blurred(width=0.1).to_dict())
    found = opened(*ABOUT, 5, start, ("midpoint", 4))
    with torch.no_grad():
        chances = NET(torch.tensor(start)[None]).softmax(1)[0].numpy()
    np.testing.assert_allclose(found.before.chances, chances, atol=1e-6)
    assert (
        found.before.logits[5] == pytest.approx(found.scores[0])
        and found.before.chances[5] == found.chances[0]
        and found.seconds > 0
    )


def test_what_a_painted_baseline_leaves_gets_exactly_nothing():
    replaced = np.zeros((28, 28), bool)
    replaced[:, 14:] = True
    start = start_of(DIGIT, White().to_dict(), replaced)
    assert (start[:, :, 14:] == 1).all() and np.array_equal(start[0, :, :14], X[0, 0, :, :14].numpy())
    found = opened(*ABOUT, None, start, ("Gauss-Legendre", 8))
    assert (
        not found.parts[:, ~replaced].any() and found.parts[:, replaced].any() and found.gradients[:, ~replaced].any()
    )


def test_a_baseline_that_is_the_image_says_so():
    start = start_of(DIGIT, White().to_dict(), np.zeros((28, 28), bool))
    found = opened(*ABOUT, None, start, ("midpoint", 4))
    assert found.checks[-1].figure == "image = baseline" and not found.parts.any()
    assert halves(found).sizes == (0, 0) and not halves(found).saturated


def test_patches_cover_the_image():
    found = patches(DIGIT)
    assert found.shape == (28, 28) and np.array_equal(np.unique(found), np.arange(found.max() + 1)) and found.max() > 4


def test_a_path_that_nobody_waits_for_stops(monkeypatch):
    monkeypatch.setattr("attrcore.ig_path.still_wanted", lambda: False)
    for work in (lambda s: slopes(*ABOUT, None, s, 0), lambda s: opened(*ABOUT, None, s, ("midpoint", 4))):
        with pytest.raises(Abandoned):
            work(np.zeros_like(DIGIT))


def test_a_baseline_of_another_shape_kind_or_range_is_refused():
    with pytest.raises(ValueError, match=r"of the image's shape \(1, 28, 28\), got \(1, 8, 8\)"):
        opened(*ABOUT, None, np.zeros((1, 8, 8), np.uint8), ("midpoint", 4))
    with pytest.raises(ValueError, match=r"must be in \[0, 1\], got \[0, 255\]"):
        opened(*ABOUT, None, DIGIT, ("midpoint", 4))
    with pytest.raises(ValueError, match="must describe a baseline, got RandomMap"):
        start_of(DIGIT, {"kind": "RandomMap", "seed": 0})
    with pytest.raises(ValueError, match=r"height and width \(28, 28\), got \(3, 3\)"):
        start_of(DIGIT, Black().to_dict(), np.zeros((3, 3), bool))
    assert not start_of(DIGIT, Black().to_dict()).any()
