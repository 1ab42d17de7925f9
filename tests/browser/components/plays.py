"""An attack that was never run, frame by frame, for the stage."""

from functools import lru_cache
from io import BytesIO

import numpy as np
from PIL import Image

from attrcore.data.digits import packaged_digits
from attrcore.data.photos import SamplePhotos
from attrcore.look import Look, paint
from pages.parts.theatre import Curve, Frame, Marks, Play

CURVES = (
    Curve("Aim", "share of the map's mass among the first k pixels"),
    Curve("Overlap", "share of the k most important pixels kept", (("chance", 0.1), ("random noise", 0.62)), (0, 1)),
    Curve("Kendall", "rank correlation with the first map", (("random noise", 0.71),), (-0.2, 1)),
    Curve("Confidence", "probability of the predicted class", (), (0, 1)),
)
PANES = ("Image", "Change x 10", "Map")


def source(side):
    """A picture (H, W, 3) uint8."""
    if side == 28:
        return np.dstack([packaged_digits()[0][24]] * 3)
    photo = SamplePhotos().open(next(iter(SamplePhotos.shows))).convert("RGB")
    return np.asarray(photo.resize((side, side)))


@lru_cache
def frames(side, total):
    """All steps: digits as arrays, photos as JPEG files."""
    rng = np.random.default_rng(0)
    image = source(side).astype(np.float32)
    rows, columns = np.mgrid[:side, :side] / side
    signs = rng.choice([-1, 1], (total + 1, *image.shape)).cumsum(0) * (40 / (total + 1))
    grain = rng.gamma(0.6, 1, (side, side)) * (0.15 + image.mean(-1) / 255)
    found = []
    for n in range(total + 1):
        share = n / total
        change = np.clip(np.round(signs[n]), -20, 20) if n else np.zeros_like(image)
        spot = np.exp(-((rows - 0.35 - 0.35 * share) ** 2 + (columns - 0.6 + 0.3 * np.sin(2 * share)) ** 2) / 0.03)
        heat = (grain * (spot + 0.05)).astype(np.float32)
        heat /= heat.sum()
        top = heat >= np.sort(heat.ravel())[-(78 if side == 28 else 1000)]
        first = top if not n else first  # noqa: F821 - of step 0
        centre = float((heat.sum(1) * np.arange(side)).sum()), float((heat.sum(0) * np.arange(side)).sum())
        pictures = [np.clip(image + change, 0, 255), np.clip(128 + 10 * change, 0, 255)]
        pictures = [p.astype(np.uint8) for p in pictures] + [paint(heat, float(np.quantile(heat, 0.995)), Look())]
        overlap = float((top & first).sum() / first.sum())
        numbers = {"Aim": float(heat[first].sum()) if n else np.nan, "Overlap": overlap,
                   "Kendall": overlap**0.7 - 0.1, "Confidence": 1 - 0.3 * share**2}  # fmt: skip
        sent = pictures if side == 28 else [jpeg(p) for p in pictures]
        found.append(Frame(n, tuple(sent), numbers, {2: Marks(centre, top)}))
    return found


def jpeg(pixels):
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=80)
    return file.getvalue()


def play(run, side, total):
    return Play(run, PANES, CURVES, (side, side), total)
