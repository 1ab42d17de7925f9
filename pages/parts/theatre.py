"""The stage: an attack on a map, step by step, while it runs and ever after.

The browser keeps the frames it got, by run, through reruns and visits to other pages.  Each is sent once to a visitor;
what a browser still lacks, because a message was lost or it had to forget, it says, and gets again.
"""

import math
import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from pages.parts import knobs, wire
from pages.parts.strokes import ATTACK, CHANCE, RANDOM

SMALL = 64  # px: below it pictures of one pane travel as one strip, which is half the size
STRIP = 8192  # px: browsers hold no pictures that are much higher
RUNS = 50  # remembered per visitor
FIGURES = 5  # of a number
COLOURS = {"line": ATTACK.colour, "chance": CHANCE.colour, "random": RANDOM.colour}

COMPONENT = wire.component("theatre", "reel", "plots", "panes")


class Curve(NamedTuple):
    """A number over the steps."""

    name: str  # its key in a frame's `numbers`
    axis: str  # what it says, in a few words
    lines: tuple[tuple[str, float], ...] = ()  # what to compare with: "chance", and a random control by any name
    ends: tuple[float, float] | None = None  # of its axis; None: as far as it goes
    bounds: tuple[float, float] | None = None  # between which it always is


class Marks(NamedTuple):
    """What is drawn over a map."""

    centre: tuple[float, float] | None = None  # of mass, (row, column) of pixels, whose middles are whole numbers
    top: np.ndarray | None = None  # (H, W) bool, the most important pixels


class Frame(NamedTuple):
    """One step.  What it lacks of `numbers` and `marks` is not drawn."""

    n: int
    pictures: tuple[bytes | np.ndarray, ...]  # one per pane, a PNG or JPEG file or (H, W, 3) uint8
    numbers: dict[str, float]
    marks: dict[int, Marks] = {}  # noqa: RUF012 - by pane; a tuple copies nothing, and nobody writes to it
    note: str = ""  # written over the first pane


class Play(NamedTuple):
    """What is played: the same in every call of a run, but for what is known when it is over."""

    run: str
    panes: tuple[str, ...]  # titles
    curves: tuple[Curve, ...]
    size: tuple[int, int]  # H, W of the pictures
    total: int  # the last step's number, should nobody stop it
    region: np.ndarray | None = None  # (H, W) bool, outlined on every pane
    kept: int | None = None  # the step that counts, once it is known: the stage comes to rest there
    columns: int = 0  # panes and curves in a row, where they stand in a table; 0: panes in one, curves as they fit


def had(key: str, run: str) -> int:
    """The last step up to which this visitor's browser has all of a run, -1 before the first: `stage` needs later ones.

    What a browser says it lacks, lost on the way or forgotten, counts as not sent.
    """
    kept = knobs.memory(f"{key}.sent")
    match (knobs.state(key) or {}).get("lacks"):
        case {"run": str(of), "gaps": [*gaps], "ask": ask} if ask != kept.get("ask"):
            kept["ask"], kept["gaps"] = ask, {of: [gap for gap in map(between, gaps) if gap]}
    starts = [max(low, -1) for low, _ in kept.get("gaps", {}).get(run, [])]
    return min([kept.setdefault("runs", {}).get(run, -1), *starts])


def between(gap: object) -> tuple[int, float] | None:
    """After which step and before which one frames are lacking, as a browser sent it; anyone can send anything."""
    match gap:
        case [int(low), None]:
            return low, math.inf
        case [int(low), int(high)]:
            return low, high
    return None


def stage(key: str, play: Play, frames: Sequence[Frame], live: bool) -> None:
    """Show a run.  `frames` are in order, and all there are, or all after `had`; those that were sent stay at home.

    Raises ValueError where a picture or mask is not of the play's size, or a frame has not one picture per pane.
    """
    start = had(key, play.run)
    kept = knobs.memory(f"{key}.sent")
    runs, gaps = kept["runs"], kept.get("gaps", {}).get(play.run, [])
    last = runs.pop(play.run, -1)
    before = [start, *(f.n for f in frames)] if frames and frames[0].n > start else [-1, *(f.n for f in frames)]
    linked = list(zip(before, frames, strict=False))
    new = [(b, f) for b, f in linked if f.n > last or any(low < f.n < high for low, high in gaps)]
    for _, frame in new:
        check(play, frame)
    sent = max(last, new[-1][1].n) if new else last
    if live and new and "ask" not in kept:
        # A browser that still loads the component sees only the last of several messages.  It asks once it is there.
        COMPONENT(key=key, data=packed(key, play, [], (sent, live)), on_lacks_change=lambda: None)
        return
    COMPONENT(key=key, data=packed(key, play, new, (sent, live)), on_lacks_change=lambda: None)
    runs[play.run] = sent
    kept.get("gaps", {}).pop(play.run, None)
    if len(runs) > RUNS:
        del runs[next(iter(runs))]


def check(play: Play, frame: Frame) -> None:
    """Whether a frame is one of this play's."""
    if len(frame.pictures) != len(play.panes):
        raise ValueError(f"step {frame.n} must have {len(play.panes)} pictures, got {len(frame.pictures)}")
    arrays = [p for p in frame.pictures if isinstance(p, np.ndarray)] + [
        m.top for m in frame.marks.values() if m.top is not None
    ]
    for array in arrays:
        if array.shape[:2] != play.size:
            raise ValueError(f"pictures of step {frame.n} must be {play.size} pixels, got {array.shape[:2]}")


def packed(key: str, play: Play, linked: Sequence[tuple[int, Frame]], state: tuple[int, bool]) -> bytes:
    """One message: frames, each after the step before it, the last step that was sent, and whether more are to come."""
    blobs: list[bytes] = []
    frames = [f for _, f in linked]
    panes = range(len(play.panes))
    head = {
        "key": key, **play._asdict(), "region": None if play.region is None else edges(play.region),
        "curves": [c._asdict() for c in play.curves], "colours": COLOURS,
        "sent": state[0], "live": state[1], "before": [b for b, _ in linked], "steps": [f.n for f in frames],
        "pictures": [pictures([f.pictures[i] for f in frames], blobs) for i in panes],
        "numbers": [[number(f.numbers.get(c.name)) for f in frames] for c in play.curves],
        "notes": [f.note for f in frames],
        "centres": [[centre(f.marks.get(i)) for f in frames] for i in panes],
        "tops": [tops([f.marks.get(i) for f in frames], blobs) for i in panes],
    }  # fmt: skip
    return wire.bundle(head, blobs)


def edges(mask: np.ndarray) -> str:
    """The edges between what is in a mask (H, W) and what is not, as a path of SVG in units of pixels."""
    inside = np.pad(mask.astype(bool), 1)
    across = np.argwhere(inside[1:] != inside[:-1]) - (0, 1)
    down = np.argwhere(inside[:, 1:] != inside[:, :-1]) - (1, 0)
    return "".join([f"M{x} {y}h1" for y, x in across.tolist()] + [f"M{x} {y}v1" for y, x in down.tolist()])


def pictures(some: Sequence[bytes | np.ndarray], blobs: list[bytes]) -> list[list[int]]:
    """Where each picture is: in which blob, and which row of it is its first.  A standing picture travels once."""
    places: list[list[int]] = []
    strip: list[np.ndarray] = []

    def end_strip() -> None:
        if strip:
            blobs.append(wire.png(np.concatenate(strip)))
            strip.clear()

    before = None
    for one in some:
        if places and same(one, before):
            places.append(places[-1])
        elif isinstance(one, np.ndarray) and max(one.shape[:2]) <= SMALL:
            if (len(strip) + 1) * len(one) > STRIP:
                end_strip()
            places.append([len(blobs), len(strip) * len(one)])
            strip.append(one)
        else:
            end_strip()
            places.append([len(blobs), 0])
            blobs.append(wire.png(one) if isinstance(one, np.ndarray) else one)
        before = one
    end_strip()
    return places


def same(one: bytes | np.ndarray, other: bytes | np.ndarray | None) -> bool:
    """Whether two pictures are one."""
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and np.array_equal(one, other)
    return isinstance(other, bytes) and one == other


def tops(marks: Sequence[Marks | None], blobs: list[bytes]) -> dict[str, Any] | None:
    """In which blob the masks are, deflated, a bit a pixel; which steps have one."""
    masks = [m.top for m in marks if m is not None and m.top is not None]
    if not masks:
        return None
    blobs.append(zlib.compress(b"".join(np.packbits(mask.astype(bool)).tobytes() for mask in masks)))
    return {"blob": len(blobs) - 1, "has": [m is not None and m.top is not None for m in marks]}


def centre(marks: Marks | None) -> list[float | None] | None:
    """A centre of mass, to a hundredth of a pixel."""
    if marks is None or marks.centre is None or not all(math.isfinite(v) for v in marks.centre):
        return None
    return [round(float(v), 2) for v in marks.centre]


def number(value: float | None) -> float | None:
    """A number as JSON has it."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.{FIGURES}g}")
