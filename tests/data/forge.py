"""Picture files put together by hand, so that every field can lie."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

RED_LEFT = Image.new("RGB", (40, 20), "white")
RED_LEFT.paste("red", (0, 0, 20, 20))
TIFF_HEAD = b"II*\0\x08\0\0\0"  # little-endian, the first directory follows
NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (120, 120, 3), np.uint8))


def saved(picture, kind="PNG", **settings):
    """The bytes of a sound file."""
    file = io.BytesIO()
    picture.save(file, kind, **settings)
    return file.getvalue()


def chunk(kind, data, crc=None):
    """One chunk of a PNG, by default with the right checksum."""
    return (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) if crc is None else crc)
    )


def png(width, height, pixels=b"", *, extra=b"", depth=8, colour=0, packed=None, crc=None):
    """A PNG of these scan lines, with more chunks between head and pixels."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = zlib.compress(pixels) if packed is None else packed
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head, crc) + extra + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def ifd(tags, start=8, after=0):
    """A directory of a little-endian TIFF that stands at `start`: {tag: (type, count, number or bytes)}."""
    entries, more = struct.pack("<H", len(tags)), b""
    for tag, (kind, count, value) in sorted(tags.items()):
        if isinstance(value, bytes):
            where = start + 2 + 12 * len(tags) + 4 + len(more)
            entries, more = entries + struct.pack("<HHII", tag, kind, count, where), more + value
        else:
            entries += struct.pack("<HHII", tag, kind, count, value)
    return entries + struct.pack("<I", after) + more


def tiff(width=40, height=20, *, after=0, values=None, **changes):
    """A grey TIFF of one strip.  `tag273=(4, 1, 8)` overwrites one entry of its directory."""
    values = bytes(width * height) if values is None and width * height < 10**6 else values or bytes(100)
    tags = {256: (4, 1, width), 257: (4, 1, height), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1)}
    tags |= {273: (4, 1, 8), 277: (3, 1, 1), 278: (4, 1, height), 279: (4, 1, len(values))}
    tags |= {int(name.removeprefix("tag")): entry for name, entry in changes.items()}
    at = 8 + len(values) + len(values) % 2
    return b"II*\0" + struct.pack("<I", at) + values + bytes(len(values) % 2) + ifd(tags, at, after)


def floats(values):
    """A TIFF of float32."""
    values = np.asarray(values, "<f4")
    return tiff(values.shape[1], values.shape[0], values=values.tobytes(), tag258=(3, 1, 32), tag339=(3, 1, 3))


def gif(width, height, frame=None, *, extra=b"", packed=None):
    """A GIF with one frame; the frame may claim another size (left, top, width, height)."""
    sound = saved(Image.new("P", (40, 20)), "GIF")
    body = sound[sound.rindex(b"," + bytes(4)) + 10 :] if packed is None else packed
    left, top, w, h = frame or (0, 0, width, height)
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    return head + extra + b"," + struct.pack("<HHHHB", left, top, w, h, 0) + body


def riff(*chunks):
    """A WebP container."""
    body = b"WEBP" + b"".join(
        kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for kind, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp(width, height, *chunks):
    """A WebP with a canvas of this size around one sound frame of 40 x 20."""
    sound = saved(RED_LEFT, "WEBP", lossless=True)
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return riff((b"VP8X", bytes(4) + size), *chunks, (sound[12:16], sound[20:]))


def bmp(width, height, bits=24, packing=0, data=b""):
    """A BMP whose head says this."""
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, packing, len(data), 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(data), 0, 0, 54) + head + data


def scans(count, side=64):
    """A progressive JPEG whose last scan comes so many times."""
    sound = saved(Image.new("RGB", (side, side)), "JPEG", progressive=True)
    last = sound[sound.rindex(b"\xff\xda") : -2]
    return sound[:-2] + last * count + b"\xff\xd9"


def marked(marker, count=1):
    """A sound JPEG with more segments before its first."""
    sound = saved(RED_LEFT, "JPEG")
    return sound[:2] + marker * count + sound[2:]


def exif(data):
    """A sound JPEG with this for EXIF."""
    body = b"Exif\0\0" + data
    return marked(b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body)
