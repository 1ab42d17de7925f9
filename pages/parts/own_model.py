"""A visitor's own checkpoint: what must be said of it, the file, and the answer in one sentence."""

from typing import Any
from uuid import uuid4

import streamlit as st

from attrcore.kinds import Refused
from attrcore.models import find
from attrcore.models.architectures import ARCHITECTURES
from attrcore.models.checkpoint import MOST_BYTES
from attrcore.models.own import INTERPOLATIONS, NORMALISATIONS
from attrcore.paths import cache_folder, replacing
from pages.parts import cached

OTHER = "other numbers"


def offered(mine: list[str]) -> str | None:
    """A form for a checkpoint; the name under which it is found once it was accepted.

    `mine` are those kept before: they can be removed.
    """
    st.header("Your own checkpoint")
    st.markdown(
        "The weights of a network whose architecture is known here: a `.safetensors` file, or a state dict written by "
        "`torch.save`. Nothing in it is executed. It is kept on the machine that serves this page."
    )
    kind = st.selectbox(
        "Architecture", ARCHITECTURES, format_func=lambda a: ARCHITECTURES[a].title, filter_mode="contains"
    )
    settings = said(kind, *ARCHITECTURES[kind].size)
    file = st.file_uploader("File of weights", ["safetensors", "pth", "pt", "bin"], max_upload_size=MOST_BYTES >> 20)
    used = file is not None and st.button("Use these weights")
    removable(mine)
    if not used:
        return None
    try:
        return kept(file.getvalue(), settings, file.name)
    except (Refused, OSError) as reason:
        st.error(str(reason))
        return None


def said(kind: str, channels: int, height: int, width: int) -> dict[str, Any]:
    """What the file does not say: size, normalisation, names of classes."""
    with st.container(horizontal=True):
        h = st.number_input("Height of its images", 8, 600, height, key=f"h.{kind}")
        w = st.number_input("Width", 8, 600, width, key=f"w.{kind}")
        short = st.number_input(
            "Short side before the crop", 8, 1200, max(h, w), key=f"resize.{kind}.{h}.{w}",
            help="Photos are brought to this and cropped in the middle. ImageNet networks mostly take 256 for 224.",
        )  # fmt: skip
        how = st.selectbox("Interpolation", INTERPOLATIONS)
    usual = "none" if channels == 1 else "ImageNet"
    names = [*NORMALISATIONS, OTHER]
    norm = st.selectbox("Normalisation", names, names.index(usual), help="Of pixels in [0, 1], as in its training.")
    if norm == OTHER:
        with st.container(horizontal=True):
            mean, std = (st.text_input(f"{w}, one number or one per channel", "0.5") for w in ("Mean", "Std"))
        mean, std = numbers("mean", mean), numbers("std", std)
    else:
        mean, std = NORMALISATIONS[norm]
    labels = st.text_area("Names of its classes, one a line, in order", help="Left empty, they are numbered.")
    return {
        "architecture": kind, "size": [channels, h, w], "mean": list(mean), "std": list(std), "resize": short,
        "interpolation": how, "classes": [line.strip() for line in labels.splitlines() if line.strip()],
    }  # fmt: skip


def removable(mine: list[str]) -> None:
    """A button for each checkpoint that takes it off the machine."""
    if not mine:
        return
    with st.expander("Remove one that is kept here"):
        for entry in map(find, mine):
            if st.button(f"Remove {entry.title}", key=f"remove.{entry.key}"):
                entry.remove()
                st.rerun()


def numbers(what: str, text: str) -> tuple[float, ...]:
    """Numbers between commas or blanks.  Raises Refused for anything else."""
    try:
        return tuple(float(word) for word in text.replace(",", " ").split())
    except ValueError:
        raise Refused(f"The {what} must be numbers with commas between them, not {text[:40]!r}.") from None


def kept(data: bytes, settings: dict[str, Any], called: str) -> str:
    """Lay the file where a worker finds it, and have it checked."""
    folder = cache_folder() / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    path = (
        folder / f"{uuid4().hex}.weights"
    )  # of this click: two visitors may send the same file, and one may do so again
    with replacing(path) as part:
        part.write_bytes(data)
    try:
        with st.spinner("Checking the weights …"):
            return cached.accepted(path, settings, called)
    finally:
        path.unlink(missing_ok=True)
