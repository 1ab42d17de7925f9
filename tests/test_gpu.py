"""On a GPU: the same laws as anywhere, and the numbers of the CPU."""

import copy

import pytest
import torch

from attrcore.attack.aims import MoveCentre
from attrcore.attack.ascent import Ascent
from attrcore.attack.climbs import Momentum, Signed
from attrcore.attack.directions import SPSA, Derivative
from attrcore.balls import Linf
from attrcore.data.digits import packaged_digits
from attrcore.explain import EXPLAINERS, GROUPS, GradCam, Gradient, IntegratedGradients
from attrcore.models import MODELS
from attrcore.png import in_letters
from attrcore.studies import (
    budget,
    class_randomisation,
    data_randomisation,
    fooling,
    model_fooling,
    randomisation,
    running,
    transfer,
)
from attrcore.studies.budget import Budget
from attrcore.studies.class_randomisation import ClassRandomisation
from attrcore.studies.data_randomisation import DataRandomisation
from attrcore.studies.fooling import Fooling, Subject
from attrcore.studies.model_fooling import ModelFooling
from attrcore.studies.randomisation import Randomisation
from attrcore.studies.running import finish
from attrcore.studies.selection import Selection
from attrcore.studies.transfer import Transfer
from attrcore.train.fooled import FineTuning

GPU = running.best_device()
pytestmark = pytest.mark.skipif(GPU == "cpu", reason="there is no GPU")

CNN = {"model": "MNIST CNN", "digest": MODELS["MNIST CNN"].digest}
ATTACK = Ascent(ball=Linf(eps=0.1), climb=Signed(size=0.02), steps=12)
DIGIT = in_letters(packaged_digits()[0][7][None])


def digits(device, dtype=torch.float32):
    """The shipped network, four digits, and what it predicts of them."""
    net = copy.deepcopy(MODELS["MNIST CNN"].load().net).to(device, dtype)
    x = torch.from_numpy(packaged_digits()[0][:4000:1000, None]).to(device, dtype) / 255
    with torch.no_grad():
        return net, x, net(x).argmax(1)


@pytest.mark.parametrize("name", EXPLAINERS)
def test_a_map_is_the_cpus(name):
    if name in GROUPS["Covered patches"]:
        pytest.importorskip("captum")
    explain = EXPLAINERS[name]()
    here, there = (explain(*digits(device)).cpu() for device in ("cpu", GPU))
    off = (here - there).flatten(1).norm(dim=1) / here.flatten(1).norm(dim=1)
    assert (off < 0.01).all()


@pytest.mark.parametrize("name", [name for name, cls in EXPLAINERS.items() if cls.differentiable])
def test_every_map_with_a_derivative_is_attacked_within_the_ball(name):
    net, x, label = digits(GPU)
    *_, last = Ascent(ball=Linf(eps=8 / 255), steps=3).iterate(net, EXPLAINERS[name](), x, label)
    assert last.x.device.type == GPU and ((last.x - x).abs() <= 8 / 255 + 1e-6).all()
    assert torch.equal((last.x * 255).round() / 255, last.x) and torch.equal(net(last.x).argmax(1), label)


@pytest.mark.parametrize(
    "explain", [Gradient(), GradCam(), IntegratedGradients(steps=4)], ids=lambda e: type(e).__name__
)
def test_the_same_seed_gives_the_same_bits(explain):
    how = Ascent(climb=Momentum(size=0.01), ball=Linf(eps=0.1), restarts=2, steps=20)
    one, other = (how(digits(GPU)[0], explain, *digits(GPU)[1:]) for _ in range(2))
    assert torch.equal(one, other)


@pytest.mark.skipif(GPU == "mps", reason="MPS has no double precision")
@pytest.mark.parametrize("direction", [Derivative(), SPSA(trials=2)], ids=lambda d: type(d).__name__)
def test_an_attack_ends_at_the_cpus_images(direction):
    """In float64: the sign of a slope that is nearly zero is chance."""
    how = Ascent(aim=MoveCentre(), direction=direction, ball=Linf(eps=0.1), steps=4)
    here, there = (
        how(net, Gradient(), x, label).cpu() for net, x, label in (digits(d, torch.float64) for d in ("cpu", GPU))
    )
    assert ((here - there).abs() < 0.1 / 255).double().mean() > 0.999  # in whole levels; a GPU's thirds are not a CPU's


@pytest.mark.skipif(GPU == "mps", reason="MPS does not say how much is in use")
def test_two_hundred_steps_leave_nothing_in_memory():
    net, x, label = digits(GPU)
    used = {s.n: torch.cuda.memory_allocated() for s in Ascent(steps=200).iterate(net, Gradient(), x, label)}
    assert used[200] <= used[19]  # the growing beta's first network of ten is gone by then


@pytest.mark.skipif(GPU == "mps", reason="MPS cannot be told to have less memory")
def test_what_does_not_fit_is_computed_in_smaller_slices():
    net, x, label = digits(GPU)
    x, label = x.repeat(2000, 1, 1, 1), label.repeat(2000)
    whole = Gradient()(net, x, label)
    torch.cuda.empty_cache()
    room = torch.cuda.memory_allocated() + 512 * 2**20
    torch.cuda.set_per_process_memory_fraction(room / torch.cuda.get_device_properties(0).total_memory)
    try:
        torch.testing.assert_close(Gradient()(net, x, label), whole, rtol=1e-3, atol=1e-4)
        assert torch.cuda.memory_allocated() < room
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


@pytest.mark.parametrize(
    "study",
    [
        Fooling(subject=Subject(picture=DIGIT, **CNN), attack=ATTACK, draws=9),
        Budget(levels="0 40", steps=8, climb=Signed(size=8 / 255), count=6, k=100, **CNN),
        Transfer(
            pictures=Selection(count=4), attacked="Gradient, Grad-CAM", explained="Gradient, Random map",
            attack=ATTACK, **CNN,
        ),
        ModelFooling(count=30, pictures=300, every=10, schedule=FineTuning(steps=30, batch=16), **CNN),
        Randomisation(pictures=Selection(count=4), explained="Gradient, SmoothGrad, Grad-CAM", seeds=2, **CNN),
        ClassRandomisation(pictures=Selection(count=4), explained="Gradient, Guided Backprop", **CNN),
        DataRandomisation(count=6, explained="Gradient, Grad-CAM"),
    ],
    ids=lambda s: type(s).__name__,
)  # fmt: skip
def test_every_study_runs_to_its_end_and_finds_about_what_the_cpu_does(study, monkeypatch):
    there = finish(study.run())
    for module in (budget, class_randomisation, data_randomisation, fooling, model_fooling, randomisation, transfer):
        monkeypatch.setattr(module, "best_device", lambda: "cpu")
    here = finish(study.run())
    assert there.made_by["device"].startswith(GPU) and here.made_by["device"].startswith("cpu")
    for name, value in here.tensors.items():
        assert there.tensors[name].device.type == "cpu" and there.tensors[name].shape == value.shape
        if name in ("table", "after"):
            off = (there.tensors[name].double() - value.double()).nan_to_num().abs()
            assert off.mean() < 0.1 * value.double().nan_to_num().abs().mean().clamp_min(1.0), name


def test_an_attack_goes_on_from_a_checkpoint():
    study, states = Fooling(subject=Subject(picture=DIGIT, **CNN), attack=ATTACK, draws=9), []
    whole = finish(study.run(), lambda p: states.append({k: v.clone() for k, v in p.state().items()}) if p.state else 0)
    again = finish(study.run(states[len(states) // 2]))
    torch.testing.assert_close(again.tensors["attacked"], whole.tensors["attacked"], rtol=0, atol=0)
