"""MNIST and the sets that share its format: packed in the data folder or downloaded, unpacked in the cache folder."""

import gzip
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attrcore.data.fetch import fetch
from attrcore.kinds import Samples
from attrcore.paths import cache_folder, data_folder, replacing

FILES = tuple(f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1"))


@dataclass(frozen=True)
class Idx:
    """60,000 training and 10,000 test pictures, 28 x 28 and grey, in four files of IDX format."""

    folder: str  # in the data folder and in the cache folder
    dataset: str  # torchvision's class, which names the folder inside
    host: str  # where torchvision downloads it from

    def packed(self) -> Path:
        """Where the data folder has the four .gz files, as torchvision lays them out."""
        return data_folder() / self.folder / self.dataset / "raw"

    def root(self) -> Path:
        """Where the unpacked files are kept, torchvision's root."""
        return cache_folder() / self.folder

    def unpacked(self) -> bool:
        """Are all four files in the cache folder?"""
        return all((self.root() / self.dataset / "raw" / file).is_file() for file in FILES)

    def missing(self) -> str:
        """Why it cannot be read now, in a sentence, or nothing."""
        if self.unpacked() or all((self.packed() / f"{file}.gz").is_file() for file in FILES):
            return ""
        return f"The four .gz files of {self.dataset} are not in {self.packed()}."

    def fetch(self) -> None:
        """Download it.  Raises ConnectionError, in a sentence, where that fails."""
        fetch(self.dataset, self.host, self.root())

    def read(self, train: bool) -> Any:
        """torchvision's data set, with `data` (N, 28, 28) uint8 and `targets` (N,).

        Raises FileNotFoundError where it is missing, OSError or EOFError where a packed file is damaged.
        """
        import torchvision

        if reason := self.missing():
            raise FileNotFoundError(reason)
        raw = self.root() / self.dataset / "raw"
        raw.mkdir(parents=True, exist_ok=True)
        for file in FILES:
            if not (raw / file).exists():
                packed = self.packed() / f"{file}.gz"
                with gzip.open(packed) as source, replacing(raw / file) as part, part.open("wb") as target:
                    shutil.copyfileobj(source, target)
        return getattr(torchvision.datasets, self.dataset)(str(self.root()), train=train)

    def samples(self, train: bool) -> Samples:
        """All 60,000 training or 10,000 test pictures, images (B, 1, 28, 28) in [0, 1]; downloaded where missing.

        Raises FileNotFoundError where they are neither here nor to be had.
        """
        if reason := self.missing():
            try:
                self.fetch()
            except OSError as e:
                raise FileNotFoundError(f"{reason} {e}") from e
        data = self.read(train)
        return Samples(data.data[:, None] / 255, data.targets, ())


MNIST = Idx("mnist", "MNIST", "ossci-datasets.s3.amazonaws.com")
FASHION = Idx("fashion", "FashionMNIST", "fashion-mnist.s3-website.eu-central-1.amazonaws.com")


def mnist(train: bool) -> Samples:
    """MNIST (LeCun et al., 1998), see `Idx.samples`."""
    return MNIST.samples(train)


def fashion(train: bool) -> Samples:
    """Fashion-MNIST (Xiao et al., 2017, arXiv:1708.07747), see `Idx.samples`."""
    return FASHION.samples(train)
