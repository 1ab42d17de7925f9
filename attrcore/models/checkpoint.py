"""A visitor's file of weights, read without executing anything in it, and said in one sentence where it is no good."""

import re
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import safetensors.torch
import torch
from torch import Tensor

from attrcore.kinds import Refused

MOST_BYTES = 1200 * 2**20  # the zoo's largest, ViT-L/32, has 1169
WRAPPERS = ("state_dict", "model_state_dict", "model")  # under which training scripts save the weights among others
PREFIXES = ("module.", "_orig_mod.")  # of DataParallel and of torch.compile
FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)


class Unfit(Refused):
    """A checkpoint that cannot be used.  The message is one sentence, fit for a page."""


def read(given: bytes | Path) -> dict[str, Tensor]:
    """The tensors in a `.safetensors` file or in a file that `torch.save` wrote, by name, as they are stored.

    They may lie under one of `WRAPPERS`, and all names may begin with one of `PREFIXES`, which is taken off.  Raises
    Unfit for anything else.  Memory is bounded by `MOST_BYTES`; nothing is unpickled but tensors and plain containers.
    """
    size = len(given) if isinstance(given, bytes) else given.stat().st_size
    if size > MOST_BYTES:
        raise Unfit(f"A checkpoint may have at most {MOST_BYTES >> 20} MB; this file has {size / 2**20:.1f} MB.")
    data = given if isinstance(given, bytes) else given.read_bytes()
    if data[8:9] == b"{" and int.from_bytes(data[:8], "little") <= len(data) - 8:  # the length of a head, and a head
        try:
            found = safetensors.torch.load(data)
        except Exception as e:  # its reader and torch raise several kinds over damaged files
            raise Unfit("This safetensors file is damaged or cut short.") from e
    elif data.startswith((b"PK\x03\x04", b"\x80")):  # a zip archive, or a bare pickle
        found = from_torch(data)
    elif data[8:9] == b"{":
        raise Unfit("This safetensors file is damaged or cut short.")
    else:
        raise Unfit("This file is neither a .safetensors file nor one that torch.save wrote.")
    return unprefixed(state_dict(found))


def from_torch(data: bytes) -> Any:
    """What `torch.save` put into the file, as far as that is tensors in plain containers."""
    if data.startswith(b"PK"):
        check_archive(data)
    try:
        return torch.load(BytesIO(data), map_location="cpu", weights_only=True)
    except UnpicklingError as e:
        if named := re.search(r"GLOBAL (\S+)", str(e)):
            what = f"holds a Python object ({harmless(named[1])}), and no visitor's code is run here"
            raise Unfit(f"This file {what}: save net.state_dict() instead.") from None
        raise Unfit("This file is damaged, or holds more than tensors: save net.state_dict().") from None
    except Exception as e:  # torch raises a dozen kinds over damaged files
        raise Unfit("This file of torch.save is damaged or cut short.") from e


def check_archive(data: bytes) -> None:
    """Refuse what is no archive of tensors, or would unpack into more than it is."""
    try:
        inside = ZipFile(BytesIO(data)).infolist()
    except (BadZipFile, NotImplementedError, ValueError) as e:
        raise Unfit("This file of torch.save is damaged or cut short.") from e
    if any(i.filename.endswith("/constants.pkl") for i in inside):
        raise Unfit("This file holds a TorchScript program, which is not run here: save net.state_dict() instead.")
    if any(i.compress_type != ZIP_STORED for i in inside) or sum(i.file_size for i in inside) > len(data):
        raise Unfit("This archive is compressed or overlaps itself, as none of torch.save does.")


def state_dict(found: Any) -> dict[str, Tensor]:
    """The weights by name, taken out of a wrapper."""
    wrappers = [k for k in WRAPPERS if isinstance(found, Mapping) and isinstance(found.get(k), Mapping)]
    if len(wrappers) > 1:
        raise Unfit(f"This file holds weights under {some(wrappers)}, and which are meant is not for us to guess.")
    weights = found[wrappers[0]] if wrappers else found
    if not isinstance(weights, Mapping):
        raise Unfit(f"A state dict must map names to tensors; this file holds an object of type {kind(weights)}.")
    if not weights:
        raise Unfit("The state dict in this file is empty.")
    for key, value in weights.items():
        if not isinstance(key, str):
            raise Unfit(f"A state dict must map names to tensors; a key in this file is of type {kind(key)}.")
        if not isinstance(value, Tensor):
            raise Unfit(f"A state dict must map names to tensors; {harmless(key)} is of type {kind(value)}.")
        if value.layout != torch.strided or value.device.type != "cpu" or value.is_quantized:
            raise Unfit(f"Weights must be dense tensors with values; {harmless(key)} is not.")
    return dict(weights)


def unprefixed(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights under the names they had before the network was wrapped for training."""
    while prefix := next((p for p in PREFIXES if all(k.startswith(p) for k in weights)), ""):
        weights = {k.removeprefix(prefix): v for k, v in weights.items()}
    return weights


def some(names: Iterable[str]) -> str:
    """Three names at most, and how many more there are."""
    first = [harmless(name) for name in names]
    if len(first) > 3:
        return f"{', '.join(first[:3])} and {len(first) - 3} more"
    return " and ".join([", ".join(first[:-1]), first[-1]]) if len(first) > 1 else first[0]


def harmless(name: str) -> str:
    """A name from a visitor's file, short and without anything that a page might take for more than a name."""
    return re.sub(r"[^\w.\-]", "?", name)[:60] or "(a name without letters)"


def kind(value: Any) -> str:
    """Its type, in a word."""
    return type(value).__name__
