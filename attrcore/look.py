"""What a map looks like: display choices, kept apart from the numbers so that changing them computes nothing anew.

Works on numpy arrays of one attribution, (c, H, W).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from attrcore.recipe import Recipe, knob

VALUES = ("absolute", "signed", "positive", "negative")
VIEWS = ("colours", "scaled pixels", "green and red")
# All are readable with the common colour blindnesses and in grey print; none has a rainbow's false edges.
SEQUENTIAL = ("cividis", "viridis", "inferno", "gray")
DIVERGING = ("PuOr", "RdBu")


@dataclass(frozen=True)
class Look(Recipe):
    """How attributions are shown.  Nothing here changes a value that is measured or downloaded as raw data."""

    view: str = knob(
        "colours",
        choices=VIEWS,
        help="scaled pixels: the image, as bright as the map is strong (as in the paper of Integrated Gradients). "
        "green and red: the image in grey, green where a map is positive and red where it is negative.",
    )
    values: str = knob(
        "absolute",
        choices=VALUES,
        help="absolute: size of influence, channels added up. signed: positive and negative, around zero. "
        "positive, negative: one side of signed.",
        when={"view": ("colours", "scaled pixels")},
    )
    clip: float = knob(
        99.5,
        50.0,
        100.0,
        "Percentile of a map's non-zero values that gets the strongest colour; what is above is clipped.",
    )
    one_scale: bool = knob(
        False,
        help="One colour scale for all maps. This makes sense for maps of one unit, such as Integrated Gradients, "
        "DeepLIFT and LRP, whose values are shares of the score. Beside maps of another unit, such as the Gradient, "
        "one of the two looks empty or saturated.",
    )
    opacity: float = knob(
        1.0,
        0.0,
        1.0,
        "How much of the map covers the image; 1 hides it. Below 1, weak values cover less than strong ones.",
        when={"view": ("colours",)},
    )
    palette: str = knob(
        "cividis",
        choices=SEQUENTIAL,
        help="Colours for absolute, positive and negative values.",
        when={"view": ("colours",), "values": ("absolute", "positive", "negative")},
    )
    signed_palette: str = knob(
        "PuOr",
        choices=DIVERGING,
        help="Colours for signed values; zero is white.",
        when={"view": ("colours",), "values": ("signed",)},
    )

    @property
    def drawn(self) -> str:
        """Which of `VALUES` are drawn: green and red need both signs."""
        return "signed" if self.view == "green and red" else self.values

    @property
    def colours(self) -> str:
        """The colour map in use, by matplotlib's and plotly's common name."""
        return self.signed_palette if self.drawn == "signed" else self.palette


def shown(attribution: np.ndarray, values: str) -> np.ndarray:
    """(c, H, W) signed -> (H, W): what is drawn under a choice of `VALUES`, in the attribution's own unit."""
    if values == "absolute":
        return np.abs(attribution).sum(0)
    total = attribution.sum(0)
    return {"signed": total, "positive": total.clip(min=0), "negative": (-total).clip(min=0)}[values]


def limit(planes: list[np.ndarray], clip: float) -> float:
    """The value that gets the strongest colour: a percentile of the non-zero |values| of all `planes`; 0 if none.

    Zeros do not count: a map that is mostly empty would be clipped at nothing.
    """
    sizes = np.concatenate([np.empty(0), *(np.abs(p[np.isfinite(p) & (p != 0)]) for p in planes)])
    return float(np.percentile(sizes, clip)) if sizes.size else 0.0


def paint(plane: np.ndarray, top: float, look: Look, image: np.ndarray | None = None) -> np.ndarray:
    """(H, W) values as (H, W, 3) uint8, `top` the strongest, as `look` says; `image` is (C, H, W) uint8.

    Scaled pixels, and green and red, need the image; without it the colours are painted.
    """
    level = (np.nan_to_num(plane) / top if top else np.zeros_like(plane)).clip(-1, 1)
    if image is not None and look.view == "scaled pixels":
        return np.round(np.abs(level)[..., None] * picture(image)).astype(np.uint8)
    if image is not None and look.view == "green and red":
        return green_and_red(level, image.mean(0))
    share = (level + 1) / 2 if look.drawn == "signed" else level.clip(0)
    colours = table(look.colours)[(share * 255).round().astype(np.uint8)]
    if image is not None and look.opacity < 1:
        grey = image.mean(0)[..., None]
        cover = look.opacity * (look.opacity + (1 - look.opacity) * np.abs(level)[..., None])
        colours = cover * colours + (1 - cover) * grey
    return np.round(colours).astype(np.uint8)


def picture(image: np.ndarray) -> np.ndarray:
    """(C, H, W) -> (H, W, 3)."""
    return np.broadcast_to(image.transpose(1, 2, 0), (*image.shape[1:], 3))


def ramp(look: Look) -> np.ndarray:
    """The colours from the least to the strongest value, (18, 3) uint8, as they are on a middling grey image."""
    low = -1.0 if look.drawn == "signed" else 0.0
    plane = np.linspace(low, 1, 18)[None]
    grey = np.full((1, *plane.shape), 128 if look.view == "green and red" else 255, np.uint8)
    return paint(plane, 1.0, look, None if look.view == "colours" else grey)[0]


def ends(look: Look) -> tuple[str, str]:
    """What the first and the last colour of `ramp` mean, in words."""
    return {
        "absolute": ("zero", "strongest"),
        "signed": ("negative", "positive"),
        "positive": ("zero", "positive"),
        "negative": ("zero", "negative"),
    }[look.drawn]


def green_and_red(level: np.ndarray, grey: np.ndarray) -> np.ndarray:
    """Values in [-1, 1], (H, W), over a grey image (H, W) in [0, 255]: (H, W, 3) uint8.

    The green is a bluish one and lighter than the red, for those who tell the two apart by nothing else.
    """
    cover = np.abs(level)[..., None]
    tint = np.where(level[..., None] > 0, (0.0, 200.0, 140.0), (200.0, 30.0, 30.0))
    return np.round((1 - cover) * (0.6 * grey[..., None] + 40) + cover * tint).astype(np.uint8)


@cache
def table(colours: str) -> np.ndarray:
    """A colour map of matplotlib as (256, 3) uint8, from its lowest to its highest value."""
    from matplotlib import colormaps

    return colormaps[colours](np.arange(256), bytes=True)[:, :3]


def enlarged(picture: np.ndarray, side: int = 280) -> np.ndarray:
    """Whole-number magnification to about `side` pixels, so that small pictures keep square, sharp pixels."""
    factor = max(1, side // max(picture.shape[:2]))
    return picture.repeat(factor, 0).repeat(factor, 1)


def scale(plane: np.ndarray, top: float) -> str:
    """What the strongest colour of a map (H, W) stands for, and what lies beyond it, in a sentence."""
    if not plane.any():
        return "There are no such values in this map."
    clipped = float((np.abs(plane) > top).mean())
    beyond = f"; {clipped:.1%} of the pixels are stronger" if clipped else ""
    return f"The strongest colour stands for {top:.3g}, the largest value is {np.nanmax(np.abs(plane)):.3g}{beyond}."


def in_words(name: str, plane: np.ndarray) -> str:
    """A sentence for those who do not see the map (H, W): where its weight lies."""
    size = np.abs(np.nan_to_num(plane))
    if not size.any():
        return f"{name} map: zero everywhere"
    rows, cols = (
        np.average(np.arange(n), weights=size.sum(axis)) / n for n, axis in zip(size.shape, (1, 0), strict=True)
    )
    high = "upper " if rows < 0.4 else "lower " if rows > 0.6 else ""
    side = "left" if cols < 0.4 else "right" if cols > 0.6 else "middle"
    share = np.sort(size.ravel())[::-1][: max(1, size.size // 10)].sum() / size.sum()
    return (
        f"{name} map: its weight centres in the {high}{side}; the strongest tenth of the pixels hold {share:.0%} of it"
    )
