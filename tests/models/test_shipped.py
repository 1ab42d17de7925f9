import json
from hashlib import sha256

import pytest
import torch

from attrcore.models import MODELS
from attrcore.models.shipped import Shipped, load, save
from attrcore.models.small import NETWORKS, fresh
from attrcore.paths import ASSETS
from attrcore.recipe import Recipe
from attrcore.studies import Training

CARDS = sorted(ASSETS.glob("*.json"))


@pytest.mark.parametrize("path", CARDS, ids=lambda p: p.stem)
def test_a_card_tells_how_its_weights_came_about(path):
    card = json.loads(path.read_text())
    assert {
        "name",
        "architecture",
        "size",
        "classes",
        "data",
        "training",
        "numbers",
        "made_by",
        "weights",
    } <= card.keys()
    assert (
        isinstance(Recipe.from_dict(card["training"]), Training) and card["training"]["network"] == card["architecture"]
    )
    weights = ASSETS / card["weights"]["file"]
    assert sha256(weights.read_bytes()).hexdigest() == card["weights"]["sha256"]
    assert weights.stat().st_size == card["weights"]["bytes"]
    assert card["weights"]["dtype"] == "float32" or card["numbers"]["predictions_changed_by_half_precision"] == 0


def test_all_weights_together_stay_small():
    assert sum(p.stat().st_size for p in ASSETS.glob("*.safetensors")) < 60e6


def test_every_shipped_model_has_a_card_and_every_card_a_model():
    assert {m.card for m in MODELS.values() if isinstance(m, Shipped)} == {p.stem for p in CARDS}


def test_weights_that_are_not_the_cards_are_refused(tmp_path):
    save(tmp_path / "net.json", fresh("MnistMLP", 0), torch.float16, {"architecture": "MnistMLP"})
    (tmp_path / "net.safetensors").write_bytes(b"other")
    with pytest.raises(ValueError, match=r"net.safetensors must have the sha256 of its card"):
        load(tmp_path / "net.json")


def test_what_is_saved_is_loaded_again(tmp_path):
    net = fresh("MnistMLP", 3)
    facts = {"architecture": "MnistMLP", "name": "x", "classes": ["a"] * 10, "size": [1, 28, 28]}
    save(tmp_path / "net.json", net, torch.float32, facts)
    x = torch.rand(2, 1, 28, 28)
    torch.testing.assert_close(load(tmp_path / "net.json").net(x), net(x))


def test_the_network_of_robust_attribution_starts_from_large_weights():
    """Truncated at two standard deviations, so that what is left has 0.88 of one; the rest is MnistCNN's."""
    net, plain = fresh("RarCNN", 0), fresh("MnistCNN", 0)
    assert {k: v.shape for k, v in net.state_dict().items()} == {k: v.shape for k, v in plain.state_dict().items()}
    for name, weights in net.named_parameters():
        if name.endswith("bias"):
            assert (weights == 0.1).all()
        else:
            assert weights.abs().max() <= 0.2 and weights.std().item() == pytest.approx(0.088, abs=0.004)
    plain.load_state_dict(net.state_dict())
    x = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    assert torch.equal(net(x), plain(x))


@pytest.mark.parametrize("name", NETWORKS)
def test_fresh_weights_follow_their_seed_alone(name):
    before = torch.random.get_rng_state()
    a, b, c = (fresh(name, seed).state_dict()["fc1.weight"] for seed in (0, 0, 1))
    assert torch.equal(a, b) and not torch.equal(a, c) and torch.equal(torch.random.get_rng_state(), before)
