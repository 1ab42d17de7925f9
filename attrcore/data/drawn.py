"""What a visitor paints in the browser: checked as it arrives, and a digit brought to what MNIST's digits are."""

import base64
from io import BytesIO

import numpy as np
from PIL import Image

from attrcore.kinds import Refused

HEAD = "data:image/png;base64,"
MOST_CHARACTERS = 2_000_000
FRAME, BOX, CENTRE = 28, 20, 14  # MNIST: the longer side of a digit has 20 px, its mass lies at pixel (14, 14) of 28
LEAST_CONTRAST = 60  # grey levels between ink and paper
PAPER = 0.25  # of the strongest ink: fainter than that is the paper's own unevenness
MOST_ENLARGED = 2  # times its size in the frame: a dot stays a dot


def ink(sent: object, size: tuple[int, int]) -> np.ndarray:
    """What was painted, (H, W) uint8, from the PNG data URL that a canvas of that size sent.

    Anyone can send anything.  Raises Refused, fit for a page, for what is no PNG of exactly `size`; nothing
    is decoded before its size is known.
    """
    if not isinstance(sent, str) or not sent.startswith(HEAD):
        raise Refused("What the browser sent is no painting.")
    if len(sent) > MOST_CHARACTERS:
        raise Refused(f"A painting may have at most {MOST_CHARACTERS:,} characters; this one has {len(sent):,}.")
    h, w = size
    try:
        picture = Image.open(BytesIO(base64.b64decode(sent[len(HEAD) :], validate=True)), formats=["PNG"])
        if picture.size != (w, h):
            raise Refused(f"The painting must have {w} x {h} pixels; this one has {picture.width} x {picture.height}.")
        return np.asarray(picture.convert("L"))
    except Refused:
        raise
    except Image.DecompressionBombError:
        raise Refused(f"The painting must have {w} x {h} pixels; this one has far more.") from None
    except Exception as e:  # Pillow's readers raise a dozen kinds over damaged files
        raise Refused("The painting arrived damaged.") from e


def digit(drawing: np.ndarray) -> np.ndarray | None:
    """A drawing (H, W) uint8, white on black, as MNIST has its digits: (28, 28) uint8; None where nothing is drawn.

    As LeCun et al. (1998) made them: what is drawn is scaled by area averaging until its longer side has 20 pixels, and
    shifted by whole pixels until its centre of mass lies at (14, 14), or as near as it can without being cut off.  A
    drawing that is tiny in its frame is enlarged at most twofold.  An MNIST digit enlarged by a whole factor comes
    back unchanged.
    """
    rows, cols = np.flatnonzero(drawing.any(1)), np.flatnonzero(drawing.any(0))
    if not rows.size:
        return None
    cut = drawing[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    factor = min(BOX / max(cut.shape), MOST_ENLARGED * FRAME / max(drawing.shape))
    h, w = (max(1, round(factor * n)) for n in cut.shape)
    small = np.asarray(Image.fromarray(cut).resize((w, h), Image.Resampling.BOX))
    if not small.any():  # too faint a speck to survive the averaging
        return None
    top, left = (
        int(np.clip(round(CENTRE - np.average(np.arange(n), weights=small.sum(axis, dtype=float))), 0, FRAME - n))
        for n, axis in ((h, 1), (w, 0))
    )
    frame = np.zeros((FRAME, FRAME), np.uint8)
    frame[top : top + h, left : left + w] = small
    return frame


def looks_drawn(picture: Image.Image) -> bool:
    """Does it look like ink on an even ground?  Its rim is even, and little of it stands out from that, but clearly."""
    grey = np.asarray(picture.convert("L"), dtype=float)
    rim = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    ground = np.median(rim)
    apart = np.abs(grey - ground)
    even = np.quantile(np.abs(rim - ground), 0.9) <= LEAST_CONTRAST / 2
    return bool(even and apart.max() >= LEAST_CONTRAST and 0.0005 <= (apart > apart.max() / 2).mean() <= 0.5)


def framed(picture: Image.Image) -> np.ndarray | None:
    """Ink on a ground, dark on light or light on dark, as MNIST has its digits, see `digit`; None where there is none.

    The ground, the grey of the rim, becomes black, and so does what differs from it by less than a quarter of the
    strongest ink; that becomes white.
    """
    grey = np.asarray(picture.convert("L"), dtype=float)
    ground = np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]]))
    above = grey - ground
    above = (above if above.max() > -above.min() else -above).clip(0)
    ink = (above / (above.max() or 1.0) - PAPER).clip(0)
    rows, cols = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    if not rows.size:
        return None
    ink = ink[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1] / ink.max()  # without the sheet around, however large
    found = digit((255 * ink).round().astype(np.uint8))
    return None if found is None else (found * (255 / found.max())).round().astype(np.uint8)
