import pytest
import torch

from attrcore.kinds import Samples
from attrcore.models.small import fresh
from attrcore.train.loop import Schedule, fit, shifted
from attrcore.train.natural import Natural

LABELS = torch.arange(40) % 10
DATA = Samples(torch.rand(40, 1, 28, 28, generator=torch.Generator().manual_seed(0)), LABELS, ())


def trained(schedule, stop_after=None):
    net = fresh("MnistMLP", 0)
    for step in fit(net, DATA, schedule, Natural()):
        if step.done == stop_after:
            break
    return net, step


def test_it_yields_every_step_and_learns():
    net, last = trained(Schedule(epochs=15, batch=8))
    assert last.done == last.total == 75 and last.facts["epoch"] == 15 and not net.training
    assert (net(DATA.images).argmax(1) == LABELS).float().mean() > 0.9


def test_not_asking_on_stops_it():
    net, last = trained(Schedule(epochs=1000, batch=8), stop_after=3)
    assert last.done == 3 and not net.training


def test_the_same_schedule_gives_the_same_weights_and_leaves_random_state_alone():
    before = torch.random.get_rng_state()
    a, b = (trained(Schedule(epochs=1, batch=8, shift=2))[0] for _ in range(2))
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_shifted_images_are_the_same_images_elsewhere():
    x = torch.zeros(50, 1, 9, 9)
    x[:, :, 4, 4] = 1
    moved = shifted(x, 2, torch.Generator().manual_seed(0))
    assert moved.sum() == 50 and moved[:, 0].nonzero()[:, 1:].sub(4).abs().max() == 2
    assert torch.equal(shifted(x, 0, torch.Generator()), x)


@pytest.mark.parametrize("stop", [1, 7, 10, 11])
def test_taken_up_again_it_ends_at_the_same_weights(stop):
    schedule = Schedule(epochs=2, batch=4, shift=1, decay=0.1)
    whole, _ = trained(schedule)
    for p in fit(fresh("MnistMLP", 0), DATA, schedule, Natural()):
        if p.done == stop:
            state = p.state()
            break
    net = fresh("MnistMLP", 5)  # whatever it was
    steps = [p.done for p in fit(net, DATA, schedule, Natural(), state)]
    assert steps == list(range(stop + 1, 21))
    assert all(torch.equal(p, q) for p, q in zip(net.parameters(), whole.parameters(), strict=True))
