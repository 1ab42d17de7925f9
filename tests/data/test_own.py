import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from attrcore.data import own
from attrcore.kinds import Refused


def saved(picture, kind="PNG", **settings):
    file = io.BytesIO()
    picture.save(file, kind, **settings)
    return file.getvalue()


RED_LEFT = Image.new("RGB", (40, 20), "white")
RED_LEFT.paste("red", (0, 0, 20, 20))


@pytest.mark.parametrize("kind", own.FORMATS)
def test_every_format_is_read_as_rgb(kind):
    picture = own.read(saved(RED_LEFT, kind))
    assert picture.mode == "RGB" and picture.size == (40, 20)
    r, g, b = picture.getpixel((3, 10))
    assert r > 200 and g < 60 and b < 60


def test_a_photo_held_sideways_is_turned_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned a quarter: rotate by 270 degrees to see it upright
    picture = own.read(saved(RED_LEFT, "JPEG", exif=exif))
    assert picture.size == (20, 40) and picture.getpixel((10, 3))[1] < 80


def test_sixteen_bits_are_scaled_not_clipped():
    ramp = np.linspace(0, 65535, 64 * 64).astype(np.uint16).reshape(64, 64)
    values = np.asarray(own.read(saved(Image.fromarray(ramp))))[..., 0]
    assert values.min() == 0 and values.max() == 255 and 120 < np.median(values) < 135


@pytest.mark.parametrize("mode", ["L", "P", "1", "LA", "RGBA", "CMYK", "I;16"])
def test_every_colour_mode_becomes_rgb(mode):
    kind = "TIFF" if mode in ("CMYK", "I;16") else "PNG"
    assert own.read(saved(Image.new(mode, (16, 16)), kind)).mode == "RGB"


def test_what_is_transparent_shows_white_paper():
    clear = Image.new("RGBA", (16, 16), (255, 0, 0, 0))
    assert own.read(saved(clear)).getpixel((5, 5)) == (255, 255, 255)
    palette = Image.new("P", (16, 16), 0)
    assert own.read(saved(palette, transparency=0)).getpixel((5, 5)) == (255, 255, 255)


def test_an_animation_shows_its_first_frame():
    frames = [Image.new("RGB", (16, 16), c) for c in ("red", "blue")]
    assert own.read(saved(frames[0], "GIF", save_all=True, append_images=frames[1:])).getpixel((5, 5))[0] > 200


def bomb(width, height):
    """A PNG that says it is huge and is a few bytes long."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "This file is none of PNG, JPEG"),
        (b"<svg onload='alert(1)'/>", "This file is none of PNG, JPEG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "This file is none of"),
        (saved(RED_LEFT)[:60], "damaged or cut short"),
        (saved(Image.effect_noise((300, 300), 50), "JPEG")[:4000], "damaged or cut short"),
        (bomb(30_000, 30_000), "at most 25,000,000 pixels"),
        (bomb(7000, 7000), "at most 25,000,000 pixels; this one has 7000 x 7000"),
        (saved(Image.new("RGB", (4, 400))), "at least 8 pixels on each side; this one is 4 x 400"),
        (saved(Image.new("RGB", (8, 4000))), "at most 10 times the shorter; this picture has 8 x 4000"),
        (bytes(own.MOST_BYTES + 1), "at most 10 MB; this file has 10.0 MB"),
    ],
)  # fmt: skip
def test_what_is_no_good_picture_gets_one_sentence(data, sentence):
    with pytest.raises(ValueError, match=sentence):
        own.read(data)


@pytest.mark.parametrize("kind", own.FORMATS)
def test_random_damage_never_raises_anything_else(kind):
    exif = Image.Exif()
    exif[0x0112] = 6
    extra = {"exif": exif} if kind in ("JPEG", "WEBP", "PNG") else {}
    data, rng = bytearray(saved(RED_LEFT, kind, **extra)), np.random.default_rng(0)
    for _ in range(200):
        broken = bytearray(data)
        for at in rng.integers(0, len(data), 5):
            broken[at] = rng.integers(0, 256)
        with contextlib.suppress(Refused):
            own.read(bytes(broken[: rng.integers(1, len(data) + 1)]))
