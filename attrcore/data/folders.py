"""Pictures of one's own: every folder in `folders/` of the data folder is a collection, with a folder per class."""

import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from attrcore.data import own
from attrcore.data.pictures import Pictures
from attrcore.data.tables import rows
from attrcore.paths import data_folder

ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"})
SETTLED = 2 * 10**9  # ns: what changed less than this ago may change again within one tick of the file system's clock


@dataclass(frozen=True)
class Folder(Pictures):
    """The pictures `folders/<name>/<class>/*` of the data folder, links followed.

    A table `classes.csv` beside the class folders, with the columns `folder` and `class_name`, may name the classes;
    without, the folders' own names do.
    """

    name: str

    @property
    def channels(self) -> int:
        """1 where the first picture of each of the first classes is grey, else 3."""
        return self.listing().channels

    def missing(self) -> str:
        """Absent unless there is a picture."""
        kinds = ", ".join(sorted(ENDINGS))
        return "" if self.names() else f"There are no pictures ({kinds}) in {self.path()}/<class>/."

    def names(self) -> tuple[str, ...]:
        """`class/file`, sorted."""
        return self.listing().names

    def open(self, name: str) -> Image.Image:
        """The picture, upright, in RGB.  Raises Refused for what `own.read` refuses."""
        if name not in self.listing().known:
            raise KeyError(name)
        return own.read_file(self.path() / name)

    def label(self, name: str) -> str:
        """The name of its class."""
        if name not in self.listing().known:
            raise KeyError(name)
        folder = name.partition("/")[0]
        named = {row.get("folder"): row.get("class_name") for row in rows(self.path() / "classes.csv")}
        return named.get(folder) or folder.replace("_", " ")

    def path(self) -> Path:
        """Where the class folders are."""
        return data_folder() / "folders" / self.name

    def listing(self) -> "Listing":
        """What is there now, looked up anew when a file came or went."""
        classes = subfolders(self.path())
        newest = max((changed for _, changed in classes), default=0)
        look = listed if time.time_ns() - newest > SETTLED else listed.__wrapped__
        return look(self.path(), classes)


class Listing(NamedTuple):
    """The pictures below a folder."""

    names: tuple[str, ...]
    known: frozenset[str]
    channels: int


def folders() -> dict[str, Folder]:
    """Every folder that is a collection now, by menu name."""
    found = subfolders(data_folder() / "folders")
    return {f"{name} (own folder)": Folder(name) for name, _ in found}


def subfolders(folder: Path) -> tuple[tuple[str, int], ...]:
    """Name and time of last change of each folder in this one, sorted; none where it is absent."""
    try:
        inside = [p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")]
        return tuple(sorted((p.name, p.stat().st_mtime_ns) for p in inside))
    except OSError:
        return ()


@lru_cache(maxsize=64)
def listed(folder: Path, classes: tuple[tuple[str, int], ...]) -> Listing:
    """What lies in these classes."""
    by_class = [[f"{name}/{file}" for file in pictures(folder / name)] for name, _ in classes]
    names = tuple(name for files in by_class for name in files)
    first = [folder / files[0] for files in by_class if files][:8]
    return Listing(names, frozenset(names), 1 if first and all(map(grey, first)) else 3)


def pictures(folder: Path) -> list[str]:
    """The files in a folder whose names end like a picture's, sorted."""
    try:
        inside = [p for p in folder.iterdir() if p.suffix.lower() in ENDINGS and not p.name.startswith(".")]
        return sorted(p.name for p in inside if p.is_file())
    except OSError:
        return []


def grey(path: Path) -> bool:
    """Does the file's head say that it has no colour?"""
    try:
        with Image.open(path, formats=own.FORMATS) as picture:
            return picture.mode in ("1", "L", "LA", "I", "F") or picture.mode.startswith("I;16")
    except Exception:  # as in `own`: damaged files raise a dozen kinds, and whoever opens one is told
        return False
