"""A picture file that anybody may have made: checked by content before it is decoded, then brought to plain RGB."""

import math
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.ExifTags import Base
from PIL.Image import Transpose

from attrcore.data import limits
from attrcore.kinds import Refused

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
MOST_BYTES = 10 * 2**20
MOST_PIXELS = 25_000_000  # a decoded one takes 4 bytes a pixel, and another 4 while it is converted
MOST_WEBP = 16_000_000  # whose decoder holds four copies
KEPT_PIXELS = 4_000_000  # what is larger is halved, or more; no network looks closer
LEAST_SIDE = 8
MOST_ASPECT = 10  # a longer strip would be blown up, and most of it cropped away
TURNED = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}  # by EXIF's orientation; Pillow's exif_transpose also writes the whole EXIF anew, which may be damaged or huge


def read(data: bytes) -> Image.Image:
    """The picture in `data` as RGB, upright, transparent parts white, the first frame or page of several.

    More than 4 megapixels are brought below that by averaging.  Takes about a second and 300 MB at most.
    Raises Refused, in one sentence fit for a page, for what is no picture, too large, too small, or damaged.
    """
    check_bytes(len(data))
    try:
        limits.check(data)
        picture = Image.open(limits.Patient(data), formats=FORMATS)
        check_size(picture)
        w, h = picture.size
        times = max(1, math.ceil(math.sqrt(w * h / KEPT_PIXELS)))
        picture.draft(None, (w // times, h // times))  # a JPEG can be decoded at half its size
        picture.load()
        turn = orientation(picture)
        picture = simple(picture)
        picture = shrunk(picture)
        return bare(picture.transpose(TURNED[turn]) if turn in TURNED else picture)
    except UnidentifiedImageError:
        raise Refused(f"This file is none of {', '.join(FORMATS)}.") from None
    except Image.DecompressionBombError:
        raise Refused(f"A picture may have at most {MOST_PIXELS:,} pixels; this one has far more.") from None
    except Refused:
        raise
    except Exception as e:  # Pillow's readers raise a dozen kinds over damaged files
        raise Refused("This picture is damaged or cut short.") from e


def read_file(path: Path) -> Image.Image:
    """The same from disk.  Raises FileNotFoundError where there is no file."""
    check_bytes(path.stat().st_size)
    return read(path.read_bytes())


def check_bytes(size: int) -> None:
    """Raise Refused where a file is too large."""
    if size > MOST_BYTES:
        raise Refused(f"A picture may have at most {MOST_BYTES >> 20} MB; this file has {size / 2**20:.1f} MB.")


def check_size(picture: Image.Image) -> None:
    """Raise Refused where the head of a file says that its picture is too large, too small or too long."""
    w, h = picture.size
    most = MOST_WEBP if picture.format == "WEBP" else MOST_PIXELS
    kind = "WEBP" if picture.format == "WEBP" else "picture"
    if w * h > most:
        raise Refused(f"A {kind} may have at most {most:,} pixels; this one has {w} x {h}.")
    if min(w, h) < LEAST_SIDE:
        raise Refused(f"A picture must be at least {LEAST_SIDE} pixels on each side; this one is {w} x {h}.")
    if max(w, h) > MOST_ASPECT * min(w, h):
        raise Refused(f"The longer side may be at most {MOST_ASPECT} times the shorter; this picture has {w} x {h}.")


def orientation(picture: Image.Image) -> int | None:
    """How the camera was held, in EXIF's numbers; None where the file does not say, or not so that it can be read."""
    try:
        return picture.getexif().get(Base.Orientation)
    except Exception:  # damaged EXIF is no reason to refuse a sound picture
        return None


def simple(picture: Image.Image) -> Image.Image:
    """Any mode that Pillow reads, as L, I, F, RGB or RGBA: those that can be averaged."""
    mode = picture.mode
    if picture.has_transparency_data:
        wanted = "RGBA"
    elif mode == "1":
        wanted = "L"
    elif mode.startswith("I"):
        wanted = "I"
    else:
        wanted = mode if mode in ("L", "F") else "RGB"
    return picture if mode == wanted else picture.convert(wanted)


def shrunk(picture: Image.Image) -> Image.Image:
    """The picture, or where it has more than KEPT_PIXELS the means of its squares of 2 x 2, 3 x 3 or more pixels."""
    times = math.ceil(math.sqrt(picture.width * picture.height / KEPT_PIXELS))
    return picture.reduce(times) if times > 1 else picture


def bare(picture: Image.Image) -> Image.Image:
    """One of the simple modes as 8-bit RGB.  Raises Refused for values that are no numbers."""
    if picture.mode in ("I", "F"):  # 16 and 32 bits: Pillow would clip, not scale
        values = np.asarray(picture, dtype=np.float64)
        if not np.isfinite(values).all():
            raise Refused("Every pixel of a picture must have a finite value; this one has some that are not numbers.")
        if values.min() < 0:
            raise Refused(f"Every pixel of a picture must be at least zero; this one has {values.min():.4g}.")
        top = max(65535.0 if picture.mode == "I" else 1.0, values.max())
        picture = Image.fromarray((values / top * 255).round().clip(0, 255).astype(np.uint8))
    if picture.mode == "RGBA":
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture).convert("RGB")
    return picture.convert("RGB")
