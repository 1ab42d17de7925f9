"""The picture to explain: one of a collection, or the visitor's own."""

from collections import Counter
from hashlib import sha256
from typing import NamedTuple

import numpy as np
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from attrcore.data import collections, drawn
from attrcore.data.own import FORMATS, MOST_BYTES
from attrcore.data.pictures import Pictures
from attrcore.models import find
from pages.parts import address, cached, canvas, knobs
from pages.parts.knobs import LINKED, escaped, kept, usual

OWN, CAMERA, DRAWN = "Your own picture", "Your camera", "A digit you draw"
FRAMED = "framed as MNIST's digits are"
MANY = 500  # above this a collection is leafed through by number


class Picture(NamedTuple):
    """What was chosen to look at, as the network sees it."""

    source: str
    name: str
    label: str  # what it shows, as its source says; may be empty
    pixels: np.ndarray  # (C, H, W) uint8
    how: str  # what was done to it beyond scaling, in words; may be empty
    credit: str = ""  # whom to name beside it


def picture(model: str, tag: str = "", first: Picture | None = None) -> Picture | None:
    """A picture of a collection that suits the model, or the visitor's own; beside a `first`, usually the next one.

    `tag` tells two pictures apart.
    """
    group, one = ("Other collection", "Other picture") if first else ("Collection", "Picture")
    channels, *sides = find(model).size
    suits = {name: c for name, c in collections().items() if c.channels == channels and (not c.missing() or c.host)}
    there = dict(sorted(suits.items(), key=lambda pair: bool(pair[1].missing())))
    mine = [OWN, CAMERA] + [DRAWN] * (channels == 1 and sides == [28, 28])
    same = list(there).index(first.source) if first and first.source in there else 0
    key, sources = f"pictures{channels}{tag}", [*there, *mine]
    key = usual(key, sources[same]) if first else kept(key)
    source = st.selectbox(group, sources, same, key=key, **LINKED)
    if source in mine:
        return own_picture(source, model, tag)
    collection = there[source]
    if reason := collection.missing():
        fetched(collection, reason)
        return None
    names = collection.names()
    following = (names.index(first.name) + 1) % len(names) if first and first.source == source else 0
    if len(names) > MANY:
        last, key = len(names) - 1, usual(f"no.{source}{tag}", following)
        name = names[st.number_input(f"{one} (0 to {last})", 0, last, following, key=key, **LINKED)]
    else:
        options = by_label(collection)
        key = usual(f"pick.{source}{tag}", list(options)[following])
        name = options[st.selectbox(one, options, following, key=key, **LINKED)]
    if cached.strange(source, map(collection.label, names[:: max(1, len(names) // MANY)]), cached.classes(model)):
        st.caption("This network knows none of this collection's classes: whatever it names, it is something else.")
    return Picture(source, name, collection.label(name), *cached.fitted(source, name, model), collection.credit)


def by_label(collection: Pictures) -> dict[str, str]:
    """Names of pictures by what they show, with the name beside it where several show the same."""
    labels = {name: collection.label(name) for name in collection.names()}
    counts = Counter(labels.values())
    return {label if label and counts[label] == 1 else f"{label} ({name})": name for name, label in labels.items()}


def fetched(collection: Pictures, reason: str) -> None:
    """Offer to download a collection, and do so when asked."""
    st.caption(reason)
    if st.button(f"Download from {collection.host}", key=f"fetch.{collection.host}"):
        try:
            with st.spinner("Downloading …"), cached.aside():
                collection.fetch()
        except (OSError, ValueError) as e:
            st.error(str(e))
        else:
            st.rerun()


class File(NamedTuple):
    """What a visitor sent."""

    id: str  # another one's, whenever they send it
    name: str
    data: bytes


def held(sent: UploadedFile | None, key: str) -> File | None:
    """The file that was sent, until it is taken away: Streamlit forgets it where its widget is not drawn."""
    memory = knobs.memory(knobs.FILES)
    if sent is not None and (key not in memory or memory[key].id != sent.file_id):
        memory[key] = File(sent.file_id, sent.name, sent.getvalue())
    file = memory.get(key)
    if sent is None and file is not None:
        st.caption(f"Still here: {escaped(file.name)}")
        st.button("Take it away", key=f"{key}.away", on_click=knobs.let_go, args=(key,))
    return file


def own_picture(source: str, model: str, tag: str) -> Picture | None:
    """The visitor's file, photo or drawing, once there is one.  It stays in this browser session and in no link."""
    if source == DRAWN:
        ink = canvas.digit(f"drawn{tag}")
        return None if ink is None else Picture(source, "drawing", "", ink[None], FRAMED)
    if source == CAMERA:
        key = f"camera{tag}"
        file = held(st.camera_input("Your photo", key=key, on_change=knobs.let_go, args=(key,)), key)
    else:
        kinds = [f.lower() for f in FORMATS] + ["jpg", "tif"]
        help = (
            "Photos are cropped to the network's square; digits are padded, and inverted when they are dark on white. "
            "An animation gives its first frame; what is transparent becomes white. A link does not carry it."
        )
        key = f"file{tag}"
        file = held(st.file_uploader("Your picture", kinds, max_upload_size=MOST_BYTES >> 20, help=help, key=key,
                                     on_change=knobs.let_go, args=(key,)), key)  # fmt: skip
    if file is None:
        return None
    address.lacks("your photo" if source == CAMERA else "the picture that you uploaded")
    if find(model).size == (1, drawn.FRAME, drawn.FRAME):
        ink, inky = cached.framed(sha256(file.data).hexdigest(), file.data)
        before = knobs.memory("framed")  # Streamlit forgets the switch where it is not drawn
        asked = ink is not None and st.toggle(
            "Frame as MNIST's digits are", before.get(file.id, inky), key=f"frame{tag}.{file.id}",
            help="The ground becomes black and the ink white, 20 pixels high, with its mass in the middle: what the "
            "network learned from. Without, the whole picture is scaled down.",
        )  # fmt: skip
        before[file.id] = asked
        if asked:
            return Picture(source, file.name, "", ink[None], FRAMED)
    return Picture(source, file.name, "", *cached.fitted_upload(file.data, model))
