"""What a collection of pictures is, and how those whose pictures have only numbers are named."""

from functools import cache
from typing import ClassVar, Protocol

import numpy as np
from PIL import Image


class Pictures(Protocol):
    """Named pictures.  A page asks `missing` and `names` on every run, so both are fast and decode nothing.

    What inherits from this has no credit and no download unless it says so.
    """

    channels: int  # which models they suit: 1 for grey digits, 3 for colour photos
    credit: ClassVar[str] = ""  # whom to name beside the pictures, for a page to print
    host: ClassVar[str] = ""  # the server that a method `fetch` downloads them from; empty where there is no `fetch`

    def missing(self) -> str:
        """Why there are none on this machine, in a sentence, or nothing.  Never starts a download."""
        ...

    def names(self) -> tuple[str, ...]:
        """Every picture, in order."""
        ...

    def open(self, name: str) -> Image.Image:
        """One picture, grey or RGB.  Raises KeyError for a name that is not in `names`, Refused for a damaged file."""
        ...

    def label(self, name: str) -> str:
        """What it shows, as its source says, or nothing."""
        ...


class Numbered(Pictures, Protocol):
    """Pictures of one size in one array, named by their row.  A child says how many and gives `arrays`."""

    def count(self) -> int:
        """How many there are, found out without reading the pictures."""
        ...

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """(N, H, W) or (N, H, W, 3) uint8, and what each shows, (N,); remembered by whoever reads them."""
        ...

    def names(self) -> tuple[str, ...]:
        """0, 1, 2 and so on, in the order of the source."""
        return numbers(self.count())

    def open(self, name: str) -> Image.Image:
        """The picture, as small as it comes.  Raises KeyError for what is no row."""
        row = self.row(name)
        return Image.fromarray(self.arrays()[0][row])

    def label(self, name: str) -> str:
        """Its class."""
        row = self.row(name)
        return str(self.arrays()[1][row])

    def row(self, name: str) -> int:
        """The row that a name stands for.  Raises KeyError for a name that is not in `names`."""
        if not (name.isascii() and name.isdecimal() and len(name) < 10 and str(int(name)) == name):
            raise KeyError(name)
        if int(name) >= self.count():
            raise KeyError(name)
        return int(name)


@cache
def numbers(count: int) -> tuple[str, ...]:
    """Names for pictures that have none."""
    return tuple(map(str, range(count)))
