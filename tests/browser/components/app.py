"""A page for the tests: each component with what Python gets from it.  `?part=` picks one."""

import json
from pathlib import Path

import numpy as np
import streamlit as st

from attrcore.data.digits import packaged_digits
from attrcore.data.photos import SamplePhotos
from pages.parts import canvas, lens

ROOT = Path(__file__).parents[3]
SIDE = 224
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]
EVIL = "<img src=x onerror=alert(1)>"


def photo(name: str) -> np.ndarray:
    """A photo of scikit-image, square."""
    return np.asarray(SamplePhotos().open(name).convert("RGB").resize((SIDE, SIDE)))


def said(**facts) -> None:
    """What Python has, for the test to read."""
    st.code(json.dumps(facts), language=None, wrap_lines=True)


st.set_page_config(layout="wide")
st.html(ROOT / "assets" / "style.css")
st.title("Components")
st.session_state["runs"] = st.session_state.get("runs", 0) + 1
st.button("Run again")
hidden = st.toggle("Hide")
part = st.query_params.get("part", "digit")

if part == "digit" and not hidden:
    digit = canvas.digit("d")
    said(pixels=None if digit is None else digit.tolist(), runs=st.session_state["runs"])
elif part == "mask" and not hidden:
    names = list(SamplePhotos.shows)[:2]
    image = photo(st.radio("Photo", names))
    clicks = st.toggle("Regions")
    regions = ROWS // 56 * 4 + COLUMNS // 56 if clicks else None
    mask = canvas.mask(image, np.zeros_like(image), "m", regions, name=f"Paint {EVIL}")
    rows, columns = np.nonzero(mask)
    box = [int(v) for v in (rows.min(), columns.min(), rows.max(), columns.max())] if mask.any() else None
    said(pixels=int(mask.sum()), box=box, shape=mask.shape, runs=st.session_state["runs"])
elif part == "lens" and not hidden:
    image = photo(next(iter(SamplePhotos.shows)))
    count = int(st.query_params.get("count", 8))
    planes = [((ROWS * 1000.0 + COLUMNS) * (-0.1) ** i).astype(np.float32) for i in range(count)]
    planes[1][5, 7] = np.nan
    panes = [lens.Pane(f"Map {i} {EVIL if i == 2 else ''}", image, plane) for i, plane in enumerate(planes)]
    said(pixel=lens.viewer([lens.Pane("Image", image), *panes[1:]], "l", marks=True), runs=st.session_state["runs"])
elif part == "small" and not hidden:
    images = packaged_digits()[0][:3]
    lens.viewer([lens.Pane(f"Digit {i}", np.dstack([p] * 3), p / np.float32(255)) for i, p in enumerate(images)], "s")
