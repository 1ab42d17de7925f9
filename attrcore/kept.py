"""What a run leaves in its folder: facts and frames of its steps, a checkpoint, the result.  Arrays only, no pickles.

A step is numbered by its place among all steps of its run, from 0.
"""

import hashlib
import json
import shutil
from collections.abc import Collection
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor

from attrcore.folder import Folder, NotKept, kept, write
from attrcore.kinds import Refused, Result
from attrcore.paths import replacing
from attrcore.recipe import Recipe

RESULT = ("result.json", "result.safetensors")
GONE = ".gone-"  # begins the name of a folder that is being deleted


class Damaged(Refused):
    """A result on disk is not what was written."""


class Fact(NamedTuple):
    """What a step said."""

    n: int  # its number
    done: int
    facts: dict[str, Any]


NO_CHECKPOINT = (OSError, safetensors.SafetensorError, KeyError, TypeError, ValueError)


def facts(key: str, since: int = 0) -> tuple[list[Fact], int]:
    """The facts written after the first `since` bytes, and the `since` to ask with next time."""
    path = Folder(key) / "facts.jsonl"
    try:
        with path.open("rb") as file:
            file.seek(since)
            whole = file.read().rpartition(b"\n")[0]
    except FileNotFoundError:
        return [], 0
    found = [fact(line) for line in whole.splitlines()]
    return [f for f in found if f is not None], since + len(whole) + bool(whole)


def fact(line: bytes) -> Fact | None:
    """A line of facts.jsonl; None where it is damaged."""
    with suppress(ValueError, TypeError):
        said = Fact(**json.loads(line))
        return said if isinstance(said.n, int) and isinstance(said.done, int) and isinstance(said.facts, dict) else None
    return None


def frames(key: str, since: int = 0) -> list[int]:
    """The numbers, from `since` on, of the steps that have a frame."""
    numbers = [int(path.stem) for path in (Folder(key) / "frames").glob("[0-9]*.npz")]
    return sorted(n for n in numbers if n >= since)


def frame(key: str, n: int) -> dict[str, np.ndarray]:
    """What there is to see of step `n`; nothing where it has no frame."""
    try:
        with np.load(Folder(key) / "frames" / f"{n:06}.npz", allow_pickle=False) as arrays:
            return dict(arrays)
    except FileNotFoundError:
        return {}


def write_frame(folder: Folder, n: int, arrays: dict[str, Tensor]) -> None:
    """Keep what there is to see of step `n`.  Raises NotKept."""
    with kept():
        (folder / "frames").mkdir(exist_ok=True)
        with replacing(folder / "frames" / f"{n:06}.npz") as part, part.open("wb") as file:
            np.savez(file, **{name: plain(t).numpy() for name, t in arrays.items()})


def write_checkpoint(folder: Folder, n: int, done: int, state: dict[str, Tensor]) -> None:
    """Keep what the run would go on from after step `n`.  Raises NotKept."""
    apart = {name: t.detach().cpu().clone() for name, t in state.items()}  # a file holds no two names of one tensor
    data = safetensors.torch.save(apart, {"n": str(n), "done": str(done), "key": folder.key})
    with kept(), replacing(folder / "checkpoint.safetensors") as part:
        part.write_bytes(data)


def checkpoint(folder: Folder) -> tuple[int, dict[str, Tensor] | None]:
    """The step after which the run would go on, and its state; -1 and None where the checkpoint is another run's.

    Raises one of NO_CHECKPOINT where there is none, or no good one.
    """
    with safetensors.safe_open(folder / "checkpoint.safetensors", "pt") as file:
        about = file.metadata()
        if about["key"] != folder.key:
            return -1, None
        return int(about["n"]), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def rewind(folder: Folder) -> tuple[int, dict[str, Tensor] | None]:
    """Bring the folder to its checkpoint, or to the start where it has none: the next step's number, and the state.

    What steps after it said is dropped: they will say it again.
    """
    for name in RESULT:
        (folder / name).unlink(missing_ok=True)
    n, state = -1, None
    try:
        n, state = checkpoint(folder)
    except NO_CHECKPOINT:
        (folder / "checkpoint.safetensors").unlink(missing_ok=True)  # none, or no good one
    for later in frames(folder.key, n + 1):
        (folder / "frames" / f"{later:06}.npz").unlink()
    if (folder / "facts.jsonl").exists():
        with kept(), replacing(folder / "facts.jsonl") as part, part.open("wb") as file:
            for line in (folder / "facts.jsonl").read_bytes().splitlines(keepends=True):
                if line.endswith(b"\n") and (told := fact(line)) is not None and told.n <= n:
                    file.write(line)
    return n + 1, state


def write_result(folder: Folder, result: Result) -> None:
    """Keep what the study found; with result.json it is there.  Raises NotKept."""
    data = safetensors.torch.save({name: t.detach().cpu().clone() for name, t in result.tensors.items()})
    with kept():
        with replacing(folder / "result.safetensors") as part:
            part.write_bytes(data)
        said = {
            "recipe": result.recipe.to_dict(),
            "numbers": json.loads(json.dumps(result.numbers, default=lambda v: v.tolist())),
            "made_by": result.made_by,
            "tensors": hashlib.sha256(data).hexdigest(),
        }
        write(folder / "result.json", {**said, "seal": seal(said)})
        (folder / "checkpoint.safetensors").unlink(missing_ok=True)


def result(key: str, names: Collection[str] | None = None) -> Result:
    """What the study found, with the tensors of those names (None: all).

    Raises Damaged where a file is not what was written, KeyError where a tensor is not there.
    """
    return read(Folder(key).path, names)


def read(path: Path, names: Collection[str] | None = None) -> Result:
    """The same from the two files of any folder."""
    said, tensors = whole(path), {}
    with safetensors.safe_open(path / "result.safetensors", "pt") as file:
        for name in file.keys() if names is None else names:
            if name not in file.keys():  # noqa: SIM118
                raise KeyError(f"the result has no tensor {name!r}")
            tensors[name] = file.get_tensor(name)
    return Result(Recipe.from_dict(said["recipe"]), said["numbers"], tensors, said["made_by"])


def check(key: str) -> dict[str, Any]:
    """What result.json says, when it and the tensors are what was written; else raises Damaged."""
    return whole(Folder(key).path)


def whole(path: Path) -> dict[str, Any]:
    """The same of any folder."""
    try:
        said = json.loads((path / "result.json").read_text())
        about = (path / "result.safetensors").stat()
        digest = file_digest(path / "result.safetensors", about.st_mtime_ns, about.st_size)
        good = said.pop("seal") == seal(said) and said["tensors"] == digest
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        good = False
    if not good:
        raise Damaged(f"The result {path.name} on disk is missing or damaged. Run the study again.")
    return said


def seal(said: dict[str, Any]) -> str:
    """A checksum of plain values."""
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


@lru_cache(200)
def file_digest(path: Path, changed: int, size: int) -> str:
    """Checksum of a file, computed again only when it was written to."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def plain(t: Tensor) -> Tensor:
    """On the CPU, in a type that NumPy knows."""
    t = t.detach().cpu()
    return t.float() if t.dtype == torch.bfloat16 else t


def remove(folder: Folder) -> None:
    """Take the run off the disk: at once under its name, then piece by piece.

    Raises Refused where there is none, NotKept.
    """
    away = folder.path.with_name(f"{GONE}{folder.key}-{uuid4().hex}")  # the run may come and go again meanwhile
    try:
        with kept():
            folder.path.replace(away)
    except FileNotFoundError as e:
        raise Refused(f"There is no run {folder.key} here.") from e
    clear(away)


def clear(away: Path) -> None:
    """Take what has lost its name off the disk; another process may do so too.  Raises NotKept for what stays."""
    while away.exists():
        try:
            with kept(), suppress(FileNotFoundError):
                shutil.rmtree(away)
        except OSError as e:
            raise NotKept("A part of a deleted run could not be taken off the disk. Make room once more later.") from e
