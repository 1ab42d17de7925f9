"""What is no good checkpoint gets one sentence, and nothing in it is executed."""

import io
import os
import pickle
import re
import struct
import tarfile
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import torch
from safetensors.torch import save
from torch import nn

from attrcore.kinds import Refused
from attrcore.models import checkpoint
from attrcore.models.own import accept
from tests.checkpoints import fresh, said, torch_file

pytestmark = pytest.mark.usefixtures("shelf")


class Payload:
    """Touches a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.system, (f"touch {self.path}",))


def net():
    return fresh("resnet20").state_dict()


def changed(**changes):
    """The weights of a ResNet-20 of five classes, some exchanged; None takes one away."""
    weights = net() | {k.replace("__", "."): v for k, v in changes.items()}
    return {k: v for k, v in weights.items() if v is not None}


def with_(key, change):
    weights = net()
    weights[key] = change(weights[key].clone())
    return torch_file(weights)


def zipped(data, compression):
    """The archive that torch wrote, written anew."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", compression) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return out.getvalue()


def overlapping():
    """An archive whose one tensor is listed a thousand times."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(torch_file(net()))) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        new.filelist.extend([new.getinfo(n) for n in old.namelist() if "/data/" in n] * 1000)
    return out.getvalue()


def tarred():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("storages"))
    return out.getvalue()


def scripted():
    out = io.BytesIO()
    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), out)
    return out.getvalue()


def nothing_but_shape(*shape):
    """A tensor that claims more numbers than there is memory for, and holds one."""
    return torch_file(net() | {"linear.weight": torch.zeros(1).expand(*shape)})


def poke(value):
    def change(tensor):
        tensor.view(-1)[0] = value
        return tensor

    return change


MALFORMED = {
    "nothing": (lambda: b"", "neither a .safetensors file nor one that torch.save wrote"),
    "a text": (lambda: b"hello, this is no checkpoint", "neither a .safetensors file nor"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(100), "neither a .safetensors file nor"),
    "numpy": (lambda: np.arange(3).tobytes(), "neither a .safetensors file nor"),
    "a tar of old torch": (tarred, "neither a .safetensors file nor"),
    "safetensors cut": (lambda: save(net())[:-100], "safetensors file is damaged or cut short"),
    "safetensors, long header": (lambda: struct.pack("<Q", 2**60) + b"{}", "safetensors file is damaged"),
    "safetensors, strange header": (lambda: struct.pack("<Q", 8) + b'{"a": 1}', "safetensors file is damaged"),
    "torch cut": (lambda: torch_file(net())[:-500], "damaged or cut short"),
    "torch, old, cut": (
        lambda: torch_file(net(), _use_new_zipfile_serialization=False)[:5000], "damaged or cut short"),
    "another zip": (lambda: zipped(torch_file(net()), zipfile.ZIP_STORED)[:4] + b"rubbish", "damaged or cut short"),
    "a compressed archive": (lambda: zipped(torch_file(net()), zipfile.ZIP_DEFLATED), "archive is compressed or"),
    "an archive of too much": (overlapping, "archive is compressed or overlaps"),
    "TorchScript": (scripted, "holds a TorchScript program"),
    "a whole network": (lambda: torch_file(fresh("resnet20")), "holds a Python object (attrcore.models.cifar_resnet."),
    "a namespace beside it": (
        lambda: torch_file({"args": io.BytesIO, "state_dict": net()}), "holds a Python object (_io.BytesIO)"),
    "a bare pickle": (lambda: pickle.dumps({"a": 1}), "damaged"),
    "a list": (lambda: torch_file([torch.zeros(2)]), "this file holds an object of type list"),
    "a tensor": (lambda: torch_file(torch.zeros(2)), "this file holds an object of type Tensor"),
    "empty": (lambda: torch_file({}), "state dict in this file is empty"),
    "empty safetensors": (lambda: save({}), "state dict in this file is empty"),
    "numbers": (lambda: torch_file({"epoch": 3}), "epoch is of type int"),
    "numbers for names": (lambda: torch_file({1: torch.zeros(2)}), "a key in this file is of type int"),
    "nested": (lambda: torch_file({"net": net()}), "net is of type OrderedDict"),
    "two wrappers": (
        lambda: torch_file({"model": net(), "state_dict": net()}), "under state_dict and model, and which are meant"),
    "sparse": (lambda: with_("linear.weight", lambda w: w.to_sparse()), "dense tensors with values; linear.weight"),
    "without values": (lambda: torch_file(changed(linear__weight=torch.empty(5, 64, device="meta"))), "dense tensors"),
    "quantised": (
        lambda: with_("linear.weight", lambda w: torch.quantize_per_tensor(w, 0.1, 0, torch.qint8)), "dense tensors"),
    "another network": (
        lambda: torch_file(fresh("MnistMLP").state_dict()),
        "weights of CIFAR ResNet-20; missing: conv1.weight, bn1.weight, bn1.bias and 9"),
    "one is missing": (lambda: torch_file(changed(bn1__bias=None)), "ResNet-20; missing: bn1.bias."),
    "the last layer is missing": (
        lambda: torch_file(changed(linear__weight=None, linear__bias=None)), "missing: linear.weight and linear.bias."),
    "one too many": (lambda: torch_file(changed(extra=torch.zeros(1))), "ResNet-20; unexpected: extra."),
    "deeper": (
        lambda: torch_file(fresh("resnet32").state_dict()), "unexpected: layer1.3.conv1.weight, layer1.3.bn1.weight, "),
    "shallower": (lambda: torch_file(net()), "CIFAR ResNet-32; missing: layer1.3.conv1.weight, "),
    "wider": (
        lambda: torch_file(changed(conv1__weight=torch.zeros(16, 1, 3, 3))),
        "conv1.weight has shape 16 x 1 x 3 x 3, not 16 x 3 x 3 x 3."),
    "all wider": (
        lambda: torch_file({k: v[None] for k, v in net().items()}), "A network must have 2 to 25,000 classes"),
    "four wrong shapes": (
        lambda: torch_file(changed(**{f"layer1__{i}__bn1__bias": torch.zeros(17) for i in (0, 1, 2)},
                                   bn1__bias=torch.zeros(17))), "not 16; 1 more differ."),
    "a number for the last layer": (
        lambda: torch_file(changed(linear__weight=torch.tensor(1.0))), "linear.weight in this file has 0."),
    "one class": (lambda: torch_file(fresh("resnet20", classes=1).state_dict()), "linear.weight in this file has 1."),
    "a bias of other length": (
        lambda: torch_file(changed(linear__bias=torch.zeros(6))), "linear.bias has shape 6, not 5."),
    "a billion classes": (lambda: nothing_but_shape(10**9, 64), "linear.weight in this file has 1,000,000,000."),
    "a huge shape": (lambda: nothing_but_shape(5, 10**10), "linear.weight has shape 5 x 10000000000, not 5 x 64."),
    "whole numbers": (lambda: with_("linear.weight", lambda w: w.long()), "linear.weight hold int64."),
    "truth values": (lambda: with_("bn1.bias", lambda w: w > 0), "bn1.bias hold bool."),
    "complex numbers": (lambda: with_("bn1.bias", lambda w: w + 0j), "bn1.bias hold complex64."),
    "eight bits": (lambda: with_("bn1.bias", lambda w: w.to(torch.float8_e4m3fn)), "bn1.bias hold float8_e4m3fn."),
    "not a number": (lambda: with_("linear.bias", poke(float("nan"))), "linear.bias are not."),
    "infinite": (lambda: with_("linear.bias", poke(float("inf"))), "linear.bias are not."),
    "infinite in single precision": (
        lambda: with_("linear.bias", lambda w: poke(1e300)(w.double())), "those of linear.bias are not."),
    "a negative variance": (lambda: with_("bn1.running_var", poke(-1.0)), "logits of a grey image are not finite"),
    "a name to mislead a page": (
        lambda: torch_file({"[click](http://x.y) <b>\nand. So": torch.zeros(1)}),
        "unexpected: ?click??http???x.y???b??and.?So."),
}  # fmt: skip

sentence = re.compile(r"[A-Z][^\n]*\.")


@pytest.mark.parametrize("what", MALFORMED)
def test_what_is_no_good_checkpoint_gets_one_sentence(what, shelf):
    make, says = MALFORMED[what]
    settings = said("resnet32" if what == "shallower" else "resnet20")
    with pytest.raises(Refused) as refused:
        accept(make(), settings, "weights.pt")
    words = str(refused.value)
    assert says in words and sentence.fullmatch(words) and ". " not in words.replace("; ", "") and len(words) < 400
    assert not shelf.exists()


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("way", ["zip", "before torch 1.6", "bare pickle", "zip, protocol 4"])
def test_a_payload_is_never_executed(way, wrapped, tmp_path):
    touched = tmp_path / "touched"
    what = OrderedDict(net(), bomb=Payload(touched))
    what = {"state_dict": what} if wrapped else what
    data = {
        "zip": lambda: torch_file(what),
        "zip, protocol 4": lambda: torch_file(what, pickle_protocol=4),
        "before torch 1.6": lambda: torch_file(what, _use_new_zipfile_serialization=False),
        "bare pickle": lambda: pickle.dumps({"bomb": Payload(touched)}),
    }[way]()
    with pytest.raises(Refused) as refused:
        accept(data, said("resnet20"), "weights.pt")
    assert sentence.fullmatch(str(refused.value)) and not touched.exists()
    if way in ("zip", "before torch 1.6"):  # the others use opcodes that the reader does not even know
        assert "holds a Python object (posix.system)" in str(refused.value)
    pickle.loads(pickle.dumps(Payload(touched)))
    assert touched.exists()  # the payload works where somebody unpickles it


def test_a_file_that_is_too_large_is_not_even_read(monkeypatch, tmp_path):
    monkeypatch.setattr(checkpoint, "MOST_BYTES", 2**20)
    (tmp_path / "large").write_bytes(bytes(2**20 + 1))
    for given in (bytes(2**20 + 1), tmp_path / "large"):
        with pytest.raises(Refused, match=r"^A checkpoint may have at most 1 MB; this file has 1\.0 MB\.$"):
            accept(given, said("resnet20"), "a")


def test_random_damage_never_raises_anything_else():
    rng = np.random.default_rng(0)
    for whole in (save(net()), torch_file(net()), torch_file(net(), _use_new_zipfile_serialization=False)):
        for _ in range(60):
            broken = bytearray(whole)
            for at in rng.integers(0, 4000, 5):
                broken[at] = rng.integers(0, 256)
            try:
                checkpoint.read(bytes(broken[: rng.integers(1, 2 * len(whole))]))
            except Refused as e:
                assert sentence.fullmatch(str(e))
