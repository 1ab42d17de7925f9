"""A visitor's own picture: checked by content before anything is decoded, then brought to plain RGB."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from attrcore.kinds import Refused

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
MOST_BYTES = 10 * 2**20
MOST_PIXELS = 40_000_000
LEAST_SIDE = 8
MOST_ASPECT = 10  # a longer strip would be blown up, and most of it cropped away


class Unfit(Refused):
    """A picture that cannot be used.  The message is fit for a page."""


def read(data: bytes) -> Image.Image:
    """The picture in `data` as RGB, upright, transparent parts white, the first frame of an animation.

    Raises Unfit, a ValueError fit for a page, for what is no picture, too large, too small, or broken.
    """
    if len(data) > MOST_BYTES:
        raise Unfit(f"A picture may have at most {MOST_BYTES >> 20} MB; this file has {len(data) / 2**20:.1f} MB.")
    try:
        picture = Image.open(BytesIO(data), formats=FORMATS)
        w, h = picture.size
        if w * h > MOST_PIXELS:
            raise Unfit(f"A picture may have at most {MOST_PIXELS:,} pixels; this one has {w} x {h}.")
        if min(w, h) < LEAST_SIDE:
            raise Unfit(f"A picture must be at least {LEAST_SIDE} pixels on each side; this one is {w} x {h}.")
        if max(w, h) > MOST_ASPECT * min(w, h):
            raise Unfit(f"The longer side may be at most {MOST_ASPECT} times the shorter; this picture has {w} x {h}.")
        return plain(ImageOps.exif_transpose(picture))
    except UnidentifiedImageError:
        raise Unfit(f"This file is none of {', '.join(FORMATS)}.") from None
    except Image.DecompressionBombError:
        raise Unfit(f"A picture may have at most {MOST_PIXELS:,} pixels; this one has far more.") from None
    except Unfit:
        raise
    except Exception as e:  # Pillow's readers raise a dozen kinds over damaged files
        raise Unfit("This picture is damaged or cut short.") from e


def plain(picture: Image.Image) -> Image.Image:
    """Any mode that Pillow reads, as 8-bit RGB."""
    if picture.mode.startswith(("I", "F")):  # 16 and 32 bits: Pillow would clip, not scale
        values = np.asarray(picture, dtype=np.float64)
        top = 65535.0 if picture.mode.startswith("I") else max(values.max(), 1.0)
        return Image.fromarray((values / max(top, values.max()) * 255).round().clip(0, 255).astype(np.uint8)).convert(
            "RGB"
        )
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture).convert("RGB")
    return picture.convert("RGB")
