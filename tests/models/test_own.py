import json
import pickle
import subprocess
import sys

import pytest
import torch
import torchvision
from safetensors.torch import load_file, save
from torch import nn

from attrcore import quick
from attrcore.explain import EXPLAINERS
from attrcore.kinds import Refused
from attrcore.models import MODELS, find
from attrcore.models.architectures import ARCHITECTURES, last_layer
from attrcore.models.checkpoint import WRAPPERS, Unfit, read
from attrcore.models.hollow import hollow
from attrcore.models.imagenet import MEAN, STD, ImageNet
from attrcore.models.own import Settings, accept, bare, settings_of
from attrcore.models.stored import Stored, stored
from tests.checkpoints import fresh, said, torch_file
from tests.conftest import needs, seeded

KINDS = {"squeezenet1_1": 64, "mobilenet_v2": 64, "resnet18": 64, "MnistCNN": 28, "MnistMLP": 28, "resnet20": 32,
         "vit_b_32": 64}  # fmt: skip


pytestmark = pytest.mark.usefixtures("shelf")


def files(net):
    """The same weights in every form that is taken."""
    weights = net.state_dict()
    yield "safetensors", save({k: v.contiguous() for k, v in weights.items()})
    yield "torch", torch_file(weights)
    yield "before torch 1.6", torch_file(weights, _use_new_zipfile_serialization=False)
    for wrapper in WRAPPERS:
        yield wrapper, torch_file({"epoch": 3, wrapper: weights, "optimizer": {"lr": 0.1}})
    yield "DataParallel", torch_file(nn.DataParallel(net).state_dict())
    yield "compiled, in DataParallel", torch_file({f"module._orig_mod.{k}": v for k, v in weights.items()})
    yield "parameters", torch_file(dict(net.named_parameters()) | dict(net.named_buffers()))


@pytest.mark.parametrize("name", KINDS)
def test_what_was_accepted_gives_the_logits_of_the_network_it_came_from(name):
    side, net = KINDS[name], fresh(name, side=KINDS[name])
    x = torch.rand(2, ARCHITECTURES[name].size[0], side, side, generator=torch.Generator().manual_seed(1))
    entry = accept(torch_file(net.state_dict()), said(name, side), "weights.pt")
    classifier = find(entry.name).load()
    with torch.no_grad():
        assert torch.equal(classifier.net(x), net((x - 0.5) / 0.5))
    assert not classifier.net.training and not any(p.requires_grad for p in classifier.net.parameters())
    assert not any(t.is_meta for t in [*classifier.net.parameters(), *classifier.net.buffers()])
    assert classifier.classes == entry.classes == tuple(f"class {i}" for i in range(5))
    assert classifier.size == entry.size == x.shape[1:] and classifier.digest == entry.digest
    assert (entry.resize, entry.interpolation, entry.missing()) == (side, "bilinear", "")


def test_every_form_of_file_is_the_same_checkpoint(tmp_path):
    net = fresh("resnet20")
    keys = {kind: accept(data, said("resnet20"), "a").key for kind, data in files(net)}
    (tmp_path / "file").write_bytes(torch_file(net.state_dict()))
    keys["path"] = accept(tmp_path / "file", said("resnet20"), "a").key
    assert len(set(keys.values())) == 1, keys


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_are_brought_to_single(dtype):
    net = fresh("resnet20").to(dtype)
    entry = accept(torch_file(net.state_dict()), said("resnet20"), "a")
    x = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        logits = entry.load().net(x)
        assert logits.dtype == torch.float32 and torch.equal(logits, net.float()((x - 0.5) / 0.5))


def test_counters_that_only_training_uses_may_be_absent_and_change_nothing():
    weights = fresh("resnet20").state_dict()
    old = {k: v for k, v in weights.items() if not k.endswith("num_batches_tracked")}
    assert accept(save(old), said("resnet20"), "a") == accept(save(weights), said("resnet20"), "a")


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_side_heads_may_be_there_and_transform_input_is_the_visitors_choice(name):
    make = getattr(torchvision.models, name)
    net = seeded(lambda: make(weights=None, num_classes=5, init_weights=False, aux_logits=True))
    side = ARCHITECTURES[name].size[1]
    bare = {k: v for k, v in net.state_dict().items() if not k.startswith(("aux", "Aux"))}
    entry, plain = (accept(torch_file(net.state_dict()), said(kind), "a") for kind in (name, f"{name}_plain"))
    assert entry == accept(torch_file(bare), said(name), "a") and entry != plain
    x = torch.rand(1, 3, side, side)
    with torch.no_grad():
        assert torch.equal(plain.load().net(x), net((x - 0.5) / 0.5))
        net.transform_input = True
        assert torch.equal(entry.load().net(x), net((x - 0.5) / 0.5))


def test_the_digest_is_that_of_weights_and_of_settings():
    data = torch_file(fresh("resnet20").state_dict())
    same = accept(data, said("resnet20"), "a.pt")
    others = [
        accept(torch_file(fresh("resnet20", classes=6).state_dict()), said("resnet20"), "a.pt"),
        accept(data, Settings("resnet20", (3, 32, 32), MEAN, STD), "a.pt"),
        accept(data, said("resnet20", 40), "a.pt"),
        accept(data, said("resnet20", classes=tuple("abcde")), "a.pt"),
        accept(data, said("resnet20", resize=40), "a.pt"),
        accept(data, said("resnet20", interpolation="bicubic"), "a.pt"),
    ]
    assert len({e.digest for e in [same, *others]}) == 7 and len(stored()) == 7
    assert accept(data, said("resnet20"), "another name.pt").digest == same.digest and len(stored()) == 7
    assert len(same.digest) == 64 and same.digest.startswith(same.key)


def test_a_stored_checkpoint_is_found_by_name_in_another_process():
    entry = accept(torch_file(fresh("MnistCNN").state_dict()), said("MnistCNN"), "C:\\me\\digits.pt")
    assert entry.facts()["file"] == "digits.pt" and entry.title == "digits.pt (MnistCNN)"
    assert stored() == {entry.name: entry} and pickle.loads(pickle.dumps(entry)) == entry
    script = f"from attrcore.models import find; print(find({entry.name!r}).load().digest)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == entry.digest


def test_a_page_asks_of_it_what_it_asks_of_any_model():
    entry = accept(torch_file(fresh("MnistCNN").state_dict()), said("MnistCNN"), "a")
    image = torch.randint(256, (1, 28, 28), dtype=torch.uint8).numpy()
    assert quick.classes(entry.name) == entry.classes
    assert quick.predict(entry.name, entry.digest, image).chances.sum() == pytest.approx(1, abs=1e-5)
    drawn = quick.explain(entry.name, entry.digest, image, None, EXPLAINERS["Guided Backprop"]().to_dict())
    assert drawn.attribution.shape == (1, 28, 28)


@pytest.mark.parametrize("name", ["own:", "own:0123456789abcdef", "own:../../etc/passwd", "own:0123456789ABCDEF",
                                  "own:0123456789abcdef\n", "0123456789abcdef", "VGG-12", ""])  # fmt: skip
def test_a_strange_name_finds_nothing(name):
    with pytest.raises(Refused) as e:
        find(name)
    assert str(e.value).endswith(".") and "etc" not in str(e.value)


@pytest.mark.parametrize("key", ["../../../etc/passwd", "0123456789ABCDEF", "0123", "0123456789abcdef\n"])
def test_a_path_is_made_of_hex_digits_only(key):
    with pytest.raises(ValueError, match=r"Stored\.key must be sixteen hex digits"):
        Stored(key)


def test_find_knows_every_model():
    assert all(find(name) is source for name, source in MODELS.items())


def test_what_is_broken_off_or_exchanged_is_no_checkpoint(shelf):
    entry = accept(torch_file(fresh("resnet20").state_dict()), said("resnet20"), "a")
    assert sorted(p.name for p in shelf.iterdir()) == [f"{entry.key}.json", f"{entry.key}.safetensors"]
    entry.weights.write_bytes(save(fresh("resnet20", classes=3).state_dict()))
    with pytest.raises(ValueError, match="must have the sha256 of its card"):
        entry.load()
    entry.weights.unlink()
    assert entry.missing() == f"The checkpoint {entry.name} is not on this machine." and not stored()
    with pytest.raises(FileNotFoundError, match="is not on this machine"):
        entry.load()
    with pytest.raises(Refused, match="is not on this machine"):
        find(entry.name)


def test_strangers_files_beside_the_checkpoints_are_left_alone(shelf):
    shelf.mkdir(parents=True)
    (shelf / "notes.json").write_text("{")
    assert stored() == {}


def test_there_is_an_end_to_what_is_stored(monkeypatch, shelf):
    accept(torch_file(fresh("resnet20").state_dict()), said("resnet20"), "a")
    monkeypatch.setattr("attrcore.models.stored.MOST_STORED", 2**20)
    with pytest.raises(Unfit, match=r"^There is no room for another checkpoint: all together may have 0 GB here\.$"):
        accept(torch_file(fresh("resnet20", classes=6).state_dict()), said("resnet20"), "a")
    assert len(list(shelf.iterdir())) == 2


def test_random_state_is_left_as_found():
    data, before = torch_file(fresh("resnet20").state_dict()), torch.random.get_rng_state()
    accept(data, said("resnet20"), "a").load()
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_card_is_json_with_what_was_said():
    settings = Settings("resnet20", (3, 32, 32), MEAN, STD, tuple("abcde"), 40, "bicubic")
    card = json.loads(accept(torch_file(fresh("resnet20").state_dict()), settings, "net.pt").card.read_text())
    assert card["classes"] == list("abcde") and card["mean"] == list(MEAN) and card["resize"] == 40
    assert card["architecture"] == "resnet20" and card["size"] == [3, 32, 32] and card["file"] == "net.pt"


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_last_layer_of_every_architecture_decides_its_classes(name):
    """The names of the last layers are found, not listed: each must have as many outputs as there are classes."""
    known = ARCHITECTURES[name]
    net = hollow(lambda: known.build(7, known.size[1]))
    assert net.get_submodule(last_layer(net)).weight.shape[0] == 7
    assert net(torch.empty(2, *known.size, device="meta")).shape == (2, 7)


def test_every_network_of_the_zoo_may_be_ones_own():
    zoo = {source.architecture for source in MODELS.values() if isinstance(source, ImageNet)}
    assert zoo < ARCHITECTURES.keys() and len({a.title for a in ARCHITECTURES.values()}) == len(ARCHITECTURES)


@needs("imagenet/weights")
@pytest.mark.parametrize("name", ["SqueezeNet 1.1", "SqueezeNet 1.0", "MobileNet-v2"])
def test_real_weights_given_as_ones_own_are_the_model_of_the_menu(name):
    source = MODELS[name]
    settings = Settings(source.architecture, source.size, source.mean, source.std, source.classes, source.resize)
    x = torch.rand(2, *source.size, generator=torch.Generator().manual_seed(4))
    with torch.no_grad():
        expected = source.load().net(x)
        for given in (source.found(), torch_file(load_file(source.found()))):
            entry = accept(given, settings, source.found().name)
            assert torch.equal(entry.load().net(x), expected)
            assert entry.classes == source.classes and entry.resize == source.resize


def test_a_checkpoint_can_be_removed():
    entry = accept(torch_file(fresh("resnet20").state_dict()), said("resnet20", 32), "weights.pt")
    entry.remove()
    assert not stored() and not list(entry.card.parent.iterdir()) and "not on this machine" in entry.missing()
    entry.remove()  # which somebody else may have done


def test_a_safetensors_file_is_known_whatever_its_first_byte():
    """One head in 32 has a length that begins like a pickle, with 0x80."""
    weights = {"weight": torch.ones(2, 3)}
    heads = {(data := save(weights, {"note": "." * length}))[0]: data for length in range(0, 256, 8)}
    assert 0x80 in heads
    for data in heads.values():
        assert torch.equal(read(data)["weight"], weights["weight"])


@pytest.mark.parametrize("name", MODELS)
def test_weights_of_every_network_of_the_menu_are_accepted_by_what_is_said_of_it(name):
    assert settings_of(name).architecture in ARCHITECTURES and settings_of(name).size == tuple(MODELS[name].size)
    if MODELS[name].missing():
        return
    before = MODELS[name].load()
    weights = save({k: v.contiguous() for k, v in bare(before.net.state_dict()).items()})
    entry = accept(weights, settings_of(name), "again.safetensors")
    x = torch.rand(1, *before.size, generator=torch.Generator().manual_seed(0))
    assert torch.equal(entry.load().net(x), before.net(x)) and settings_of(entry.name) == settings_of(name)
    assert entry.load().classes == before.classes
