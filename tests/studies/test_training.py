from dataclasses import replace

import pytest
import torch

from attrcore.data.splits import SPLITS
from attrcore.kinds import Refused
from attrcore.models import MODELS
from attrcore.models.loaded import loaded
from attrcore.models.small import fresh
from attrcore.studies.glance import glance
from attrcore.studies.running import finish
from attrcore.studies.training import Training
from attrcore.train.ig_norm import IgNorm
from attrcore.train.inner import Inner
from attrcore.train.loop import Schedule
from attrcore.train.path import PathIntegral
from attrcore.train.pgd import Pgd

FEW = PathIntegral(steps=2, rule="Gauss-Legendre")
START = {"start": "MNIST MLP", "digest": MODELS["MNIST MLP"].digest}
STUDY = Training(
    network="MnistMLP", digits="Packaged digits", watched=40, reach=0.1, schedule=Schedule(epochs=2, batch=1000),
    objective=IgNorm(inner=Inner(eps=0.1, steps=2, size=0.05), led=1, near=FEW, path=FEW),
)  # fmt: skip


@pytest.fixture(scope="module")
def found():
    steps = []
    result = finish(STUDY.run(), lambda p: steps.append(p._replace(state=p.state() if p.state else None)))
    return result, steps


def test_it_tells_terms_at_every_step_and_robustness_after_every_epoch(found):
    _, steps = found
    assert [p.done for p in steps] == list(range(9))
    assert all(set(p.facts["terms"]) == {"cross-entropy", "attribution"} for p in steps[1:])
    assert [p.done for p in steps if "held out" in p.facts] == [0, 4, 8]
    said = steps[-1].facts["held out"]
    assert set(said) == {"NA", "AA", "IN", "CO"} and said["AA"] < said["NA"]


def test_taken_up_again_it_ends_at_the_same_weights_and_says_the_same(found):
    result, steps = found
    for n in (1, 5):
        told = []
        again = finish(STUDY.run(steps[n].state), told.append)
        assert all(torch.equal(again.tensors[name], t) for name, t in result.tensors.items())
        assert told[-1].facts == steps[-1].facts


def test_looks_do_not_change_what_is_learned(found):
    unwatched = finish(replace(STUDY, watched=0).run())
    assert all(torch.equal(unwatched.tensors[name], t) for name, t in found[0].tensors.items())


def test_a_training_may_start_from_another_networks_weights():
    begun = replace(STUDY, **START)
    first, shipped = begun.first().state_dict(), MODELS["MNIST MLP"].load().net.state_dict()
    assert all(torch.equal(first[name], t) for name, t in shipped.items())
    result = finish(replace(begun, schedule=Schedule(epochs=1, batch=1000, rate=1e-4), watched=0).run())
    assert result.numbers["test_accuracy"]["share"] > 0.95
    net = loaded(*START.values()).net
    assert all(torch.equal(net.state_dict()[name], t) for name, t in first.items())  # which stays as it was


def test_a_start_of_another_architecture_or_other_weights_is_refused():
    with pytest.raises(Refused, match="MNIST MLP has other weights than a MnistCNN"):
        next(replace(STUDY, network="MnistCNN", **START).run())
    with pytest.raises(Refused, match="exchanged"):
        next(replace(STUDY, start="MNIST MLP", digest="0").run())


def test_adversarial_training_buys_what_it_says(found):
    """Beside the same training without it, on digits that were not learned."""
    schedule = Schedule(epochs=4, batch=100)
    natural, robust = (
        finish(Training(network="MnistMLP", digits="Packaged digits", schedule=schedule, objective=objective).run())
        for objective in (Training().objective, Pgd(Inner(eps=0.1, steps=3, size=0.05)))
    )
    said = []
    for result in (natural, robust):
        net = fresh("MnistMLP", 0)
        net.load_state_dict(result.tensors)
        test = SPLITS["Packaged digits"].measured()
        said.append(glance(net, test._replace(images=test.images[:200], labels=test.labels[:200]), 0.1))
    assert said[1]["AA"] > said[0]["AA"] + 0.2 and said[1]["NA"] > 0.8
