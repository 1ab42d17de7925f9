import json

import pytest
import torch

from attrcore.__main__ import main
from attrcore.data import splits
from attrcore.kinds import Samples
from attrcore.models.shipped import load


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """Eighty made-up digits in place of MNIST: a bright column per class."""

    def samples(train):
        labels = torch.arange(80) % 10
        images = torch.zeros(80, 1, 28, 28)
        images[torch.arange(80), 0, :, labels * 2 + 4] = 1
        return Samples(images, labels, ())

    monkeypatch.setattr(splits, "mnist", samples)
    monkeypatch.setenv("ATTRCORE_RUNS", str(tmp_path / "store"))


def card(folder, **training):
    path = folder / "net.json"
    path.write_text(json.dumps({"name": "Net", "training": {"kind": "Training", "network": "MnistMLP", **training}}))
    return path


def test_a_card_is_enough_to_train_the_network_it_describes(tiny, tmp_path, capsys, monkeypatch):
    schedule = {"kind": "Schedule", "epochs": 10, "batch": 16}
    assert main(["train", str(card(tmp_path, schedule=schedule)), "--out", str(tmp_path / "out")]) == 0
    trained = load(tmp_path / "out" / "net.json")
    numbers = json.loads((tmp_path / "out" / "net.json").read_text())["numbers"]
    assert numbers["test_accuracy"]["share"] == 1.0 and numbers["test_accuracy"]["interval95"][0] > 0.9
    x = splits.mnist(train=False)
    assert (trained.net(x.images).argmax(1) == x.labels).all()
    monkeypatch.setenv("ATTRCORE_RUNS", str(tmp_path / "another store"))
    assert main(["train", str(tmp_path / "out" / "net.json"), "--out", str(tmp_path / "again")]) == 0
    assert "about" not in json.loads((tmp_path / "again" / "net.json").read_text())
    assert (tmp_path / "again" / "net.safetensors").read_bytes() == (tmp_path / "out" / "net.safetensors").read_bytes()


def test_what_a_card_says_about_its_network_stays(tiny, tmp_path, capsys):
    path = card(tmp_path, schedule={"kind": "Schedule", "epochs": 1, "batch": 80})
    path.write_text(json.dumps({**json.loads(path.read_text()), "about": "A trial."}))
    assert main(["train", str(path), "--out", str(tmp_path / "out")]) == 0
    assert json.loads((tmp_path / "out" / "net.json").read_text())["about"] == "A trial."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("{}", "must be a JSON object with 'name' and 'training'"), ("not json", "Expecting value"),
     ('{"name": "x", "training": {"kind": "Linf"}}', "kind must name a Training"),
     ('{"name": "x", "training": {"kind": "Training", "seed": -1}}', "Training.seed must be in [0, 2147483647]")],
)  # fmt: skip
def test_a_bad_card_gets_one_sentence(tmp_path, capsys, text, sentence):
    path = tmp_path / "net.json"
    path.write_text(text)
    assert main(["train", str(path)]) == 2
    assert sentence in capsys.readouterr().err


def test_a_missing_card_gets_one_sentence(tmp_path, capsys):
    assert main(["train", str(tmp_path / "none.json")]) == 2
    assert "No such file" in capsys.readouterr().err
