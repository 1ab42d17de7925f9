"""Maps that walk away from a trained network's, under one slider: nothing is computed as it is dragged."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np

from pages.parts import wire
from pages.parts.offline import page
from pages.parts.strokes import ATTACK, CHANCE, GREEN, PINK, RANDOM

SMALL = 64  # px: up to that wide, pixels are shown as squares
COLOURS = {"line": ATTACK.colour, "random map": CHANCE.colour, "input alone": RANDOM.colour,
           "another seed": GREEN, "edges": PINK, "random": RANDOM.colour}  # fmt: skip

MADE_OF = wire.parts("layers", "plots", styles=("theatre",))
COMPONENT = wire.component("layers", "plots", styles=("theatre",))


class Lane(NamedTuple):
    """One method, or something that asks no network."""

    title: str
    absolute: Sequence[np.ndarray]  # (H, W, 3) uint8, one for each step that is there; of what never changes, one
    signed: Sequence[np.ndarray] = ()
    values: Sequence[float | None] = ()  # how alike each step's map is to the first; none where nothing is compared
    ends: Sequence[tuple[float, float] | None] = ()  # of the interval around each
    beside: Sequence[tuple[str, float]] = ()  # nulls, by their names in COLOURS
    verdict: str = ""


class Scale(NamedTuple):
    """What the curves measure."""

    name: str
    ends: tuple[float, float]


class Words(NamedTuple):
    """What is walked along."""

    slider: str  # its name
    step: str  # what is different there, with {} for its name
    beside: str  # what every map is compared with


def offline(title: str, data: dict[str, Any], notes: list[str]) -> bytes:
    """The same as one HTML file that needs no server, of what `sent` gives."""
    return page(title, MADE_OF, data, notes)


def sent(key: str, steps: Sequence[str], lanes: Sequence[Lane], scale: Scale, words: Words) -> dict[str, Any]:
    """What the browser gets.  Raises ValueError for pictures of several sizes."""
    sizes = {picture.shape[:2] for lane in lanes for picture in (*lane.absolute, *lane.signed)}
    if len(sizes) != 1:
        raise ValueError(f"pictures must be of one size, got {sorted(sizes)}")
    ((h, w),) = sizes
    titles = [lane.title for lane in lanes]
    shape = sha256(
        repr((key, steps, titles, [lane.beside for lane in lanes], scale, words, (h, w))).encode()
    ).hexdigest()
    return {
        "key": key, "shape": shape[:16], "steps": list(steps), "size": [h, w], "wide": 148 if w <= SMALL else 224,
        "measure": scale.name, "ends": list(scale.ends), "words": words._asdict(), "colours": COLOURS,
        "lanes": [told(lane, len(steps)) for lane in lanes],
    }  # fmt: skip


def told(lane: Lane, count: int) -> dict[str, Any]:
    """A lane as the browser gets it: its maps as strips."""
    strips = {"absolute": strip(lane.absolute), **({"signed": strip(lane.signed)} if lane.signed else {})}
    values = [*lane.values, *[None] * (count - len(lane.values))] if lane.values else None
    return {"title": lane.title, "verdict": lane.verdict, "strips": strips, "values": values,
            "ends": [list(ends) if ends else None for ends in lane.ends],
            "beside": [list(line) for line in lane.beside]}  # fmt: skip


def strip(pictures: Sequence[np.ndarray]) -> str:
    """Pictures below each other, as one file."""
    return wire.picture(np.concatenate(pictures))
