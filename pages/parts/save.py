"""Files to take away: one picture of all maps, the raw numbers, and the settings that give them again."""

import json
import re
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import matplotlib
import numpy as np
import streamlit as st
from PIL import Image, ImageDraw, ImageFont

from attrcore.look import Look, enlarged, paint, shown
from attrcore.models import find
from attrcore.quick import Drawn
from attrcore.recipe import Recipe
from pages.parts import address
from pages.parts.pick import Scene
from pages.parts.show import marks, rgb


def buttons(
    scene: Scene, methods: dict[str, Recipe], maps: dict[str, Drawn], tops: dict[str, float], look: Look
) -> None:
    """Three downloads.  Each file is made when its button is clicked."""
    link = address.link()  # known in this run, not at the click
    offers: list[tuple[str, str, Callable[[], bytes]]] = [
        ("Picture", "png", lambda: sheet(scene, maps, tops, look)),
        ("Raw maps", "npz", lambda: arrays(scene, maps)),
        ("Settings", "json", lambda: settings(scene, methods, maps, look, link)),
    ]
    about = "-".join(re.findall(r"\w+", f"{scene.model} {scene.picture.name}"))[:60]
    with st.container(horizontal=True):
        for label, kind, make in offers:
            st.download_button(
                f"{label} (.{kind})", make, f"maps-{about}.{kind}", on_click="ignore", key=f"save.{kind}"
            )


def sheet(scene: Scene, maps: dict[str, Drawn], tops: dict[str, float], look: Look) -> bytes:
    """Image and maps side by side, each with its name and what the gate says of it, as PNG."""
    image = scene.picture.pixels
    painted = [paint(shown(m.attribution, look.drawn), tops[name], look, image) for name, m in maps.items()]
    tiles = [enlarged(t) for t in (rgb(image), *painted)]
    under = [f"explained: {scene.classes[scene.target]}", *("; ".join(marks(m.checks)) for m in maps.values())]
    h, w, gap, line = *tiles[0].shape[:2], 12, 20
    paper = Image.new("RGB", (len(tiles) * (w + gap) + gap, h + 2 * line + 2 * gap), "white")
    write, font = ImageDraw.Draw(paper), lettering(14)
    for i, (tile, over, below) in enumerate(zip(tiles, (scene.model, *maps), under, strict=True)):
        left = gap + i * (w + gap)
        paper.paste(Image.fromarray(tile), (left, gap + line))
        for top, words in ((gap // 2, over), (gap + line + h + 4, below)):
            write.text((left, top), clipped(words, w, font), "black", font)
    file = BytesIO()
    paper.save(file, "PNG")
    return file.getvalue()


def lettering(size: int) -> ImageFont.FreeTypeFont:
    """The font that matplotlib ships; Pillow's own has no ✓."""
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", size)


def clipped(words: str, width: int, font: ImageFont.FreeTypeFont) -> str:
    """As many of the words as stay within `width` pixels."""
    if font.getlength(words) <= width:
        return words
    while words and font.getlength(words + "…") > width:
        words = words[:-1]
    return words.rstrip() + "…"


def arrays(scene: Scene, maps: dict[str, Drawn]) -> bytes:
    """The image and every attribution, signed and unclipped, (c, H, W) float32, by name."""
    file = BytesIO()
    np.savez_compressed(file, image=scene.picture.pixels, **{name: m.attribution for name, m in maps.items()})
    return file.getvalue()


def settings(scene: Scene, methods: dict[str, Recipe], maps: dict[str, Drawn], look: Look, link: str | None) -> bytes:
    """Everything that decides the maps, as JSON, with what the gate found."""
    plain = {
        "link": link,
        "model": scene.model,
        "weights_sha256": find(scene.model).digest,
        "pictures": scene.picture.source,
        "picture": scene.picture.name,
        "label": scene.picture.label,
        "done_to_picture": scene.picture.how,
        "pixels_sha256": sha256(scene.picture.pixels.tobytes()).hexdigest(),
        "class": {"index": scene.target, "name": scene.classes[scene.target]},
        "probability": float(scene.chances[scene.target]),
        "maps": {
            name: {"recipe": methods[name].to_dict(), "checks": [c._asdict() for c in m.checks], "made_by": m.made_by}
            for name, m in maps.items()
        },
        "refused": [name for name in methods if name not in maps],
        "look": look.to_dict(),
    }
    return json.dumps(plain, indent=2).encode()
