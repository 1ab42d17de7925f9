"""Surfaces to paint on with mouse, finger, pen or keys: a digit, and a mask over an image.

What is painted stays through reruns and visits to other pages, under the element's key; a mask also under its image,
so that each image has its own.
"""

from hashlib import sha256
from typing import Any

import numpy as np

from attrcore.data import drawn
from attrcore.kinds import Refused
from pages.parts import address, wire

SHEET = 280  # px, ten for each of a digit's
KEYS = "Or with the keyboard: arrow keys move the pen (Shift: by one pixel), Space paints, Ctrl+Z undoes."
ARROWS = "arrow keys move (Shift: by one pixel), Space"
HOW = {
    "lines": KEYS,
    "patches": f"Or with the keyboard: {ARROWS} takes a region, Ctrl+Z undoes.",
    "box": f"Drag a box, or click two of its corners; Escape drops the first. Or with the keyboard: {ARROWS} sets a "
    "corner, Ctrl+Z undoes.",
    "polygon": "Click its corners; a click on the first, or Enter, closes it, Backspace takes the last back, Escape "
    f"all. Or with the keyboard: {ARROWS} sets a corner, Ctrl+Z undoes.",
}

COMPONENT = wire.component("canvas", "ink", "shapes")


def digit(key: str, name: str = "Draw a digit") -> np.ndarray | None:
    """A digit that the visitor draws, (28, 28) uint8, white on black, framed as MNIST's are; None while empty.

    Raises Refused where the browser sent what is no drawing.
    """
    pen = {"pen": 26, "widest": 60, "soft": 6, "wide": SHEET}
    ink = painted(key, "", (SHEET, SHEET), {"name": name, "keys": KEYS, "base": None, "reveal": None, **pen})
    return None if ink is None else drawn.digit(ink)


def mask(
    image: np.ndarray,
    revealed: np.ndarray,
    key: str,
    how: str | np.ndarray = "lines",
    name: str = "Paint what to replace",
    blank: np.ndarray | None = None,
    wide: int = 448,
) -> np.ndarray:
    """A mask that the visitor paints over `image`, (H, W) bool; where it is True, `revealed` shows instead.

    Both are (H, W, 3) uint8, as is `blank`, which is seen until something is painted.  `how`: "lines" of a pen, a "box"
    or a "polygon" between corners, or whole numbers (H, W): the patches that a click flips.  Raises ValueError where
    shapes differ or there is no such way, Refused where the browser sent what is no mask of this size.  The surface is
    `wide` pixels wide on the screen, or less.
    """
    size = image.shape[:2]
    patches = how if isinstance(how, np.ndarray) else None
    by = "patches" if isinstance(how, np.ndarray) else how
    for what, other in (("revealed", revealed.shape[:2]), ("patches", size if patches is None else patches.shape)):
        if other != size:
            raise ValueError(f"{what} must be as high and wide as the image, {size}, got {other}")
    if by not in HOW or (by == "patches" and patches is None):
        raise ValueError(f'how must be "lines", "box", "polygon" or an array of patches, got {how!r}')
    ink = painted(key, sha256(image.tobytes()).hexdigest()[:16], size, {
        "name": name, "keys": HOW[by], "how": by, "base": wire.picture(image), "reveal": wire.picture(revealed),
        "regions": None if patches is None else wire.numbered(patches),
        "blank": None if blank is None else wire.picture(blank),
        "pen": max(1, max(size) // 10), "widest": max(4, max(size) // 3), "soft": 0, "wide": wide,
    })  # fmt: skip
    return np.zeros(size, bool) if ink is None else ink > 127


def painted(key: str, of: str, size: tuple[int, int], scene: dict[str, Any]) -> np.ndarray | None:
    """Show the surface; the ink on it, (H, W) uint8, or None where there is none on what is shown now."""
    data = {"key": key, "of": of, "size": list(size), "how": "lines", "regions": None, **scene}
    sent = COMPONENT(key=key, data=data, on_ink_change=lambda: None).ink
    if sent is None:
        return None
    if not isinstance(sent, dict):
        raise Refused("What the browser sent is no painting.")
    if sent.get("of") != of or sent.get("png") is None:
        return None  # on another picture, or wiped
    address.lacks("what you drew" if not of else "what you painted")
    return drawn.ink(sent["png"], size)
