import copy
import json
from dataclasses import replace

import pytest
import torch

from attrcore.attack.aims import DrainTopPixels, MoveCentre
from attrcore.explain.grad_cam import GradCam
from attrcore.explain.occlusion import Occlusion
from attrcore.kinds import Refused
from attrcore.models import MODELS
from attrcore.models.loaded import loaded
from attrcore.recipe import Recipe
from attrcore.studies.model_fooling import ModelFooling
from attrcore.studies.running import finish
from attrcore.train.fooled import FineTuning, PassiveFooling
from tests.conftest import needs

DIGEST = MODELS["MNIST MLP"].digest
STUDY = ModelFooling(
    model="MNIST MLP", digest=DIGEST, pictures=300, count=30, every=10,
    loss=PassiveFooling(weight=10.0, hold=0.1), schedule=FineTuning(steps=30, batch=16, rate=1e-3),
)  # fmt: skip


def weights(result):
    return {k: v for k, v in result.tensors.items() if k.startswith("weights.")}


def network(result, name):
    return result.numbers["networks"][name]


@pytest.fixture(scope="module")
def found():
    seen, states = [], []

    def note(p):
        seen.append(p)
        states.append({k: v.clone() for k, v in p.state().items()} if p.state else None)

    before = {k: v.clone() for k, v in loaded("MNIST MLP", DIGEST).net.state_dict().items()}
    result = finish(STUDY.run(), note)
    return result, seen, states, before


def test_its_settings_and_its_numbers_survive_json(found):
    assert Recipe.from_dict(STUDY.to_dict()) == STUDY
    assert json.loads(json.dumps(found[0].numbers))["held out"] == 30
    assert all(json.dumps(p.facts) for p in found[1])


def test_no_picture_is_both_learned_from_and_measured_on():
    total, held, rest = STUDY.split()
    assert total == 5000 and len(held) == 30 and len(rest) == 300 and not {*held} & {*rest}
    assert replace(STUDY, seed=1).split()[1] != held


def test_maps_become_others_while_predictions_stay_and_neither_control_does_that(found):
    fooled = network(found[0], "fooled")
    assert fooled["agreement"]["share"] > 0.9 and fooled["accuracy"]["share"] > 0.9
    for control in ("original", "control", "random"):
        other = network(found[0], control)
        assert fooled["distance"]["high"] < other["distance"]["low"], control
        assert fooled["likeness"]["Top-k overlap"]["high"] < other["likeness"]["Top-k overlap"]["low"], control
    assert network(found[0], "original")["likeness"]["Spearman"]["mean"] == pytest.approx(1)
    assert network(found[0], "random")["weights moved"] == pytest.approx(fooled["weights moved"], rel=1e-3)


def test_without_the_part_that_looks_at_maps_it_is_its_own_control():
    plain = finish(replace(STUDY, loss=PassiveFooling(weight=0.0, hold=0.1)).run())
    assert network(plain, "fooled") == network(plain, "control")


def test_more_weight_fools_more(found):
    little = finish(replace(STUDY, loss=PassiveFooling(weight=0.3, hold=0.1)).run())
    assert network(little, "fooled")["distance"]["mean"] > network(found[0], "fooled")["distance"]["mean"] + 0.05


def test_taken_up_again_it_gives_the_same_bits(found):
    result, _, states, _ = found
    again = finish(STUDY.run(states[13]))
    assert again.numbers == result.numbers
    assert all(torch.equal(t, weights(result)[name]) for name, t in weights(again).items())


def test_the_kept_weights_are_the_fooled_network(found):
    result, _, _, before = found
    net = copy.deepcopy(loaded("MNIST MLP", DIGEST).net)
    net.load_state_dict({k.removeprefix("weights."): v for k, v in weights(result).items()})
    _, names, _ = STUDY.split()
    held = STUDY.held(loaded("MNIST MLP", DIGEST).net, STUDY.opened(names), torch.full((30,), -1))
    assert STUDY.measured(net, net, held)["distance"] == network(result, "fooled")["distance"]
    assert STUDY.measured(net, net, held)["accuracy"] is None  # nothing is known of what they show
    assert all(torch.equal(t, before[k]) for k, t in loaded("MNIST MLP", DIGEST).net.state_dict().items())


def test_measurements_and_maps_come_on_the_way(found):
    looks = [p for p in found[1] if p.frame]
    assert [p.done for p in looks] == [0, 10, 20, 30] and {p.total for p in found[1]} == {30}
    assert all(p.frame["images"].dtype == torch.uint8 and p.frame["fooled maps"].max() == 1 for p in looks)
    assert torch.equal(looks[0].frame["original maps"], looks[0].frame["fooled maps"])


@pytest.mark.parametrize("aim", [MoveCentre(), DrainTopPixels(k=100)], ids=lambda a: type(a).__name__)
def test_other_aims_move_maps_too_also_from_where_they_have_no_slope(aim):
    how = replace(
        STUDY, aim=aim, corners="as they are", explainer=GradCam(), model="MNIST CNN",
        digest=MODELS["MNIST CNN"].digest, schedule=FineTuning(steps=8, batch=8, rate=1e-3),
    )  # fmt: skip
    result = finish(how.run())
    was, now = (network(result, name)["distance"]["mean"] for name in ("control", "fooled"))
    assert now > was + 0.02 if isinstance(aim, MoveCentre) else now < was - 0.1


@needs("imagenet/photos")
def test_it_takes_photos_and_networks_of_imagenet():
    model = "SqueezeNet 1.0"
    if reason := MODELS[model].missing():
        pytest.skip(reason)
    result = finish(
        ModelFooling(
            model=model, digest=MODELS[model].digest, collection="ImageNet photos", count=3, pictures=2,
            explainer=GradCam(), schedule=FineTuning(steps=1, batch=2, rate=1e-5),
        ).run()
    )  # fmt: skip
    assert network(result, "original")["accuracy"]["count"] == 3
    assert network(result, "fooled")["weights moved"] > 0


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"explainer": Occlusion()}, "has no derivative"),
        ({"count": 5000}, "holding out 5000 leaves none"),
        ({"collection": "Nothing"}, "no collection 'Nothing'"),
        ({"digest": "0"}, "were exchanged"),
    ],
)
def test_what_cannot_be_is_refused_with_the_rule(changed, says):
    with pytest.raises(Refused, match=says):
        finish(replace(STUDY, **changed).run())
