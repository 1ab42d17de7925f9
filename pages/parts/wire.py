"""How pictures and numbers travel to a component of our own in the browser, and where its parts lie."""

import base64
import json
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from PIL import Image

from attrcore.data.drawn import HEAD

HERE = Path(__file__).parent
HALF_TOP = 60_000.0  # near the largest half float: values down to a billionth of the largest keep three figures


class Parts(NamedTuple):
    """What a component is made of."""

    html: str
    css: str
    js: str


def parts(name: str, *scripts: str, styles: tuple[str, ...] = ()) -> Parts:
    """Markup, style and script, which lie here in `name`.html, .css and .js, after others' if named."""
    html = (HERE / f"{name}.html").read_text()
    css = "\n".join((HERE / f"{style}.css").read_text() for style in (*styles, name))
    js = "\n".join((HERE / f"{script}.js").read_text() for script in (*scripts, name))
    return Parts(html, css, js)


def component(name: str, *scripts: str, styles: tuple[str, ...] = ()) -> Any:
    """The component that is made of these parts."""
    return st.components.v2.component(f"attrcore.{name}", **parts(name, *scripts, styles=styles)._asdict())


def picture(pixels: np.ndarray | bytes) -> str:
    """An image (H, W, 3) uint8, or a PNG or JPEG file, as a data URL: browsers look what it is."""
    file = packed(pixels.tobytes(), pixels.shape) if isinstance(pixels, np.ndarray) else pixels
    return HEAD + base64.b64encode(file).decode()


@lru_cache(100)  # a page sends the same pictures in every run
def packed(pixels: bytes, shape: tuple[int, ...]) -> bytes:
    """A PNG file of these pixels, kept."""
    return png(np.frombuffer(pixels, np.uint8).reshape(shape))


def png(pixels: np.ndarray) -> bytes:
    """A PNG file of these pixels: a third the size where they have no more than 256 colours, as maps do."""
    image = Image.fromarray(pixels)
    if image.mode == "RGB" and image.getcolors(256):
        image = image.quantize(256, dither=Image.Dither.NONE)
    file = BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()


def bundle(head: dict[str, Any], blobs: list[bytes]) -> bytes:
    """A message with files in it as they are, which base64 would make a third longer; reel.js opens it.

    Four bytes that say how long the JSON is, the JSON with the files' lengths, the files.
    """
    words = json.dumps({**head, "lengths": [len(b) for b in blobs]}, allow_nan=False, separators=(",", ":")).encode()
    return b"".join([len(words).to_bytes(4, "little"), words, *blobs])


def numbered(labels: np.ndarray) -> str:
    """An image of whole numbers (H, W), from 0 to 2^24, as a data URL whose colours are their three bytes."""
    return picture(np.stack([labels & 255, labels >> 8 & 255, labels >> 16 & 255], -1).astype(np.uint8))


def values(plane: np.ndarray) -> dict[str, Any]:
    """Numbers (H, W) as half floats in base64, two bytes each, and the factor to multiply them by.

    Three figures stay right; what is not finite stays so.
    """
    finite = np.abs(plane[np.isfinite(plane)])
    factor = float(finite.max(initial=0.0)) / HALF_TOP or 1.0
    half = (plane / factor).astype("<f2")
    return {"half": base64.b64encode(half.tobytes()).decode(), "factor": factor}
