"""Pictures of one size side by side under one lens: what is done to one is done to all."""

from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from pages.parts import wire

KEYS = (
    "Wheel, pinch, or + and - zoom; dragging moves; double click or 0 resets. "
    "Point at a pixel, or move to it with the arrow keys (Shift: by ten)"
)

COMPONENT = wire.component("lens")


class Pane(NamedTuple):
    """One picture under the lens."""

    title: str
    picture: np.ndarray | bytes  # (H, W, 3) uint8, or a PNG file
    values: np.ndarray | None = None  # (H, W) float, read off under the picture
    words: str = ""  # for those who do not see it


def viewer(panes: list[Pane], key: str, marks: bool = False) -> tuple[int, int] | None:
    """Show two to eight pictures; with `marks`, the pixel (row, column) that was clicked last, or None before.

    Values are shown to three figures.  Raises ValueError where the pictures or values differ in size.
    """
    if not 2 <= len(panes) <= 8:
        raise ValueError(f"a lens holds 2 to 8 pictures, got {len(panes)}")
    h, w = size(panes[0])
    for pane in panes:
        for what, shape in (("picture", size(pane)), ("values", (h, w) if pane.values is None else pane.values.shape)):
            if shape != (h, w):
                raise ValueError(f"{what} of {pane.title} must be as high and wide as the first, {(h, w)}, got {shape}")
    clicks = "; a click or Enter marks it." if marks else "."
    data = {"key": key, "size": [h, w], "marks": marks, "keys": KEYS + clicks, "panes": [sent(p) for p in panes]}
    pixel = COMPONENT(key=key, data=data, on_pixel_change=lambda: None).pixel
    return within(pixel, h, w) if marks else None


def size(pane: Pane) -> tuple[int, int]:
    """Height and width of a pane's picture."""
    if isinstance(pane.picture, np.ndarray):
        return pane.picture.shape[:2]
    return Image.open(BytesIO(pane.picture)).size[::-1]


def sent(pane: Pane) -> dict[str, Any]:
    """A pane as it travels: eight of 224 x 224 with values take less than 2 MB."""
    values = None if pane.values is None else wire.values(pane.values)
    return {"title": pane.title, "picture": wire.picture(pane.picture), "values": values, "words": pane.words}


def within(pixel: object, h: int, w: int) -> tuple[int, int] | None:
    """The pixel that a browser sent, where it is one of the picture's; anyone can send anything."""
    match pixel:
        case [row, column] if type(row) is type(column) is int and 0 <= row < h and 0 <= column < w:
            return row, column
    return None
