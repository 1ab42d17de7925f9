"""Files to take away: one picture of all maps, the raw numbers, and the settings that give them again."""

import json
import math
import re
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import matplotlib
import numpy as np
import streamlit as st
from PIL import Image, ImageDraw, ImageFont

from attrcore.look import Look, ends, enlarged, paint, ramp, shown
from attrcore.models import find
from attrcore.quick import Drawn
from attrcore.recipe import Recipe
from pages.parts import address, badges
from pages.parts.pick import Scene
from pages.parts.show import rgb


def buttons(
    scene: Scene, methods: dict[str, Recipe], maps: dict[str, Drawn], tops: dict[str, float], look: Look
) -> None:
    """Three downloads.  Each file is made when its button is clicked."""
    link = address.link()  # known in this run, not at the click
    offers: list[tuple[str, str, Callable[[], bytes]]] = [
        ("Picture", "png", lambda: sheet(scene, methods, maps, tops, look)),
        ("Raw maps", "npz", lambda: arrays(scene, maps)),
        ("Settings", "json", lambda: settings(scene, methods, maps, look, link)),
    ]
    about = "-".join(re.findall(r"\w+", f"{scene.model} {scene.picture.name}"))[:60]
    with st.container(horizontal=True):
        for label, kind, make in offers:
            st.download_button(
                f"{label} (.{kind})", make, f"maps-{about}.{kind}", on_click="ignore", key=f"save.{kind}"
            )


def sheet(
    scene: Scene, methods: dict[str, Recipe], maps: dict[str, Drawn], tops: dict[str, float], look: Look
) -> bytes:
    """Image and maps in rows, each with its name and what the gate says of it, and what the colours mean, as PNG."""
    image, gap, line, font = scene.picture.pixels, 12, 20, lettering(14)
    painted = [paint(shown(m.attribution, look.drawn), tops[name], look, image) for name, m in maps.items()]
    tiles = [enlarged(t) for t in (rgb(image), *painted)]
    words = [[badge.words for badge in badges.found(m.checks, methods[name])] for name, m in maps.items()]
    under = [[f"explained: {scene.classes[scene.target]}"], *words]
    h, w = tiles[0].shape[:2]
    columns = math.ceil(math.sqrt(1.5 * len(tiles)))  # a sheet wider than high, as a screen is
    across, down = w + gap, h + gap + (1 + max(map(len, under))) * line
    rows = math.ceil(len(tiles) / columns)
    paper = Image.new("RGB", (columns * across + gap, rows * down + 2 * gap + line), "white")
    write = ImageDraw.Draw(paper)
    for i, (tile, over, below) in enumerate(zip(tiles, (scene.model, *maps), under, strict=True)):
        left, top = gap + i % columns * across, gap // 2 + i // columns * down
        paper.paste(Image.fromarray(tile), (left, top + line))
        for at, words in ((top, over), *((top + line + h + 4 + n * line, words) for n, words in enumerate(below))):
            write.text((left, at), clipped(words, w, font), "black", font)
    scale(paper, (gap, paper.height - line - gap // 2), look)
    file = BytesIO()
    paper.save(file, "PNG")
    return file.getvalue()


def scale(paper: Image.Image, at: tuple[int, int], look: Look) -> None:
    """What the colours mean, from `at` to the right."""
    write, font, (left, top) = ImageDraw.Draw(paper), lettering(14), at
    low, high = ends(look)
    bar = Image.fromarray(ramp(look)[None]).resize((min(120, paper.width // 3), 12))
    write.text((left, top), low, "black", font)
    left += math.ceil(font.getlength(low)) + 8
    paper.paste(bar, (left, top + 3))
    write.text((left + bar.width + 8, top), high, "black", font)


def lettering(size: int) -> ImageFont.FreeTypeFont:
    """The font that matplotlib ships, which has letters of most languages' names."""
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
