"""What a map looks like: display choices, kept apart from the numbers so that changing them computes nothing anew.

Works on numpy arrays of one attribution, (c, H, W).
"""

from dataclasses import dataclass

import numpy as np

from attrcore.recipe import Recipe, knob

VALUES = ("absolute", "signed", "positive", "negative")
# All are readable with the common colour blindnesses and in grey print; none has a rainbow's false edges.
SEQUENTIAL = ("cividis", "viridis", "inferno", "gray")
DIVERGING = ("PuOr", "RdBu")


@dataclass(frozen=True)
class Look(Recipe):
    """How attributions are shown.  Nothing here changes a value that is measured or downloaded as raw data."""

    values: str = knob(
        "absolute",
        choices=VALUES,
        help="absolute: size of influence, channels added up. signed: for and against, around zero. "
        "positive, negative: one side of signed.",
    )
    clip: float = knob(
        99.5, 50.0, 100.0, "Percentile of the values that gets the strongest colour; what is above is clipped."
    )
    shared: bool = knob(
        False, help="One colour scale for all maps. Methods have different units, so most then look pale."
    )
    opacity: float = knob(1.0, 0.0, 1.0, "How much of the map covers the image; 1 hides the image.")
    sequential: str = knob("cividis", choices=SEQUENTIAL, help="Colours for absolute, positive and negative.")
    diverging: str = knob("PuOr", choices=DIVERGING, help="Colours for signed; zero is white.")

    @property
    def colours(self) -> str:
        """The colour map in use, by matplotlib's and plotly's common name."""
        return self.diverging if self.values == "signed" else self.sequential


def shown(attribution: np.ndarray, values: str) -> np.ndarray:
    """(c, H, W) signed -> (H, W): what is drawn under a choice of `VALUES`, in the attribution's own unit."""
    if values == "absolute":
        return np.abs(attribution).sum(0)
    total = attribution.sum(0)
    return {"signed": total, "positive": total.clip(min=0), "negative": (-total).clip(min=0)}[values]


def limit(planes: list[np.ndarray], clip: float) -> float:
    """The size of value that gets the strongest colour: a percentile of |value| over all `planes`; 0 for all-zero."""
    sizes = np.concatenate([np.empty(0), *(np.abs(p[np.isfinite(p)]).ravel() for p in planes)])
    if not sizes.size:
        return 0.0
    return float(np.percentile(sizes, clip)) or float(sizes.max())  # a sparse map's percentile may be zero


def paint(plane: np.ndarray, top: float, look: Look, image: np.ndarray | None = None) -> np.ndarray:
    """(H, W) values as (H, W, 3) uint8 colours, `top` the strongest, over `image` (C, H, W) uint8 as opacity says."""
    from matplotlib import colormaps

    level = np.nan_to_num(plane) / top if top else np.zeros_like(plane)
    if look.values == "signed":
        level = (level + 1) / 2
    colours = colormaps[look.colours](level.clip(0, 1))[..., :3] * 255
    if image is not None and look.opacity < 1:
        grey = image.mean(0)[..., None]
        colours = look.opacity * colours + (1 - look.opacity) * grey
    return colours.round().astype(np.uint8)


def enlarged(picture: np.ndarray, side: int = 280) -> np.ndarray:
    """Whole-number magnification to about `side` pixels, so that small pictures keep square, sharp pixels."""
    factor = max(1, side // max(picture.shape[:2]))
    return picture.repeat(factor, 0).repeat(factor, 1)
