"""The page Manipulate, driven without a browser but with the real engine."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from attrcore import jobs, kept, store
from attrcore.attack.aims import DrainTopPixels, FillRegion, MatchRegion, MoveCentre
from attrcore.attack.regions import Box, Frame
from attrcore.attack.success import PASSIVE
from attrcore.explain.gradient import Gradient
from attrcore.explain.lrp import LRP
from attrcore.kinds import Refused
from attrcore.models import MODELS
from attrcore.models.loaded import loaded
from attrcore.models.own import accept, settings_of
from attrcore.recipe import Recipe, called
from attrcore.studies.model_fooling import ModelFooling
from attrcore.train.fooled import FineTuning, PassiveFooling
from pages.parts import entries, evidence, networks, sweep, theatre, tuned, tuning
from tests.pages.reading import tables
from tests.waiting import over

ROOT = Path(__file__).parents[2]
SMALL = {"model": "MNIST MLP", "manipulate.count": 12, "manipulate.steps": 12, "manipulate.batch": 8,
         "manipulate.every": 5, "ModelFooling.pictures": 200}  # fmt: skip

pytestmark = pytest.mark.usefixtures("studying")


@pytest.fixture
def built(monkeypatch):
    """The studies that the widgets describe, run by run."""
    seen, chosen = [], tuning.chosen
    monkeypatch.setattr(tuning, "chosen", lambda: seen.append(chosen()) or seen[-1])
    return seen


@pytest.fixture
def shelf(monkeypatch, tmp_path):
    """A machine without checkpoints."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture
def staged(monkeypatch):
    """Plays and frames that go to the stage."""
    seen, real = [], theatre.stage
    monkeypatch.setattr(
        theatre, "stage", lambda key, play, frames, live: seen.append((play, frames)) or real(key, play, frames, live)
    )
    return seen


def opened(**address):
    at = AppTest.from_file(ROOT / "pages" / "attack" / "manipulate.py", default_timeout=120)
    for key, value in address.items():
        at.query_params[key] = str(value)
    return at.run()


def text(at):
    return "\n".join(e.value for e in (*at.markdown, *at.caption, *at.error, *at.info, *at.warning))


def spread(mean, half=0.02):
    return {"mean": mean, "low": mean - half, "high": mean + half, "count": 50}


def rate(share, half=0.02):
    return {"share": share, "interval95": [max(0.0, share - half), min(1.0, share + half)], "count": 50}


def found(**changed):
    """Numbers of a network that was fooled, with what a case changes of it."""
    nets = {
        name: {"fooled": rate(0.0), "fooled by test loss": rate(0.0), "agreement": rate(1.0), "distance": spread(0.9)}
        for name in networks.HEADS
    }
    nets["fooled"] |= {"fooled": rate(0.8), "distance": spread(0.1)} | changed
    return {"networks": nets, "held out": 50}


def says(monkeypatch, numbers, aim=None):
    heard = []
    monkeypatch.setattr(networks.st, "markdown", heard.append)
    networks.verdict(ModelFooling(aim=aim or FillRegion(region=Frame())), numbers)
    return heard[0]


def test_it_opens_with_the_gradient_of_digits_and_runs_nothing(built):
    at = opened()
    assert not at.exception and not at.error and at.title[0].value == "Manipulate"
    (study,) = built
    assert study.explainer == Gradient() and study.aim == FillRegion(region=Frame()) and study.model == "MNIST CNN"
    assert study.schedule == FineTuning() and study.loss == PassiveFooling() and study.corners == "softplus"
    assert study.count == 100 and study.k == 100 and study.digest == MODELS["MNIST CNN"].digest
    assert f"about {tuning.passes(study):,} passes" in text(at) and store.look(study.key()) is None


def test_widgets_reach_the_study(built):
    opened(**SMALL, k=33, **{
        "manipulate.rate": 0.002, "manipulate.corners": "as they are", "ModelFooling.seed": 3,
        "PassiveFooling.weight": 4.0, "PassiveFooling.hold": 2.0, "manipulate.region": "box", "Box.right": 0.5,
        "manipulate.aim": "Match region",
    })  # fmt: skip
    study = built[-1]
    assert study.model == "MNIST MLP" and study.count == 12 and study.pictures == 200 and study.every == 5
    assert study.schedule == FineTuning(steps=12, batch=8, rate=0.002) and study.seed == 3 and study.k == 33
    assert study.loss == PassiveFooling(weight=4.0, hold=2.0) and study.corners == "as they are"
    assert study.aim == MatchRegion(region=Box(right=0.5))


@pytest.mark.parametrize("aim", PASSIVE)
def test_every_aim_makes_a_study_that_a_file_holds(built, aim):
    at = opened(k=57, **{"manipulate.aim": aim})
    assert not at.exception and not at.error
    study = built[-1]
    assert type(study.aim) is PASSIVE[aim] and Recipe.from_dict(study.to_dict()) == study
    assert not isinstance(study.aim, DrainTopPixels) or study.aim.k == 57
    assert all(networks.distance(study.aim)) and type(study.aim) in tuned.AIMS


def test_a_method_brings_its_own_start_and_leaves_with_it(built):
    at = opened()
    method = next(box for box in at.selectbox if box.label == "Method")
    assert set(method.options) == set(sweep.SMOOTH)
    method.set_value("LRP").run()
    assert built[-1].explainer == LRP(first_layer="flat") and built[-1].corners == "as they are"
    assert built[-1].schedule.steps == 100
    next(box for box in at.selectbox if box.label == "Method").set_value("Gradient").run()
    assert built[-1].corners == "softplus" and built[-1].schedule.steps == 150


@pytest.fixture(scope="module")
def run():
    """A small study that is done, as the widgets with `SMALL` describe it."""
    seen, chosen = [], tuning.chosen
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tuning, "chosen", lambda: seen.append(chosen()) or seen[-1])
        at = opened(**SMALL)
        next(b for b in at.button if b.label in ("Manipulate", "Go on")).click().run()
        assert not at.exception
    study = seen[-1]
    assert over(jobs.engine(), study.key(), 180).state == "done"
    return study


def test_the_table_holds_what_the_result_says(run):
    at = opened(run=run.key())  # by its key alone
    assert not at.exception and not at.error and "from the store" in text(at)
    n = kept.result(run.key(), ()).numbers
    (seen,) = tables(at)
    seen = seen.set_index("Measure")
    for name, head in networks.HEADS.items():
        net = n["networks"][name]
        for title, share in (("Fooled, by share", "fooled"), ("Fooled, by test loss", "fooled by test loss"),
                             ("Predicts the label", "accuracy"),
                             ("Same prediction", "agreement")):  # fmt: skip
            low, high = net[share]["interval95"]
            assert seen.loc[title, head] == f"{net[share]['share']:.0%} ({low:.0%} to {high:.0%})"
        kendall = net["likeness"]["Kendall"]
        assert seen.loc["Kendall", head] == f"{kendall['mean']:.2f} ({kendall['low']:.2f} to {kendall['high']:.2f})"
        assert seen.loc["Weights moved", head] == f"{net['weights moved']:.3f}"
    assert seen.loc["Top-k overlap", "Chance"] == "0.13" and 0 < float(seen.loc["Cosine", "Chance"]) < 1
    assert seen.loc["Cosine", "Other pictures"][:4] == f"{n['other pictures']['Cosine']['mean']:.2f}"
    assert "learned from" in text(at) and "thresholds" in text(at)


def test_the_stage_shows_every_look_and_the_curves_both_networks(run, staged):
    at = opened(run=run.key())
    play, frames = staged[0]
    assert [f.n for f in frames] == [0, 5, 10, 12] and play.total == 12 and play.size == (56, 56)
    assert np.array_equal(frames[0].pictures[1], frames[0].pictures[2])  # nothing has moved yet
    assert not np.array_equal(frames[-1].pictures[1], frames[-1].pictures[2])
    assert np.array_equal(play.region[:28, 28:], Frame().mask(28, 28).numpy())
    charts = [json.loads(c.proto.spec) for c in at.get("plotly_chart")]
    assert [len(c["data"]) for c in charts] == [2, 2, 2, 1, 2, 2]  # the control's loss has no aim
    last = kept.result(run.key(), ()).numbers["networks"]
    facts = {f.done: f.facts for f in kept.facts(run.key())[0]}
    for i, name in enumerate(("fooled", "control")):
        assert tuned.series({12: facts[12]["held out"]}, "fooled")[name] == ([12], [last[name]["fooled"]["share"]])
        assert charts[0]["data"][i]["name"] == tuned.NETWORKS[name][0]


def test_the_downloaded_weights_are_accepted_and_are_the_fooled_network(run, shelf):
    entry = accept(networks.weights(run.key()), settings_of(run.model), "fooled.safetensors")
    again, original = entry.load(), loaded(run.model, run.digest)
    assert again.classes == original.classes and again.size == original.size
    net = copy.deepcopy(original.net)
    tensors = kept.result(run.key()).tensors
    net.load_state_dict({k.removeprefix("weights."): t for k, t in tensors.items() if k.startswith("weights.")})
    _, out, _ = run.split()
    x = run.opened(out) / 255
    assert torch.equal(again.net(x), net(x)) and not torch.equal(again.net(x), original.net(x))
    maps = run.maps(again.net, x[:4], original.net(x[:4]).argmax(1))
    shown = maps / maps.amax((1, 2), keepdim=True)
    assert torch.allclose(
        shown, tensors["fooled maps"].float(), atol=2e-3
    )  # what the page shows is what this file does
    assert settings_of(entry.name) == settings_of(run.model)  # and it can be manipulated in its turn


def test_the_numbers_file_holds_recipe_and_versions(run):
    said = json.loads(evidence.record(kept.result(run.key(), ())))
    assert Recipe.from_dict(said["recipe"]) == run and said["made_by"]
    assert said["numbers"] == kept.result(run.key(), ()).numbers


def test_its_runs_are_opened_by_this_page():
    assert entries.shown_by("ModelFooling") == "attack/manipulate.py" and entries.title("ModelFooling") == "Manipulate"


def test_a_fooled_network_is_called_so_only_beyond_its_controls(monkeypatch):
    both = {"fooled by test loss": rate(0.8)}
    assert "**The network's maps are fooled" in says(monkeypatch, found(**both))
    assert "by share the network's maps are fooled, counted by test loss they are not" in says(monkeypatch, found())
    other = found(fooled=rate(0.01), **both)
    assert "by test loss the network's maps are fooled, counted by share they are not" in says(monkeypatch, other)
    few = says(monkeypatch, found(fooled=rate(0.01)))
    assert "too few get there" in few and "are fooled" not in few
    assert "shows nothing" in says(monkeypatch, found(fooled=rate(0.01), distance=spread(0.89)))
    assert "shows nothing" in says(monkeypatch, found(fooled=rate(0.0), distance=spread(0.99)))  # the wrong way


def test_a_centre_must_move_further_and_not_less(monkeypatch):
    far = found(fooled=rate(0.01), distance=spread(0.95, 0.01))
    far["networks"] |= {n: {**far["networks"][n], "distance": spread(0.02, 0.01)} for n in ("original", "control")}
    far["networks"]["random"]["distance"] = spread(0.02, 0.01)
    assert "too few get there" in says(monkeypatch, far, MoveCentre())
    assert "shows nothing" in says(monkeypatch, far, DrainTopPixels())


def test_predictions_that_were_lost_are_told(monkeypatch):
    assert "is lost" in says(monkeypatch, found(agreement=rate(0.6)))
    assert "is lost" not in says(monkeypatch, found(agreement=rate(0.97)))


def test_the_settings_of_a_network_that_has_gone_are_refused():
    with pytest.raises(Refused, match="is not on this machine"):
        settings_of("own:0123456789abcdef")


def test_a_montage_has_two_rows_and_keeps_order():
    pictures = [np.full((2, 3, 3), i, np.uint8) for i in range(3)]
    whole = tuned.montage(pictures)
    assert whole.shape == (4, 6, 3) and whole[0, 3, 0] == 1 and whole[2, 0, 0] == 2 and whole[3, 5, 0] == 0


def test_every_aim_has_words():
    assert {called(cls) for cls in tuned.AIMS} == set(PASSIVE)


def test_a_link_to_a_run_that_is_not_here_says_so():
    at = opened(run="0" * 16)
    assert not at.exception and f"run {'0' * 16}, which is not here" in text(at)
