"""Where things lie on disk: what ships with the project, and the folder for data it may not ship."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

ASSETS = Path(__file__).resolve().parent.parent / "assets"


def cache_folder() -> Path:
    """The user's own folder for what this project unpacks or downloads.  It may not exist yet."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "attrcore"


def data_folder() -> Path:
    """Data sets and weights that cannot ship: `ATTRCORE_DATA`, or `data` in the cache folder.

    It may be absent or read-only; whoever looks inside must cope with either.
    """
    return Path(os.environ.get("ATTRCORE_DATA") or cache_folder() / "data")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file to write, which becomes `path` in one step when the block ends well and is gone when it does not.

    Whoever reads `path` meanwhile, or after a crash, never finds half a file.
    """
    part = path.with_name(f"{path.name}.{uuid4().hex}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
