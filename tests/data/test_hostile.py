"""Files that nobody made in good faith: each gets one sentence, or a sane picture, soon and in little memory."""

import re
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from attrcore.data import own
from attrcore.kinds import Refused
from tests.data.hostile import hostile, largest

FILES, LARGEST = hostile(), largest()
quiet = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def kilobytes(what):
    """This process's memory now (VmRSS) or at most since `RESET` (VmHWM)."""
    return int(re.search(rf"{what}:\s+(\d+)", STATUS.read_text())[1])


@contextmanager
def frugal():
    """Fails where a block takes 2 s, or 300 MB more than before; memory is left out where the system does not tell."""
    try:
        RESET.write_text("5")
        before = kilobytes("VmRSS")
    except OSError:
        before = None
    start = time.process_time()
    yield
    assert time.process_time() - start < 2
    assert before is None or kilobytes("VmHWM") - before < 300 * 1024


def verdict(data):
    """The picture as an array, or the sentence."""
    try:
        picture = own.read(data)
    except Refused as e:
        return str(e)
    assert picture.mode == "RGB" and min(picture.size) >= own.LEAST_SIDE
    assert picture.width * picture.height <= own.KEPT_PIXELS
    return np.asarray(picture)


@quiet
@pytest.mark.parametrize("what", FILES)
def test_a_hostile_file_gets_one_sentence_or_a_sane_picture(what):
    with frugal():
        said = verdict(FILES[what])
    if isinstance(said, str):
        assert re.fullmatch(r"[A-Z][^\n]+[^.]\.", said) and ". " not in said
        assert not re.search(r"Error|Exception|Traceback|0x|/|<|PIL|object", said)
    else:
        assert said.dtype == np.uint8 and said.shape[2] == 3


@pytest.mark.parametrize("what", LARGEST)
def test_the_largest_allowed_are_read_soon_and_in_little_memory(what):
    data = LARGEST[what]()
    with frugal():
        assert not isinstance(verdict(data), str)


REFUSED = (
    *("nothing", "text", "HTML", "SVG", "PDF", "zip", "pickle", "PPM", "too many bytes", "PNG bomb", "TIFF bomb"),
    *("GIF bomb", "WEBP bomb", "BMP bomb", "PNG too long", "PNG too small", "PNG with a corrupt stream"),
    *(
        "TIFF of NaN",
        "TIFF of infinity",
        "TIFF of negative floats",
        "JPEG of a thousand scans",
        "TIFF of a million strips",
    ),
    *("PNG of 100,000 chunks", "JPEG of 200,000 markers", "JPEG of 200,000 comments"),
    *("GIF of 200,000 comments", "GIF of 100,000 extensions"),
    *(f"{kind} cut at 10.0%" for kind in own.FORMATS),
)
READ = (
    *("JPEG with garbage for EXIF", "JPEG whose EXIF turns by 77", "JPEG whose EXIF goes in circles"),
    *("WEBP with garbage for EXIF", "PNG with garbage for EXIF", "TIFF whose directories go in circles"),
    *("TIFF of the largest floats", "JPEG with 9 MB of ICC profile"),
)


@quiet
def test_what_is_no_picture_is_refused_and_what_is_only_soiled_is_read():
    assert not [what for what in REFUSED if not isinstance(verdict(FILES[what]), str)]
    assert not {what: verdict(FILES[what]) for what in READ if isinstance(verdict(FILES[what]), str)}
