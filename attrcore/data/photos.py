"""Photos with labels: those of scikit-image, and collections of the data folder that a table describes."""

from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import ClassVar, Protocol

from PIL import Image

from attrcore.data import own
from attrcore.data.pictures import Pictures
from attrcore.data.tables import rows
from attrcore.paths import data_folder


class SamplePhotos(Pictures):
    """Five photos that scikit-image packages."""

    channels = 3
    credit = "Photos packaged by scikit-image."
    shows: ClassVar[dict[str, str]] = {
        "cat": "a tabby cat",
        "coffee": "a cup of coffee",
        "rocket": "a rocket on its pad",
        "astronaut": "an astronaut",
        "retina": "a retina",
    }

    def missing(self) -> str:
        """Never: they come with a dependency."""
        return ""

    def names(self) -> tuple[str, ...]:
        """Their names in scikit-image."""
        return tuple(self.shows)

    def open(self, name: str) -> Image.Image:
        """The photo, as large as it comes."""
        import skimage.data

        if name not in self.shows:
            raise KeyError(name)
        return Image.fromarray(getattr(skimage.data, name)())

    def label(self, name: str) -> str:
        """What one sees."""
        return self.shows[name]


class Listed(Pictures, Protocol):
    """Files of the data folder that a table names in its column `file`.  A child says where, and reads a label."""

    channels = 3
    folder: ClassVar[str]  # what the table's file names are relative to
    table: ClassVar[str]

    @staticmethod
    def shows(entries: list[dict[str, str]]) -> str:
        """The label of a picture, from the table's rows about it."""
        return (entries[0].get("class_name") or "").replace("_", " ")

    def missing(self) -> str:
        """Absent unless the data folder has the table and a picture that it names."""
        if self.labels():
            return ""
        return f"There are no pictures in {data_folder() / self.folder} that {data_folder() / self.table} lists."

    def names(self) -> tuple[str, ...]:
        """Their file names, in the table's order."""
        return tuple(self.labels())

    def open(self, name: str) -> Image.Image:
        """The photo, upright, in RGB."""
        if name not in self.labels():
            raise KeyError(name)
        return own.read_file(data_folder() / self.folder / name)

    def label(self, name: str) -> str:
        """What the table says of it."""
        return self.labels()[name]

    def labels(self) -> dict[str, str]:
        """File -> label, for the files that exist; looked up anew when the table or the folder changes."""
        folder, table = data_folder() / self.folder, data_folder() / self.table
        try:
            return listed(type(self), folder, table, folder.stat().st_mtime_ns, table.stat().st_mtime_ns)
        except OSError:
            return {}


@lru_cache(maxsize=64)
def listed(cls: type[Listed], folder: Path, table: Path, *changed: int) -> dict[str, str]:
    """File -> label.  A table that points out of its folder is not followed."""
    entries: dict[str, list[dict[str, str]]] = {}
    for row in rows(table):
        entries.setdefault(row.get("file") or "", []).append(row)
    inside = [f for f in entries if f and not PurePosixPath(f).is_absolute() and ".." not in PurePosixPath(f).parts]
    return {file: cls.shows(entries[file]) for file in inside if (folder / file).is_file()}


class ImageNetPhotos(Listed):
    """Labelled ImageNet photos.

    Columns `p_<network>` of the table, if there are any, hold the probability that it gave to the true class when the
    photos were chosen; the credit says so, since networks look better on photos that were chosen like that.
    """

    @property
    def credit(self) -> str:
        """Whom to name, and how the photos were chosen."""
        said = "ImageNet: Russakovsky et al., 2015; each photo belongs to its photographer."
        entries = rows(data_folder() / self.table)
        asked = {k: [row[k] for row in entries] for k in (entries[0] if entries else ()) if str(k).startswith("p_")}
        if not asked:
            return said
        names = ", ".join(k.removeprefix("p_") for k in asked)
        return f"{said} Chosen, not drawn by chance: they are photos that {names} recognise."

    folder, table = "imagenet/photos", "imagenet/labels.csv"


class DemoImages(Listed):
    """The pictures of “Sanity checks for saliency maps” (Adebayo et al., 2018, arXiv:1810.03292).

    Most labels are what networks say of them, since the authors' repository gives none.
    """

    credit = "Pictures of github.com/adebayoj/sanity_checks_saliency; each belongs to its photographer."
    folder, table = "imagenet/demo_images", "imagenet/demo_labels.csv"

    @staticmethod
    def shows(entries: list[dict[str, str]]) -> str:
        """The class, and whether only a prediction says so."""
        label, basis = Listed.shows(entries), entries[0].get("basis") or ""
        if not label:
            return "not labelled"
        return f"{label} (predicted)" if basis.startswith("prediction only") else label


class Flowers17(Listed):
    """Seventeen kinds of flowers, 80 photos of each, 128 x 128."""

    credit = "17 Category Flower Dataset: Nilsback and Zisserman, 2006; each photo belongs to its photographer."
    folder, table = "flowers17", "flowers17/labels.csv"


class Fundus(Listed):
    """Photographs of the retina with boxes around lesions."""

    credit = (
        "Photographs: IDRiD, Porwal et al., 2018 (doi:10.3390/data3030025), CC BY 4.0 "
        "(https://creativecommons.org/licenses/by/4.0/), resized. Lesion boxes: Chris von Csefalvay, CODRAS, 2019 "
        "(https://github.com/chrisvoncsefalvay/codras), CC BY-SA 4.0 (https://creativecommons.org/licenses/by-sa/4.0/)."
    )
    folder, table = "fundus/images", "fundus/boxes.csv"

    @staticmethod
    def shows(entries: list[dict[str, str]]) -> str:
        """The kinds of lesion that are boxed in it."""
        kinds = sorted({row.get("class") or "" for row in entries} - {"", "optic_disc"})
        return ", ".join(kinds).replace("_", " ") or "no lesion boxed"
