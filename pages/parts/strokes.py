"""Colours and dashes of lines in charts: an order in which they are used, and those that mean the same everywhere."""

from typing import NamedTuple

# Near to Okabe and Ito's: told apart with the common colour blindnesses, and seen on white and on black.
COLOURS = ("#3a87c8", "#d9700f", "#16997a", "#c46da5", "#c98a00", "#56b4e9", "#9c7a3c", "#7f7f7f")
BLUE, ORANGE, GREEN, PINK, *_ = COLOURS
# They tell lines apart in print: as Plotly writes them, and one period of each as CSS does, with the line's own colour.
DASHES = {
    "solid": "currentColor 0 30px",
    "dash": "currentColor 0 8px, #0000 8px 13px",
    "longdash": "currentColor 0 14px, #0000 14px 19px",
    "dot": "currentColor 0 3px, #0000 3px 6px",
    "dashdot": "currentColor 0 8px, #0000 8px 11px, currentColor 11px 13px, #0000 13px 16px",
}


class Stroke(NamedTuple):
    """How a line is drawn."""

    colour: str
    dash: str  # a key of DASHES


# What an attack did, and what stands beside it.
ATTACK, CENTRE = Stroke(BLUE, "solid"), Stroke(PINK, "dashdot")
RANDOM, WALK, CHANCE = Stroke(ORANGE, "dash"), Stroke(GREEN, "longdash"), Stroke("#808080", "dot")
