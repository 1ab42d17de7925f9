"""Film strips: a table on the page, a sheet as a file."""

import re
from io import BytesIO

import numpy as np
import pytest
import streamlit as st
from PIL import Image

from attrcore.look import Look
from pages.parts import film
from pages.parts.film import Cell, Film, Strip

RED = np.full((28, 28, 3), (255, 0, 0), np.uint8)
FILM = Film("Maps & more", ["fc2", "<conv1>"], [
    Strip("Gradient", [Cell(RED, "red", "0.53"), Cell(RED, "red")], "It changes."),
    Strip("Other", [None, Cell(RED, "r")]),
])  # fmt: skip


@pytest.fixture
def html(monkeypatch):
    seen = []
    monkeypatch.setattr(st, "html", seen.append)
    film.shown(FILM)
    return seen[0]


def test_every_map_has_its_place_its_words_and_an_alternative(html):
    assert html.count("<img") == 3 and html.count("<tr>") == 3 and html.count('alt="red"') == 2
    assert "<small>0.53</small>" in html and '<td class="says">It changes.</td>' in html
    assert "&lt;conv1&gt;" in html and 'aria-label="Maps &amp; more"' in html
    assert [len(re.findall("<t[dh]", row)) for row in html.split("<tr>")[1:]] == [4, 4, 4]


@pytest.mark.parametrize("kind", ["PNG", "PDF"])
def test_a_file_holds_all_of_it(kind):
    data = film.sheet(FILM, Look(), kind, ["a note"])
    assert data[:4] == {"PNG": b"\x89PNG", "PDF": b"%PDF"}[kind]
    if kind == "PNG":
        paper = np.asarray(Image.open(BytesIO(data)))
        red = (paper == (255, 0, 0)).all(2).sum()
        assert red == 3 * film.enlarged(RED)[..., 0].size  # all three maps, whole and in their colours
