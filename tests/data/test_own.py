import contextlib
import io

import numpy as np
import pytest
from PIL import Image

from attrcore.data import own
from attrcore.kinds import Refused
from tests.data.forge import RED_LEFT, floats, png, saved, tiff


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


def frames(kind, **settings):
    """A red picture and a blue one in one file."""
    red, blue = (Image.new("RGB", (16, 16), c) for c in ("red", "blue"))
    return saved(red, kind, save_all=True, append_images=[blue], **settings)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_an_animation_or_several_pages_the_first_is_shown(kind):
    assert Image.open(io.BytesIO(frames(kind))).n_frames == 2
    r, g, b = own.read(frames(kind)).getpixel((5, 5))
    assert r > 240 and g < 15 and b < 15


QUARTERS = Image.fromarray(np.array([[0, 85], [170, 255]], np.uint8)).resize((16, 32), Image.Resampling.NEAREST)
FROM = {
    1: [0, 85, 170, 255],
    2: [85, 0, 255, 170],
    3: [255, 170, 85, 0],
    4: [170, 255, 0, 85],
    5: [0, 170, 85, 255],
    6: [170, 0, 255, 85],
    7: [255, 85, 170, 0],
    8: [85, 255, 0, 170],
}  # the four corners as they shall be seen, row by row, from the definition in EXIF 2.32, table 6


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_eight_orientations_are_turned_upright(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    extra = {"lossless": True} if kind == "WEBP" else {"quality": 100} if kind == "JPEG" else {}
    picture = own.read(saved(QUARTERS.convert("RGB"), kind, exif=exif, **extra))
    assert picture.size == ((16, 32) if orientation < 5 else (32, 16))
    w, h = picture.size
    seen = [picture.getpixel(p)[0] for p in ((3, 3), (w - 4, 3), (3, h - 4), (w - 4, h - 4))]
    assert np.abs(np.subtract(seen, FROM[orientation])).max() <= 3


DEEP = np.random.default_rng(0).integers(0, 65536, (20, 30, 3)).astype(">u2")


def test_sixteen_bits_of_colour_keep_their_high_byte_in_png_and_tiff():
    lines = b"".join(b"\0" + row.tobytes() for row in DEEP)
    colours = {"tag258": (3, 3, np.full(3, 16, "<u2").tobytes()), "tag262": (3, 1, 2), "tag277": (3, 1, 3)}
    for data in (png(30, 20, lines, depth=16, colour=2), tiff(30, 20, values=DEEP.astype("<u2").tobytes(), **colours)):
        assert np.abs(np.asarray(own.read(data)).astype(int) - DEEP // 256).max() <= 1


@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_sixteen_bits_of_grey_are_read_in_either_byte_order(order):
    values = np.arange(0, 65536, 100, np.uint16)[:640].reshape(20, 32)
    data = tiff(32, 20, values=values.astype("<u2").tobytes(), tag258=(3, 1, 16))
    if order == ">u2":
        data = saved(Image.frombytes("I;16B", (32, 20), values.astype(">u2").tobytes()), "TIFF")
    grey = np.asarray(own.read(data))
    assert np.abs(grey - (values / 257)[..., None]).max() <= 1


def test_floats_in_zero_to_one_become_grey_levels_and_larger_ones_are_scaled():
    ramp = np.linspace(0, 1, 800).reshape(20, 40)
    for factor in (1, 200, 1e6):
        grey = np.asarray(own.read(floats(ramp * factor)))
        assert np.abs(grey - (ramp * 255)[..., None]).max() <= 0.51
    assert np.asarray(own.read(floats(ramp / 2))).max() == 128  # what stays below one is not blown up


def test_one_bit_becomes_black_and_white():
    bits = Image.fromarray(np.indices((16, 16)).sum(0) % 2 == 0)
    for kind in ("PNG", "TIFF", "BMP"):
        assert np.array_equal(np.asarray(own.read(saved(bits, kind)))[..., 0], np.asarray(bits) * 255)


@pytest.mark.parametrize("mode", ["RGB", "YCbCr", "CMYK"])
@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_the_colours_of_print_and_film_come_back_as_rgb(mode, kind):
    quality = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    picture = own.read(saved(RED_LEFT.convert(mode), kind, **quality))
    assert np.abs(np.asarray(picture).astype(int) - np.asarray(RED_LEFT)).max() <= 12


@pytest.mark.parametrize("mode", ["LA", "PA", "RGBA", "RGBa"])
def test_half_transparent_grey_is_half_way_to_white(mode):
    half = Image.new("LA", (16, 16), (100, 128)).convert("RGBA")
    picture = own.bare(own.simple(half.convert(mode)))
    assert np.abs(np.asarray(picture).astype(int) - 177).max() <= 2


def test_transparency_is_white_in_palettes_gif_and_sixteen_bits():
    palette = Image.new("P", (16, 16), 1)
    palette.putpalette([255, 0, 0, 0, 0, 255])
    palette.paste(0, (0, 0, 8, 16))
    for kind in ("PNG", "GIF"):
        picture = own.read(saved(palette, kind, transparency=0))
        assert picture.getpixel((3, 3)) == (255, 255, 255) and picture.getpixel((12, 3)) == (0, 0, 255)
    clear = b"\0" + np.tile(np.array([0, 0, 0, 0], ">u2"), 16).tobytes()
    assert own.read(png(16, 16, clear * 16, depth=16, colour=6)).getpixel((3, 3)) == (255, 255, 255)


def test_a_large_photo_is_averaged_and_not_merely_thinned_out():
    fine = Image.fromarray((np.indices((2400, 2400)).sum(0) % 2 * 255).astype(np.uint8))
    picture = own.read(saved(fine))
    assert picture.size == (1200, 1200)
    assert np.abs(np.asarray(picture).astype(int) - 127).max() <= 1


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "This file is none of PNG, JPEG"),
        (b"<svg onload='alert(1)'/>", "This file is none of PNG, JPEG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "This file is none of"),
        (saved(RED_LEFT)[:60], "damaged or cut short"),
        (saved(Image.effect_noise((300, 300), 50), "JPEG")[:4000], "damaged or cut short"),
        (png(30_000, 30_000), "at most 25,000,000 pixels"),
        (png(7000, 7000), "at most 25,000,000 pixels; this one has 7000 x 7000"),
        (saved(Image.new("RGB", (4, 400))), "at least 8 pixels on each side; this one is 4 x 400"),
        (saved(Image.new("RGB", (8, 4000))), "at most 10 times the shorter; this picture has 8 x 4000"),
        (bytes(own.MOST_BYTES + 1), "at most 10 MB; this file has 10.0 MB"),
    ],
)  # fmt: skip
def test_what_is_no_good_picture_gets_one_sentence(data, sentence):
    with pytest.raises(ValueError, match=sentence):
        own.read(data)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")
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
