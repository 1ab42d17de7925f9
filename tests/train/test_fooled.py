import pytest
import torch

from attrcore import batches
from attrcore.explain.gradient import Gradient
from attrcore.maps import heat
from attrcore.train.fooled import PARTS, Before, FineTuning, PassiveFooling, Tuned, Way
from tests.conftest import Toy, seeded

HOW = FineTuning(steps=6, batch=8, rate=1e-2)
WAY = Way(Gradient(), lambda maps, goal: maps[:, :4].sum((1, 2)), lambda net: net)  # the upper half


def network():
    return seeded(lambda: Toy(torch.nn.Tanh)).double().requires_grad_(False)


def batch(net, count=8):
    x = torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(4), dtype=torch.double)
    logits, target = net(x), net(x).argmax(1)
    return Before(x, target, logits, heat(Gradient()(net, x, target)))


def tuned(loss, steps=6, how=HOW):
    net = network()
    found, before = Tuned(net, loss, how, WAY), batch(net)
    return found, [found.step(n, before) for n in range(1, steps + 1)]


def same(a, b):
    return all(torch.equal(p, q) for p, q in zip(a.net.parameters(), b.net.parameters(), strict=True))


def test_each_part_of_the_loss_does_its_work():
    aims = {w: tuned(PassiveFooling(weight=w, hold=0.0))[1][-1]["aim"] for w in (0.1, 10.0)}
    assert aims[10.0] > aims[0.1]
    moved = {h: tuned(PassiveFooling(weight=10.0, hold=h))[1][-1]["logits moved"] for h in (0.0, 100.0)}
    assert moved[100.0] < moved[0.0]
    assert list(tuned(PassiveFooling(weight=0.0), steps=1)[1][0]) == list(PARTS[:2])


def test_the_slope_is_that_of_the_mean_over_the_batch_in_however_many_slices(monkeypatch):
    whole, facts = tuned(PassiveFooling(), steps=2)
    monkeypatch.setattr(batches, "bearable", lambda net, one, graphs=0: 3)
    parted, again = tuned(PassiveFooling(), steps=2)
    for p, q in zip(whole.net.parameters(), parted.net.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-6, atol=1e-9)
    assert again[-1] == pytest.approx(facts[-1])


def test_taken_up_again_it_gives_the_same_bits():
    whole, _ = tuned(PassiveFooling())
    half, _ = tuned(PassiveFooling(), steps=3)
    state = half.state()
    half.step(4, batch(network()))  # what was kept does not move along
    other = Tuned(network(), PassiveFooling(), HOW, WAY)
    other.go_on(state)
    for n in range(4, 7):
        other.step(n, batch(network()))
    assert same(whole, other) and not same(whole, half)


def test_the_original_stays_as_it_is_and_a_nudge_is_small():
    net = network()
    before = {name: t.clone() for name, t in net.state_dict().items()}
    found = Tuned(net, PassiveFooling(), HOW, WAY)
    found.nudge(0)
    found.step(1, batch(net))
    assert all(torch.equal(t, before[name]) for name, t in net.state_dict().items())
    assert not any(p.requires_grad or p.grad is not None for p in net.parameters())
    other = Tuned(net, PassiveFooling(), HOW, WAY)
    other.nudge(0)
    for p, q in zip(net.parameters(), other.net.parameters(), strict=True):
        assert 0 < (p - q).norm() < 0.01 * p.norm()


def test_every_step_has_rows_of_its_own_and_the_rate_falls_to_nothing():
    assert HOW.rows(1, 100, 0).tolist() != HOW.rows(2, 100, 0).tolist() == HOW.rows(2, 100, 0).tolist()
    assert len(set(HOW.rows(3, 100, 0).tolist())) == 8 and len(HOW.rows(3, 5, 0)) == 5
    rates = [HOW.rate_at(n) for n in range(1, 8)]
    assert rates == sorted(rates, reverse=True) and rates[0] == HOW.rate and rates[-1] == pytest.approx(0)
