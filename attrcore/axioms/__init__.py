"""The axioms of Sundararajan et al. (2017, arXiv:1703.01365), measured on networks small enough to follow by hand.

One file per axiom.  What it gives runs in a worker, and holds every position of the page's sliders at once, so that
moving one computes nothing.
"""

from typing import NamedTuple

ABOUT = (
    "Demands that a map should meet whatever the network, from [Sundararajan et al. "
    "(2017)](https://arxiv.org/abs/1703.01365). Each is tried here on networks small enough to follow by hand, and on "
    "digits; every verdict is measured. Keeping all of them makes no map right: they rule methods out, not in."
)


class Axiom(NamedTuple):
    """What is asked of a method, and what an answer is worth."""

    name: str
    says: str  # one sentence
    formula: str  # the same, as lines of LaTeX
    conclude: str  # what follows from what is measured, and what does not


class Verdict(NamedTuple):
    """One method under one axiom: what was measured, and whether that is within the bound."""

    method: str
    kept: bool
    figures: tuple[str, ...]  # what was measured, in words: one for each column of the table


def figure(off: float) -> str:
    """A relative difference as people read it: 0, 3e-16, 0.33."""
    return "0" if off == 0 else f"{off:.0e}" if off < 0.001 else f"{off:.2g}" if off < 100 else f"{off:.0f}"
