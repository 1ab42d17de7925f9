"""Accepted checkpoints on disk, and the entries that find them again.

Each is a safetensors file and a JSON card, named by the first digits of the digest of weights and settings: the same
weights with the same settings are stored once, and what lies under a name is never exchanged.
"""

import json
import re
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path, PureWindowsPath
from typing import Any

import safetensors.torch
from torch import Tensor, nn

from attrcore.kinds import Classifier, Refused
from attrcore.models.architectures import ARCHITECTURES
from attrcore.models.checkpoint import Unfit
from attrcore.models.hollow import fill, hollow
from attrcore.models.imagenet import Normalise
from attrcore.models.shipped import read_card
from attrcore.paths import cache_folder, replacing

PREFIX = "own:"
MOST_STORED = 20 * 2**30  # bytes of weights, of all visitors together
MOST_LETTERS = 100  # of a file's name


@dataclass(frozen=True)
class Stored:
    """One accepted checkpoint, with the interface of the entries of MODELS.

    Raises ValueError for a key that is not sixteen hex digits: it becomes part of a path.
    """

    key: str

    def __post_init__(self) -> None:
        if not re.fullmatch("[0-9a-f]{16}", self.key):
            raise ValueError(f"Stored.key must be sixteen hex digits, got {self.key!r}")

    @property
    def name(self) -> str:
        """What `attrcore.models.find` finds it by."""
        return PREFIX + self.key

    @property
    def title(self) -> str:
        """For a menu: what it was called at the visitor's, and what it is."""
        return f"{self.facts()['file']} ({ARCHITECTURES[self.facts()['architecture']].title})"

    @property
    def size(self) -> tuple[int, int, int]:
        """C, H, W of the images it takes."""
        return tuple(self.facts()["size"])

    @property
    def resize(self) -> int:
        """Short side that pictures are brought to before the crop."""
        return self.facts()["resize"]

    @property
    def interpolation(self) -> str:
        """How they are brought to it, antialiased."""
        return self.facts()["interpolation"]

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of its outputs, in order."""
        return tuple(self.facts()["classes"])

    @property
    def digest(self) -> str:
        """sha256 of weights and settings."""
        return self.facts()["digest"]

    @property
    def card(self) -> Path:
        """Where its card lies."""
        return folder() / f"{self.key}.json"

    @property
    def weights(self) -> Path:
        """Where its weights lie."""
        return folder() / f"{self.key}.safetensors"

    def facts(self) -> dict[str, Any]:
        """The card: the settings as JSON has them, `file`, `digest`, and `weights` with their own sha256."""
        return read_card(self.card)

    def missing(self) -> str:
        """Why it cannot be used now, in a sentence, or nothing."""
        here = self.card.is_file() and self.weights.is_file()
        return "" if here else f"The checkpoint {self.name} is not on this machine."

    def remove(self) -> None:
        """Take it off this machine; those who look at it now keep what they see."""
        for file in (self.card, self.weights):  # the card first: without it the checkpoint is not there
            file.unlink(missing_ok=True)

    def load(self) -> Classifier:
        """The network in eval mode.  Raises FileNotFoundError, or ValueError where the weights are not the card's."""
        if reason := self.missing():
            raise FileNotFoundError(reason)
        data, facts = self.weights.read_bytes(), self.facts()
        if (found := sha256(data).hexdigest()) != facts["weights"]["sha256"]:
            raise ValueError(f"{self.weights.name} must have the sha256 of its card, got {found}")
        net = assembled(facts, safetensors.torch.load(data))
        return Classifier(facts["file"], net, self.classes, self.size, self.digest)


def assembled(facts: dict[str, Any], weights: dict[str, Tensor]) -> nn.Module:
    """Normalisation and network: pixels in, logits out, in eval mode, with fixed weights."""
    build = partial(ARCHITECTURES[facts["architecture"]].build, len(facts["classes"]), facts["size"][1])
    return nn.Sequential(Normalise(facts["mean"], facts["std"]), fill(hollow(build), weights)).eval()


def keep(weights: dict[str, Tensor], facts: dict[str, Any], file: str) -> Stored:
    """Write weights and card, unless they are there.

    Raises Unfit where there is no room for more, OSError where the disk says so.
    """
    data = safetensors.torch.save(weights)
    content = sha256(data).hexdigest()
    digest = sha256(json.dumps([content, facts], sort_keys=True).encode()).hexdigest()
    entry = Stored(digest[:16])
    if not entry.missing():
        return entry
    folder().mkdir(parents=True, exist_ok=True)
    if sum(p.stat().st_size for p in folder().glob("*.safetensors")) + len(data) > MOST_STORED:
        raise Unfit(f"There is no room for another checkpoint: all together may have {MOST_STORED >> 30} GB here.")
    name = PureWindowsPath(file).name[:MOST_LETTERS] or "a checkpoint"  # the last part, also of a path with slashes
    card = {**facts, "file": name, "digest": digest, "weights": {"sha256": content, "bytes": len(data)}}
    with replacing(entry.weights) as part:
        part.write_bytes(data)
    with replacing(entry.card) as part:  # last: with its card a checkpoint is there
        part.write_text(json.dumps(card, indent=2) + "\n")
    return entry


def stored() -> dict[str, Stored]:
    """Every checkpoint on this machine by its name for `find`, those of one title beside each other."""
    keys = [p.stem for p in folder().glob("*.json") if re.fullmatch("[0-9a-f]{16}", p.stem)]
    here = [entry for entry in map(Stored, keys) if not entry.missing()]
    return {entry.name: entry for entry in sorted(here, key=lambda e: (e.title.lower(), e.key))}


def named(name: str) -> Stored:
    """The checkpoint of that name.  Raises Refused where there is none."""
    digits = re.fullmatch(f"{PREFIX}([0-9a-f]{{16}})", name)
    if digits is None:
        raise Refused("There is no model of that name.")
    entry = Stored(digits[1])
    if reason := entry.missing():
        raise Refused(reason)
    return entry


def folder() -> Path:
    """Where they lie.  It may not exist yet."""
    return cache_folder() / "checkpoints"
