"""Tables of picture files that test the reader: broken ones, lying ones, greedy ones, and the largest allowed."""

import struct
import zlib

import numpy as np
from PIL import Image

from attrcore.data import own
from tests.data.forge import (
    NOISE,
    RED_LEFT,
    TIFF_HEAD,
    bmp,
    chunk,
    exif,
    floats,
    gif,
    ifd,
    marked,
    png,
    riff,
    saved,
    scans,
    tiff,
    webp,
)


def hostile():
    """What it is -> the file.  Each is broken, lies, or asks for far more than it holds."""
    files = {}
    for kind in own.FORMATS:
        sound = saved(NOISE, kind)
        for share in (0.001, 0.01, 0.1, 0.5, 0.9, 0.999):
            files[f"{kind} cut at {share:.1%}"] = sound[: max(1, int(len(sound) * share))]
        files[f"{kind} of zeros after its head"] = sound[:60] + bytes(len(sound) - 60)
        files[f"{kind} with its last half twice"] = sound + sound[len(sound) // 2 :]
        files[f"{kind} with a wrong magic"] = b"XX" + sound[2:]
    lines = bytes(21 * 20)
    files |= {
        "nothing": b"",
        "one byte": b"\x89",
        "zeros": bytes(5000),
        "text": b"no picture at all\n" * 50,
        "HTML": b"<!doctype html><html><body><img src=x onerror=alert(1)></body></html>",
        "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "SVG with entities": b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg>&b;</svg>',
        "PDF": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF",
        "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n(x) run\n",
        "zip": b"PK\x03\x04" + bytes(100),
        "pickle": b"\x80\x04cos\nsystem\n(S'true'\ntR.",
        "ICO": b"\0\0\1\0\1\0" + bytes(100),
        "PPM": b"P6 20 20 255\n" + bytes(1200),
        "too many bytes": bytes(own.MOST_BYTES + 1),
        # PNG
        "PNG bomb": png(30_000, 30_000, bytes(1000)),
        "PNG of just too many pixels": png(5001, 5000, bytes(1000)),
        "PNG as wide as can be": png(2**31 - 1, 2**31 - 1),
        "PNG of no width": png(0, 20),
        "PNG of no height": png(20, 0),
        "PNG too long": png(8, 4000, bytes(9 * 4000)),
        "PNG too small": png(4, 4, bytes(20)),
        "PNG that lacks rows": png(40, 40, bytes(41 * 3)),
        "PNG within bounds without pixels": png(5000, 5000),
        "PNG with a wrong checksum in its head": png(20, 20, lines, crc=0),
        "PNG with a wrong checksum in a chunk": png(20, 20, lines, extra=chunk(b"gAMA", b"\0\0\xb1\x8f", 7)),
        "PNG with a corrupt stream": png(20, 20, packed=b"\x78\x9c" + b"\xff" * 50),
        "PNG with a cut stream": png(200, 200, packed=zlib.compress(NOISE.tobytes())[:500]),
        "PNG of an unknown depth": png(20, 20, lines, depth=7),
        "PNG of an unknown colour": png(20, 20, lines, colour=5),
        "PNG with no palette": png(20, 20, lines, colour=3),
        "PNG with a palette of 2 bytes": png(20, 20, lines, colour=3, extra=chunk(b"PLTE", b"\0\0")),
        "PNG with a chunk of 2 GB": png(20, 20, lines, extra=b"\x7f\xff\xff\xffabCd"),
        "PNG with an ICC bomb": png(20, 20, lines, extra=chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(2**24)))),
        "PNG with a text bomb": png(20, 20, lines, extra=chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(2**24)))),
        "PNG with garbage for EXIF": png(20, 20, lines, extra=chunk(b"eXIf", b"\xff" * 500)),
        "PNG of 100,000 chunks": png(20, 20, lines, extra=chunk(b"abCd", b"") * 100_000),
        "APNG of 4 billion frames": png(20, 20, lines, extra=chunk(b"acTL", b"\xff" * 8)),
        # JPEG
        "JPEG of 200,000 markers": marked(b"\xff\xe5\0\2", 200_000),
        "JPEG of 200,000 comments": marked(b"\xff\xfe\0\2", 200_000),
        "JPEG of a thousand scans": scans(1000),
        "JPEG of no size": saved(RED_LEFT, "JPEG").replace(struct.pack(">HH", 20, 40), bytes(4)),
        "JPEG that says 65,500 x 65,500": saved(RED_LEFT, "JPEG").replace(struct.pack(">HH", 20, 40), b"\xff\xdc" * 2),
        "JPEG that says 4,900 x 4,900": saved(RED_LEFT, "JPEG").replace(
            struct.pack(">HH", 20, 40), struct.pack(">HH", 4900, 4900)
        ),
        "JPEG without tables": b"\xff\xd8\xff\xc0\0\x0b\x08\0\x20\0\x20\1\1\x11\0\xff\xda\0\x08\1\1\0\0\x3f\0\0",
        "JPEG with garbage for EXIF": exif(b"\xff" * 1000),
        "JPEG whose EXIF turns by 77": exif(TIFF_HEAD + ifd({0x112: (3, 1, 77)})),
        "JPEG whose EXIF turns by a text": exif(TIFF_HEAD + ifd({0x112: (2, 4, 0x41414141)})),
        "JPEG whose EXIF goes in circles": exif(TIFF_HEAD + ifd({0x112: (3, 1, 1), 0x8769: (4, 1, 8)}, after=8)),
        "JPEG with 5,000 EXIF tags": exif(TIFF_HEAD + struct.pack("<H", 5000) + bytes(12) * 5000),
        "JPEG with half an ICC profile": marked(b"\xff\xe2\x10\0ICC_PROFILE\0\1\xff" + bytes(4080)),
        "JPEG with 9 MB of ICC profile": marked(b"\xff\xe2\xff\xffICC_PROFILE\0\1\1" + bytes(65519), 140),
        # TIFF
        "TIFF bomb": tiff(60_000, 60_000),
        "TIFF as large as can be": tiff(2**32 - 1, 2**32 - 1),
        "TIFF of no size": tiff(0, 0),
        "TIFF within bounds without pixels": tiff(5000, 5000),
        "TIFF too long": tiff(8, 4000),
        "TIFF whose directories go in circles": tiff(after=8 + 800),
        "TIFF whose directory is its pixels": TIFF_HEAD + b"\xff" * 5000,
        "TIFF whose directory is past the end": b"II*\0\xff\xff\xff\x7f" + bytes(500),
        "TIFF with a directory inside itself": tiff(tag330=(4, 1, 808), tag34665=(4, 1, 808)),
        "TIFF of a million strips": tiff(64, 20, tag273=(4, 1_000_000, struct.pack("<I", 8) * 1_000_000)),
        "TIFF of a million tiles": tiff(
            64, 20, tag322=(4, 1, 16), tag323=(4, 1, 16), tag324=(4, 10**6, struct.pack("<I", 8) * 10**6)
        ),
        "TIFF whose strip is past the end": tiff(tag273=(4, 1, 2**31)),
        "TIFF whose strip is 4 GB long": tiff(tag279=(4, 1, 2**32 - 1)),
        "TIFF of tiles without a size": tiff(tag322=(4, 1, 0), tag323=(4, 1, 0), tag324=(4, 1, 8)),
        "TIFF of tiles of 4 billion": tiff(tag322=(4, 1, 2**32 - 16), tag323=(4, 1, 2**32 - 16), tag324=(4, 1, 8)),
        "TIFF packed with a corrupt stream": tiff(values=b"\x78\x9c" + b"\xff" * 100, tag259=(3, 1, 8)),
        "TIFF packed with LZW that is none": tiff(values=b"\x80" + b"\xff" * 100, tag259=(3, 1, 5)),
        "TIFF packed with JPEG that is none": tiff(values=b"\xff" * 100, tag259=(3, 1, 7)),
        "TIFF packed with nobody knows what": tiff(tag259=(3, 1, 4711)),
        "TIFF of a million samples": tiff(tag277=(4, 1, 10**6)),
        "TIFF with 5 MB of depths": tiff(tag258=(3, 2_500_000, bytes(5_000_000))),
        "TIFF with 9 MB of ICC profile": tiff(tag34675=(7, 9_000_000, bytes(9_000_000))),
        "TIFF of NaN": floats(np.full((20, 40), np.nan)),
        "TIFF of infinity": floats(np.where(np.eye(40) > 0, np.inf, 0.5)),
        "TIFF of minus infinity": floats(np.where(np.eye(40) > 0, -np.inf, 0.5)),
        "TIFF of the largest floats": floats(np.full((20, 40), 3e38)),
        "TIFF of negative floats": floats(np.full((20, 40), -1.0)),
        "BigTIFF that ends": b"II+\0\x08\0\0\0" + bytes(8),
        # GIF
        "GIF bomb": gif(65_535, 65_535),
        "GIF whose frame is a bomb": gif(40, 20, (0, 0, 65_535, 65_535)),
        "GIF whose frame is outside": gif(40, 20, (60_000, 60_000, 40, 20)),
        "GIF of no size": gif(0, 0),
        "GIF within bounds without pixels": gif(5000, 5000, packed=b"\x08\0;"),
        "GIF of corrupt codes": gif(40, 20, packed=b"\x08" + b"\xff" * 256 + b"\0;"),
        "GIF with codes of 255 bits": gif(40, 20, packed=b"\xff\x02ab\0;"),
        "GIF of 200,000 comments": gif(40, 20, extra=b"!\xfe" + b"\1a" * 200_000 + b"\0"),
        "GIF of 100,000 extensions": gif(40, 20, extra=b"!\xf9\4\0\0\0\0\0" * 100_000),
        # WebP
        "WEBP bomb": webp(16_384, 16_384),
        "WEBP as large as can be": webp(2**24, 2**8),
        "WEBP that says more than its frame": webp(3900, 3900),
        "WEBP frame bomb": saved(RED_LEFT, "WEBP", lossless=True)[:21] + b"\xff\xff\xff\x0f" + bytes(60),
        "WEBP without a frame": riff((b"VP8X", bytes(4) + b"\x27\0\0\x13\0\0")),
        "WEBP whose length lies": saved(RED_LEFT, "WEBP").replace(b"RIFF", b"RIFF\xff\xff\xff\xff", 1),
        "WEBP with 9 MB of ICC profile": webp(40, 20, (b"ICCP", bytes(9_000_000))),
        "WEBP with garbage for EXIF": webp(40, 20, (b"EXIF", b"\xff" * 1000)),
        "WEBP of 100,000 empty chunks": webp(40, 20, *[(b"abcd", b"")] * 100_000),
        # BMP
        "BMP bomb": bmp(60_000, 60_000),
        "BMP of negative width": bmp(-40, 20, data=bytes(2400)),
        "BMP of the most negative height": bmp(40, -(2**31), data=bytes(2400)),
        "BMP within bounds without pixels": bmp(5000, 5000),
        "BMP of 77 bits": bmp(40, 20, 77, data=bytes(2400)),
        "BMP with run lengths that run away": bmp(40, 20, 8, 1, b"\xff\x01" * 5000),
        "BMP with jumps that jump away": bmp(40, 20, 8, 1, b"\0\2\xff\xff" * 5000),
    }
    return files


def largest():
    """What it is -> how to make a sound file of about as many pixels as are allowed."""
    side, webp_side = int(own.MOST_PIXELS**0.5), int(own.MOST_WEBP**0.5)
    square, webp_square, red = (side, side), (webp_side, webp_side), (255, 0, 0)
    deflated = {"compression": "tiff_adobe_deflate", "strip_size": 10**9}
    return {
        "PNG with alpha": lambda: saved(Image.new("RGBA", square, red)),
        "PNG with a transparent colour": lambda: saved(Image.new("RGB", square, red), transparency=red),
        "PNG of 16 bits": lambda: saved(Image.new("I;16", square)),
        "progressive JPEG": lambda: saved(Image.new("CMYK", square), "JPEG", progressive=True),
        "JPEG with many scans": lambda: scans(50, side),
        "GIF with a transparent colour": lambda: saved(Image.new("P", square), "GIF", transparency=0),
        "WEBP with alpha": lambda: saved(Image.new("RGBA", webp_square, red), "WEBP", lossless=True),
        "TIFF of one strip": lambda: saved(Image.new("RGBA", square, red), "TIFF", **deflated),
        "TIFF of floats": lambda: saved(Image.new("F", square), "TIFF", **deflated),
    }
