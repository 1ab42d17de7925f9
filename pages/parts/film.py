"""A film strip: methods below each other, networks or layers beside each other; on the page and as a file."""

from collections.abc import Sequence
from html import escape
from io import BytesIO
from typing import NamedTuple

import numpy as np
import streamlit as st
from PIL import Image, ImageDraw

from attrcore.look import Look, enlarged
from pages.parts import wire
from pages.parts.save import clipped, lettering, scale

SMALL = 64  # px: up to that wide, pixels are shown as squares


class Cell(NamedTuple):
    """One map."""

    picture: np.ndarray  # (H, W, 3) uint8
    alt: str
    words: str = ""  # below it


class Strip(NamedTuple):
    """A row: a method with its maps, some of which may be lacking."""

    title: str
    cells: Sequence[Cell | None]
    says: str = ""  # after the last, in a sentence


class Film(NamedTuple):
    """All of them."""

    about: str  # for those who do not see it, and over the file
    heads: Sequence[str]
    strips: Sequence[Strip]


def shown(film: Film) -> None:
    """As a table, which can be scrolled by keyboard where it is wider than the screen."""
    says = any(strip.says for strip in film.strips)
    heads = "".join(f'<th scope="col">{escape(head)}</th>' for head in ("Method", *film.heads))
    rows = "".join(row(strip, says) for strip in film.strips)
    st.html(
        f'<div class="scrolls film" role="region" tabindex="0" aria-label="{escape(film.about)}"><table><thead>'
        f"<tr>{heads}{'<td></td>' * says}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def row(strip: Strip, says: bool) -> str:
    """One strip as HTML."""
    cells = "".join(f"<td>{cell(one) if one is not None else ''}</td>" for one in strip.cells)
    last = f'<td class="says">{escape(strip.says)}</td>' if says else ""
    return f'<tr><th scope="row">{escape(strip.title)}</th>{cells}{last}</tr>'


def cell(one: Cell) -> str:
    """One map as HTML."""
    kind = ' class="small"' if one.picture.shape[1] <= SMALL else ""
    return f'<img{kind} src="{wire.picture(one.picture)}" alt="{escape(one.alt)}"><small>{escape(one.words)}</small>'


def sheet(film: Film, look: Look, kind: str, notes: Sequence[str] = ()) -> bytes:
    """The strip on white paper as a file: `kind` is "PNG" or "PDF".  Notes stand below it, a line each."""
    font, gap, line = lettering(14), 10, 20
    tiles = [[None if one is None else enlarged(one.picture) for one in strip.cells] for strip in film.strips]
    h, w = next(tile.shape[:2] for tile_row in tiles for tile in tile_row if tile is not None)
    left = max(int(font.getlength(strip.title)) for strip in film.strips) + 2 * gap
    width = left + len(film.heads) * (w + gap) + gap
    down = h + line + gap
    top = 2 * line + gap
    paper = Image.new("RGB", (width, top + down * len(tiles) + (2 + len(notes)) * line), "white")
    write = ImageDraw.Draw(paper)
    write.text((gap, gap // 2), clipped(film.about, width - 2 * gap, font), "black", font)
    for j, head in enumerate(film.heads):
        write.text((left + j * (w + gap), line + gap // 2), clipped(head, w, font), "black", font)
    for i, strip in enumerate(film.strips):
        y = top + i * down
        write.text((gap, y + h // 2 - line // 2), strip.title, "black", font)
        for j, (one, tile) in enumerate(zip(strip.cells, tiles[i], strict=True)):
            if one is not None and tile is not None:
                paper.paste(Image.fromarray(tile), (left + j * (w + gap), y))
                write.text((left + j * (w + gap), y + h + 2), clipped(one.words, w, font), "black", font)
    under = top + down * len(tiles)
    scale(paper, (gap, under), look)
    for n, note in enumerate(notes):
        write.text((gap, under + (n + 1) * line), clipped(note, width - 2 * gap, font), "black", font)
    file = BytesIO()
    paper.save(file, kind, **({"resolution": 150.0} if kind == "PDF" else {}))
    return file.getvalue()


def offer(film: Film, look: Look, name: str, notes: Sequence[str] = ()) -> None:
    """The strip as files, beside each other."""
    with st.container(horizontal=True):
        for kind in ("PNG", "PDF"):
            st.download_button(
                f"Film strip (.{kind.lower()})", lambda kind=kind: sheet(film, look, kind, notes),
                f"{name}.{kind.lower()}", on_click="ignore", key=f"film.save.{kind}",
            )  # fmt: skip
