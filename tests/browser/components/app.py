"""A page for the tests: each component with what Python gets from it.  `?part=` picks one."""

import json
import time
from pathlib import Path

import numpy as np
import streamlit as st

from attrcore.data.digits import packaged_digits
from attrcore.data.photos import SamplePhotos
from pages.parts import canvas, lens, swipe, theatre
from tests.browser.components import plays

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


@st.cache_resource
def started(run: str) -> float:
    """When a run began: it goes on while a page is loaded anew."""
    return time.monotonic()


def sending(data: bytes, **call):
    """In the place of the stage's component: notes what travels; `?drop=` a step, and its message is lost once."""
    log = st.session_state.setdefault("sent", [])
    steps = json.loads(data[4 : 4 + int.from_bytes(data[:4], "little")])["steps"]
    lost = st.session_state.get("drop", int(st.query_params.get("drop", -1)))
    if lost in steps:
        st.session_state["drop"] = -1
        data = st.session_state["data"]
    st.session_state["data"] = data
    log.append((steps, len(data)))
    return REAL(data=data, **call)


REAL = getattr(theatre.COMPONENT, "real", theatre.COMPONENT)
sending.real = REAL
theatre.COMPONENT = sending


def acted(side: int, total: int, rate: float, run: str) -> None:
    """A run of so many steps a second, polled three times a second until it ends; infinite: it has ended."""
    there = total if rate == np.inf else min(total, int((time.monotonic() - started(run)) * rate))

    @st.fragment(run_every=0.35 if there < total else None)
    def polled() -> None:
        there = total if rate == np.inf else min(total, int((time.monotonic() - started(run)) * rate))
        st.session_state["polls"] = st.session_state.get("polls", 0) + 1
        frames = plays.frames(side, total)[: there + 1]
        theatre.stage("t", plays.play(run, side, total), frames, live=there < total)
        sent = [n for steps, _ in st.session_state["sent"] for n in steps]
        most = max(size for _, size in st.session_state["sent"])
        said(sent=sent, polls=st.session_state["polls"], most=most, runs=st.session_state["runs"])
        if there == total and st.session_state.get("live"):
            st.session_state["live"] = False
            st.rerun()
        st.session_state["live"] = there < total

    polled()


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
    how = ROWS // 56 * 4 + COLUMNS // 56 if clicks else st.query_params.get("how", "lines")
    mask = canvas.mask(image, np.zeros_like(image), "m", how, name=f"Paint {EVIL}")
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
elif part == "theatre" and not hidden:
    asked = st.query_params
    rate = float(asked.get("rate", "inf"))
    acted(int(asked.get("side", 28)), int(asked.get("total", 100)), rate, asked.get("run", "done"))
elif part == "swipe" and not hidden:
    image = photo(next(iter(SamplePhotos.shows)))
    swipe.between(lens.Pane("Clean", image), lens.Pane(f"Attacked {EVIL}", 255 - image), "s")
    said(runs=st.session_state["runs"])
