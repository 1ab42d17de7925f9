"""What a picture file may ask of its reader.  A small file can keep one busy for minutes; these bounds end it early."""

from io import BytesIO

from PIL.TiffImagePlugin import STRIPOFFSETS, TILEOFFSETS, ImageFileDirectory_v2

from attrcore.kinds import Refused

MOST_READS = 100_000  # 0.1 s; a real file needs some per chunk, marker, strip or 64 kB
MOST_STRIPS = 50_000  # 0.1 s; a real file has at most one per row and colour
MOST_SCANS = 64  # 1 s at 25 megapixels; a real progressive JPEG has ten
OFFSETS = (STRIPOFFSETS, TILEOFFSETS)
START_OF_SCAN = b"\xff\xda"


class Patient(BytesIO):
    """A file in memory that may be read so many times: Pillow walks through a file's parts in Python, one by one.

    Raises Refused, in a sentence, from then on.
    """

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes."""
        self.reads += 1
        if self.reads > MOST_READS:
            raise Refused(f"A picture may have at most {MOST_READS:,} parts; this one has more.")
        return super().read(size)


def check(data: bytes) -> None:
    """Refuse what reads alone do not bound: scans of a JPEG, each of which visits all pixels, and strips of a TIFF.

    Raises Refused, in a sentence; struct.error, SyntaxError and the like for a damaged TIFF.
    """
    if data.startswith(b"\xff\xd8") and (scans := data.count(START_OF_SCAN)) > MOST_SCANS:
        raise Refused(f"A JPEG may have at most {MOST_SCANS} scans; this one has {scans:,}.")
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        big = 43 in data[2:4]
        head = ImageFileDirectory_v2(data[: 16 if big else 8])
        file = Patient(data)
        file.seek(head.next)
        head.load(file)
        strips = max(len(head.get(tag, ())) for tag in OFFSETS)
        if strips > MOST_STRIPS:
            raise Refused(f"A TIFF may have at most {MOST_STRIPS:,} strips or tiles; this one has {strips:,}.")
