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


def runs_folder() -> Path:
    """Where runs are kept: `ATTRCORE_RUNS`, or `runs` in the cache folder.  It may not exist yet.

    Workers on other machines must reach the same folder under the same variable.
    """
    return Path(os.environ.get("ATTRCORE_RUNS") or cache_folder() / "runs")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file to write, which becomes `path` in one step when the block ends well and is gone when it does not.

    Whoever reads `path` meanwhile, or after a crash or a power cut, never finds half a file.
    """
    part = path.with_name(f"{path.name}.{uuid4().hex}.part")
    try:
        yield part
        to_disk(part)
        part.replace(path)
        to_disk(path.parent)
    finally:
        part.unlink(missing_ok=True)


def to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    if path.is_dir() and os.name == "nt":
        return  # there folders cannot be opened
    opened = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
