"""Parts of an image that an aim may name, in shares of its height and width: the same for every size of image."""

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from attrcore.kinds import Refused
from attrcore.png import from_letters, in_letters
from attrcore.recipe import Recipe, knob

MOST_LETTERS = 200_000  # of a painted mask


class Shape(Recipe):
    """A part of an image."""

    def mask(self, h: int, w: int) -> Tensor:
        """Boolean (h, w).  Raises Refused where no pixel, or every pixel, lies in it."""
        found = self.inside(h, w)
        if not found.any() or found.all():
            which = "every" if found.any() else "no"
            raise Refused(f"The region holds {which} pixel of an image of {w} x {h}; choose another.")
        return found

    def inside(self, h: int, w: int) -> Tensor:
        """The same, whatever lies in it."""
        raise NotImplementedError


@dataclass(frozen=True)
class Box(Shape):
    """A rectangle; a pixel belongs to it where its middle does."""

    top: float = knob(0.0, 0.0, 1.0, "Upper edge, as a share of the height.")
    left: float = knob(0.0, 0.0, 1.0, "Left edge, as a share of the width.")
    bottom: float = knob(0.25, 0.0, 1.0, "Lower edge, as a share of the height.")
    right: float = knob(0.25, 0.0, 1.0, "Right edge, as a share of the width.")

    def inside(self, h: int, w: int) -> Tensor:
        """Boolean (h, w)."""
        rows, columns = ((torch.arange(n, dtype=torch.float64) + 0.5) / n for n in (h, w))
        down, across = (rows >= self.top) & (rows <= self.bottom), (columns >= self.left) & (columns <= self.right)
        return down[:, None] & across[None]


@dataclass(frozen=True)
class Frame(Shape):
    """A border along all four edges, as in Heo et al. (2019, arXiv:1902.02041: location fooling)."""

    width: float = knob(0.125, 0.0, 0.5, "How wide, as a share of the shorter side.")

    def inside(self, h: int, w: int) -> Tensor:
        """Boolean (h, w)."""
        side, found = round(self.width * min(h, w)), torch.ones(h, w, dtype=torch.bool)
        found[side : h - side, side : w - side] = False
        return found


@dataclass(frozen=True)
class Polygon(Shape):
    """Straight lines between corners; a pixel belongs to it where a line touches it or its middle lies within."""

    corners: str = knob("0.1,0.1 0.1,0.4 0.4,0.25", help="Row,column of each corner as shares of height and width.")

    def inside(self, h: int, w: int) -> Tensor:
        """Boolean (h, w)."""
        try:
            corners = [tuple(map(float, pair.split(","))) for pair in self.corners.split()]
            points = [(column * w - 0.5, row * h - 0.5) for row, column in corners]
        except ValueError as e:
            raise Refused(f"Corners must be pairs such as 0.1,0.4 with blanks between, got {self.corners!r}") from e
        if len(points) < 3:
            raise Refused(f"A polygon needs at least three corners, got {len(points)}")
        page = Image.new("1", (w, h))
        ImageDraw.Draw(page).polygon(points, fill=1)
        return torch.from_numpy(np.array(page))


@dataclass(frozen=True)
class Painted(Shape):
    """A mask painted by hand, kept as a PNG file; brought to the image's size where it has another."""

    png: str = knob("", help="The file in base64: what is brighter than middle grey belongs to the region.")

    @classmethod
    def of(cls, mask: np.ndarray) -> "Painted":
        """The shape of a boolean mask (h, w)."""
        return cls(in_letters(mask[None] * np.uint8(255)))

    def inside(self, h: int, w: int) -> Tensor:
        """Boolean (h, w)."""
        if len(self.png) > MOST_LETTERS:
            raise Refused(f"A painted mask must have at most {MOST_LETTERS:,} letters, got {len(self.png):,}")
        page = Image.fromarray(from_letters(self.png).max(0)).resize((w, h), Image.Resampling.NEAREST)
        return torch.from_numpy(np.array(page) > 127)
