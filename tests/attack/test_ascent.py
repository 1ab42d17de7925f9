import copy

import pytest
import torch
from torch import nn

from attrcore import batches
from attrcore.attack.aims import DrainTopPixels, FillRegion, MoveCentre, TurnAway
from attrcore.attack.ascent import Ascent
from attrcore.attack.climbs import Adam, Momentum, Signed
from attrcore.attack.directions import NES, SPSA, Derivative, Lot
from attrcore.attack.random_sign import RandomSign
from attrcore.attack.seen import Seen
from attrcore.balls import L2, Linf
from attrcore.batches import saved_blocks
from attrcore.data.digits import packaged_digits
from attrcore.explain import EXPLAINERS, DeepLift, GradCam, SmoothGrad
from attrcore.explain.gradient import Gradient
from attrcore.explain.integrated_gradients import IntegratedGradients
from attrcore.kinds import Refused
from attrcore.maps import heat, mass_centre
from attrcore.metrics import Kendall, LensRecall, TopKOverlap
from attrcore.models import MODELS

DIRECTIONS = (Derivative(), Derivative(corners="softplus"), SPSA(trials=2), NES(trials=2), Lot())
CLIMBS = (Signed(size=0.02), Momentum(size=0.02), Adam(size=0.02))
AIMS = (DrainTopPixels(), MoveCentre(), FillRegion(), TurnAway())
BALLS = (Linf(eps=8 / 255), Linf(eps=5.5 / 255), L2(eps=0.5))


@pytest.fixture(scope="module")
def digits():
    """The shipped network and four digits with what it predicts of them."""
    net = MODELS["MNIST CNN"].load().net
    x = torch.from_numpy(packaged_digits()[0][:4000:1000, None]).float() / 255
    return net, x, net(x).argmax(1)


@pytest.mark.parametrize("direction", DIRECTIONS, ids=lambda d: f"{type(d).__name__}")
@pytest.mark.parametrize("ball", BALLS, ids=repr)
def test_what_an_8_bit_file_keeps_is_in_the_ball_and_of_the_same_class(direction, ball, digits):
    net, x, label = digits
    size = 0.02 if isinstance(ball, Linf) else 0.2
    for step in Ascent(aim=DrainTopPixels(), ball=ball, direction=direction, climb=Signed(size=size), steps=4).iterate(
        net, Gradient(), x, label
    ):
        saved = (step.x * 255).round().to(torch.uint8)
        back = saved.float() / 255
        assert torch.equal(back, step.x)  # the file holds the very image
        change = back - x
        size_of = change.abs().amax((1, 2, 3)) if isinstance(ball, Linf) else change.flatten(1).norm(dim=1)
        assert (size_of <= ball.eps + 1e-6).all() and torch.equal(net(back).argmax(1), label)


@pytest.mark.parametrize("climb", CLIMBS, ids=lambda c: type(c).__name__)
@pytest.mark.parametrize("aim", AIMS, ids=lambda a: type(a).__name__)
def test_every_aim_is_reached_better_than_by_a_random_change_of_the_same_size(aim, climb, digits):
    net, x, label = digits
    ball, explain = Linf(eps=0.1), Gradient()
    *_, last = Ascent(aim=aim, ball=ball, climb=climb, steps=20).iterate(net, explain, x, label)
    clean = heat(explain(net, x, label))
    lots = torch.stack(
        [aim(heat(explain(net, RandomSign(ball=ball, seed=s).moved(x), label)), clean) for s in range(9)]
    )
    assert (last.score > lots.amax(0)).float().mean() >= 0.75 and last.score.mean() > lots.mean(1).max()


@pytest.mark.parametrize(
    "explain",
    [Gradient(), IntegratedGradients(steps=3), DeepLift(), GradCam(), SmoothGrad(samples=3)],
    ids=lambda e: type(e).__name__,
)
def test_it_beats_a_walk_that_looks_at_as_many_maps(explain, digits):
    """The authors' control keeps the best of all steps; one random change would be too easy to beat."""
    net, x, label = digits
    how = {"aim": DrainTopPixels(), "ball": Linf(eps=0.15), "climb": Signed(size=0.015), "steps": 20}
    ours, walk = (Ascent(direction=d, **how)(net, explain, x, label) for d in (Derivative(), Lot()))
    clean = heat(explain(net, x, label))
    overlap = [TopKOverlap(k=100)(clean, heat(explain(net, z, label))).mean() for z in (ours, walk)]
    assert overlap[0] < overlap[1] - 0.05


def test_the_best_step_never_gets_worse_and_is_never_worse_than_the_clean_image(digits):
    net, x, label = digits
    steps = list(Ascent(climb=Signed(size=0.05), ball=Linf(eps=0.3), steps=12).iterate(net, Gradient(), x, label))
    scores = torch.stack([s.score for s in steps])
    assert (scores.diff(dim=0) >= 0).all() and torch.equal(steps[0].x, x) and (scores[-1] > scores[0]).all()


@pytest.mark.parametrize("criterion", [Kendall(), LensRecall(k=50)], ids=lambda c: type(c).__name__)
def test_what_is_kept_is_best_by_the_criterion(criterion, digits):
    net, x, label = digits
    explain = Gradient()
    how = Ascent(criterion=criterion, ball=Linf(eps=0.2), climb=Signed(size=0.03), steps=10)
    steps = list(how.iterate(net, explain, x, label))
    clean = heat(explain(net, x, label))
    found = torch.stack([criterion(clean, s.maps).masked_fill(~s.kept, 9.0) for s in steps])
    torch.testing.assert_close(criterion(clean, heat(explain(net, steps[-1].x, label))), found.amin(0))


def test_an_empty_map_is_no_success(digits):
    """Grad-CAM's map can vanish, and its centre with it."""
    net, x, label = digits
    climbing = Ascent(aim=MoveCentre()).begin(net, GradCam(), x, label)
    nothing = climbing.clean * torch.tensor([0.0, 1, 1, 1])[:, None, None]
    found = Seen(nothing, torch.ones(4), torch.ones(4, dtype=torch.bool))
    score = climbing.scored(found, climbing.aimed(nothing))
    assert score[0] == -torch.inf and score[1:].isfinite().all()


def test_a_step_of_adam_is_about_as_long_as_it_is_said_in_both_balls(digits):
    net, x, label = digits
    for ball, norm in ((Linf(eps=1.0), torch.inf), (L2(eps=50.0), 2)):
        climbing = Ascent(ball=ball, climb=Adam(size=0.2)).begin(net, Gradient(), x, label)
        move = climbing.how.climb.move(climbing.slope(1, x), ball, {})
        assert ((move.flatten(1).norm(norm, dim=1) / 0.2 - 1).abs() < 0.2).all()


def test_no_room_changes_nothing(digits):
    net, x, label = digits
    for ball in (Linf(eps=0.0), L2(eps=0.0)):
        for direction in (Derivative(), Lot()):
            assert torch.equal(Ascent(ball=ball, direction=direction, steps=2)(net, Gradient(), x, label), x)


def test_a_slope_of_zero_is_detected_and_said(toy, x):
    """Top-k on the logit of a ReLU network: nothing to climb, and the softplus network has something."""
    label = toy(x).argmax(1)
    how = {"aim": DrainTopPixels(k=10), "steps": 3}
    flat = list(Ascent(direction=Derivative(corners="as they are"), **how).iterate(toy, Gradient(), x, label))
    assert all(s.flat.all() for s in flat[1:]) and torch.equal(flat[-1].x, x)
    curved = list(Ascent(**how).iterate(toy, Gradient(), x, label))
    assert not any(s.flat.any() for s in curved)


def test_the_exact_centre_needs_a_random_start_and_gets_it(digits):
    net, x, label = digits
    explain = Gradient()
    clean = mass_centre(heat(explain(net, x, label)))
    *_, last = Ascent(aim=MoveCentre(), ball=Linf(eps=0.1), climb=Signed(size=0.01), steps=20).iterate(
        net, explain, x, label
    )
    moved = (mass_centre(heat(explain(net, last.x, label))) - clean).norm(dim=1)
    assert not last.flat.any() and (moved > 1.0).all()
    torch.testing.assert_close(moved.square(), last.score, rtol=1e-4, atol=1e-4)


def test_restarts_start_apart_and_more_of_them_are_never_worse(digits):
    net, x, label = digits
    how = {"ball": Linf(eps=0.1), "climb": Signed(size=0.02), "steps": 6}
    one, three = (list(Ascent(restarts=r, **how).iterate(net, Gradient(), x, label))[-1].score for r in (1, 3))
    assert (three >= one).all() and (three > one).any()
    starts = Ascent(restarts=3, **how).begin(net, Gradient(), x, label).z.view(3, *x.shape)
    assert torch.equal(starts[0], x) and not torch.equal(starts[1], starts[2])


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(digits):
    net, x, label = digits

    def run(seed):
        return Ascent(random_start=True, seed=seed, steps=4)(net, Gradient(), x, label)

    assert torch.equal(run(0), run(0)) and not torch.equal(run(0), run(1))


@pytest.mark.parametrize("direction", DIRECTIONS, ids=lambda d: type(d).__name__)
def test_a_batch_equals_its_images_one_by_one(direction, digits):
    """In float64: the sign of a slope that is nearly zero is chance."""
    net, x, label = digits
    net, x = copy.deepcopy(net).double(), x[:3].double()
    how = Ascent(direction=direction, restarts=2, random_start=True, steps=4, ball=Linf(eps=0.1))
    singles = torch.cat([how(net, Gradient(), x[i : i + 1], label[i : i + 1]) for i in range(3)])
    same = (how(net, Gradient(), x, label[:3]) == singles).double().mean()
    assert same > 0.999


@pytest.mark.parametrize("climb", CLIMBS, ids=lambda c: type(c).__name__)
def test_an_attack_taken_up_again_gives_the_bits_of_one_that_never_stopped(climb, digits):
    net, x, label = digits
    how = Ascent(aim=MoveCentre(), climb=climb, steps=6, restarts=2)
    *_, whole = how.iterate(net, Gradient(), x, label)
    first = how.begin(net, Gradient(), x, label)
    for _ in range(3):
        first.step()
    state = {name: t.clone() for name, t in first.state().items()}
    again = how.begin(net, Gradient(), x, label)
    again.go_on(state)
    while again.n < how.steps:
        last = again.step()
    assert all(torch.equal(a, b) for a, b in zip(last[1:], whole[1:], strict=True))


def test_holding_the_logits_keeps_them_nearer(digits):
    net, x, label = digits
    how = {"ball": Linf(eps=0.2), "climb": Adam(size=0.02), "steps": 15}
    free, held = (Ascent(hold=h, **how)(net, Gradient(), x, label) for h in (0.0, 10.0))
    off = [(net(z) - net(x)).square().mean().item() for z in (free, held)]
    assert off[1] < 0.5 * off[0]


def test_what_has_no_derivative_is_attacked_by_trial_and_refused_otherwise(digits):
    net, x, label = digits
    explain, x, label = EXPLAINERS["Occlusion"](), x[:2], label[:2]
    how = {"aim": FillRegion(), "ball": Linf(eps=0.3), "climb": Signed(size=0.1), "steps": 4}
    with pytest.raises(Refused, match="has no derivative"):
        Ascent(**how)(net, explain, x, label)
    steps = list(Ascent(direction=SPSA(trials=4), **how).iterate(net, explain, x, label))
    assert (steps[-1].score > steps[0].score).all()


def test_how_much_fits_is_measured_once_for_all_sharper_networks(digits, monkeypatch):
    net, x, label = digits
    measured = []
    monkeypatch.setattr(batches, "saved_blocks", lambda net, one: measured.append(net) or saved_blocks(net, one))
    list(Ascent(steps=20).iterate(copy.deepcopy(net), Gradient(), x, label))
    assert len({id(found) for found in measured}) == 2  # the network itself and the first with rounded corners


def test_a_step_leaves_everything_as_found(toy, x):
    label = toy(x).argmax(1)
    weights, image, random = [p.clone() for p in toy.parameters()], x.clone(), torch.random.get_rng_state()
    Ascent(aim=DrainTopPixels(k=10), restarts=2, steps=3)(toy, IntegratedGradients(steps=3), x, label)
    assert all(torch.equal(a, b) for a, b in zip(weights, toy.parameters(), strict=True)) and torch.equal(x, image)
    assert all(p.grad is None and p.requires_grad for p in toy.parameters()) and not x.requires_grad
    assert torch.equal(torch.random.get_rng_state(), random)


def test_a_network_that_cannot_be_rounded_is_attacked_as_it_is(x):
    class Branching(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(192, 3)

        def forward(self, x):
            return self.head(x.flatten(1)) if x.sum() > 0 else self.head(-x.flatten(1))

    net = Branching()
    with pytest.raises(Refused, match="cannot be traced"):
        Ascent(aim=DrainTopPixels(k=5))(net, Gradient(), x, net(x).argmax(1))
