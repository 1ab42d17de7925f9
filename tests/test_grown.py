import json

import pytest
import torch

from attrcore import grown, kept, store
from attrcore.folder import Folder
from attrcore.kinds import Refused, Result
from attrcore.models import find
from attrcore.models.small import fresh
from attrcore.studies.fooling import Fooling
from attrcore.studies.training import Training
from attrcore.train.ig_norm import IgNorm
from attrcore.train.loop import Schedule

STUDY = Training(
    network="MnistMLP", digits="Packaged digits", objective=IgNorm(), schedule=Schedule(epochs=1, batch=2000, seed=77)
)


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """A run of the training, before its first step."""
    monkeypatch.setenv("ATTRCORE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = Folder(STUDY.key())
    found.queue(STUDY, "somebody")
    return found


def test_a_finished_training_is_a_model_like_any_other(folder):
    net = fresh("MnistMLP", 5)
    kept.write_result(folder, Result(STUDY, {}, net.state_dict(), {}))
    folder.put({**folder.said(), "state": "done"})
    entry = grown.network(folder.key)
    classifier = find(entry.name).load()
    x = torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(classifier.net(x), net(x), atol=1e-6) and classifier.classes == tuple("0123456789")
    assert "IG-NORM, trained here" in entry.title
    assert grown.network(folder.key) == entry  # once


def test_a_training_that_was_stopped_gives_what_its_checkpoint_holds(folder):
    net = fresh("MnistMLP", 6)
    state = {f"weight.{name}": t for name, t in net.state_dict().items()} | {"done": torch.tensor(3)}
    kept.write_checkpoint(folder, 3, 3, state)
    entry = grown.network(folder.key)
    x = torch.zeros(1, 1, 28, 28)
    assert torch.allclose(find(entry.name).load().net(x), net(x), atol=1e-6) and "stopped early" in entry.title


def test_before_its_first_checkpoint_there_is_no_network(folder):
    with pytest.raises(Refused, match="not come to its first checkpoint"):
        grown.network(folder.key)


def test_other_studies_grow_no_network(folder):
    other = Folder(Fooling().key())
    other.queue(Fooling(), "somebody")
    with pytest.raises(Refused, match="trains no network"):
        grown.network(other.key)
    assert json.loads((folder / "recipe.json").read_text())["kind"] == "Training" and not store.sound(folder.key)
