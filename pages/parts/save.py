"""Files to take away: one picture of all maps, the raw numbers, and the settings that give them again."""

import json
from collections.abc import Callable
from hashlib import sha256
from importlib.metadata import version
from io import BytesIO

import numpy as np
import streamlit as st
from PIL import Image, ImageDraw, ImageFont

from attrcore.look import Look, enlarged, paint, shown
from attrcore.models import MODELS
from attrcore.recipe import Recipe
from pages.parts.pick import Scene
from pages.parts.show import rgb


def buttons(
    scene: Scene, methods: dict[str, Recipe], maps: dict[str, np.ndarray], tops: dict[str, float], look: Look
) -> None:
    """Three downloads.  Each file is made when its button is clicked."""
    offers: list[tuple[str, str, Callable[[], bytes]]] = [
        ("Picture", "maps.png", lambda: sheet(scene, maps, tops, look)),
        ("Raw maps", "maps.npz", lambda: arrays(scene, maps)),
        ("Settings", "settings.json", lambda: settings(scene, methods, look)),
    ]
    with st.container(horizontal=True):
        for label, file, make in offers:
            kind = file.rpartition(".")[2]
            st.download_button(f"{label} (.{kind})", make, file, on_click="ignore", key=f"save.{kind}")


def sheet(scene: Scene, maps: dict[str, np.ndarray], tops: dict[str, float], look: Look) -> bytes:
    """Image and maps side by side with their names, as PNG."""
    painted = [paint(shown(a, look.values), tops[name], look, scene.picture.pixels) for name, a in maps.items()]
    tiles = [enlarged(t) for t in (rgb(scene.picture.pixels), *painted)]
    names = [f"{scene.model}: {scene.classes[scene.target]}", *maps]
    h, w, gap, head = *tiles[0].shape[:2], 12, 28
    paper = Image.new("RGB", (len(tiles) * (w + gap) + gap, h + head + gap), "white")
    write = ImageDraw.Draw(paper)
    for i, (tile, name) in enumerate(zip(tiles, names, strict=True)):
        left = gap + i * (w + gap)
        write.text((left, 8), name, "black", ImageFont.load_default(14))
        paper.paste(Image.fromarray(tile), (left, head))
    file = BytesIO()
    paper.save(file, "PNG")
    return file.getvalue()


def arrays(scene: Scene, maps: dict[str, np.ndarray]) -> bytes:
    """The image and every attribution, signed and unclipped, (c, H, W) float32, by name."""
    file = BytesIO()
    np.savez_compressed(file, image=scene.picture.pixels, **maps)
    return file.getvalue()


def settings(scene: Scene, methods: dict[str, Recipe], look: Look) -> bytes:
    """Everything that decides the maps, as JSON."""
    plain = {
        "model": scene.model,
        "weights_sha256": MODELS[scene.model].digest,
        "pictures": scene.picture.source,
        "picture": scene.picture.name,
        "pixels_sha256": sha256(scene.picture.pixels.tobytes()).hexdigest(),
        "class": {"index": scene.target, "name": scene.classes[scene.target]},
        "maps": {name: method.to_dict() for name, method in methods.items()},
        "look": look.to_dict(),
        "versions": {package: version(package) for package in ("attrcore", "torch", "captum", "streamlit")},
    }
    return json.dumps(plain, indent=2).encode()
