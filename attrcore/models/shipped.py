"""Networks this project trained and ships: safetensors weights beside a JSON card that says how they came about."""

import json
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from attrcore.kinds import Classifier
from attrcore.models.small import fresh
from attrcore.paths import ASSETS, replacing


@dataclass(frozen=True)
class Shipped:
    """One network of `assets/`, found by the name of its card."""

    card: str
    resize: int = 28  # short side that pictures are brought to before the crop
    interpolation: str = "bilinear"  # how they are brought to it, antialiased

    @property
    def size(self) -> tuple[int, int, int]:
        """C, H, W of the images it takes."""
        return tuple(self.facts()["size"])

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of its outputs, in order."""
        return tuple(self.facts()["classes"])

    @property
    def digest(self) -> str:
        """sha256 of the weights file, as the card gives it."""
        return self.facts()["weights"]["sha256"]

    def facts(self) -> dict[str, Any]:
        """The card."""
        return read_card(ASSETS / f"{self.card}.json")

    def note(self, more: dict[str, Any]) -> None:
        """Write more on its card."""
        path = ASSETS / f"{self.card}.json"
        with replacing(path) as part:
            part.write_text(json.dumps({**self.facts(), **more}, indent=2) + "\n")
        read_card.cache_clear()

    def missing(self) -> str:
        """Why it cannot be used here: never, it ships."""
        return ""

    def load(self) -> Classifier:
        """The trained network.  Raises ValueError when the weights are not those of the card."""
        return load(ASSETS / f"{self.card}.json")


@cache
def read_card(path: Path) -> dict[str, Any]:
    """The JSON card at `path`."""
    return json.loads(path.read_text())


def load(path: Path) -> Classifier:
    """The network of a card, its weights checked against the card's sha256 and brought to float32."""
    card = read_card(path)
    weights = path.parent / card["weights"]["file"]
    digest = sha256(weights.read_bytes()).hexdigest()
    if digest != card["weights"]["sha256"]:
        raise ValueError(f"{weights.name} must have the sha256 of its card, got {digest}")
    net = fresh(card["architecture"], seed=0)
    net.load_state_dict({k: v.float() for k, v in load_file(weights).items()})
    return Classifier(
        card["name"], net.eval().requires_grad_(False), tuple(card["classes"]), tuple(card["size"]), digest
    )


def save(path: Path, net: nn.Module, dtype: torch.dtype, card: dict[str, Any]) -> None:
    """Write `card` to `path` and the weights, as `dtype`, beside it; the card learns their sha256."""
    weights = path.with_suffix(".safetensors")
    with replacing(weights) as part:
        save_file({k: v.detach().cpu().to(dtype).contiguous() for k, v in net.state_dict().items()}, part)
    stored = {
        "file": weights.name,
        "dtype": str(dtype).removeprefix("torch."),
        "bytes": weights.stat().st_size,
        "sha256": sha256(weights.read_bytes()).hexdigest(),
    }
    with replacing(path) as part:
        part.write_text(json.dumps({**card, "weights": stored}, indent=2) + "\n")
