"""Small colour pictures that come as one array: CIFAR-10 and traffic signs."""

from functools import cache, lru_cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from attrcore.data.fetch import fetch
from attrcore.data.pictures import Numbered
from attrcore.data.tables import rows
from attrcore.kinds import Refused
from attrcore.paths import cache_folder, data_folder


class Cifar10Test(Numbered):
    """CIFAR-10's test pictures, 32 x 32: all 10,000 in torchvision's layout, or the first 1,000 as an array.

    The array is `cifar10/cifar10_test_1000.npz` of the data folder with `images` (N, 32, 32, 3) uint8, `labels` and
    `classes`; torchvision's layout is `cifar10/cifar-10-batches-py` there or in the cache folder.  Both number alike.
    """

    channels = 3
    credit = "CIFAR-10: Krizhevsky, Learning multiple layers of features from tiny images, 2009."
    host = "www.cs.toronto.edu"

    def missing(self) -> str:
        """Absent unless one of the two is there."""
        array = self.array()
        return "" if self.root() or array.is_file() else f"Neither {array} nor cifar-10-batches-py beside it is there."

    def fetch(self) -> None:
        """Download all into the cache folder.  Raises ConnectionError, in a sentence, where that fails."""
        fetch("CIFAR10", self.host, cache_folder() / "cifar10")

    def count(self) -> int:
        """All of those that are there."""
        return 10_000 if self.root() else len(member(self.array(), "labels"))

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """The pictures and their class names, read once."""
        if root := self.root():
            return batches(root)
        array = self.array()
        return member(array, "images"), member(array, "classes")[member(array, "labels")]

    def array(self) -> Path:
        """Where the data folder has the first thousand."""
        return data_folder() / "cifar10" / "cifar10_test_1000.npz"

    def root(self) -> Path | None:
        """Where torchvision's layout is, if anywhere."""
        places = (data_folder() / "cifar10", cache_folder() / "cifar10")
        return next((p for p in places if (p / "cifar-10-batches-py" / "test_batch").is_file()), None)


class GtsrbTest(Numbered):
    """German traffic signs, 4,188 of the 12,630 test pictures, squeezed to 32 x 32.

    The source had dropped the small ones; of the rest it is every second of each class, and all where a class has 60
    or fewer.
    `gtsrb/gtsrb_test_32.npz` of the data folder with `images` (N, 32, 32, 3) uint8 and `labels`, and
    `gtsrb/classes.csv` with the columns `class_id` and `name_en`.
    """

    channels = 3
    credit = "GTSRB: Stallkamp, Schlipsing, Salmen and Igel, Man vs. computer, Neural Networks 32, 2012."

    def missing(self) -> str:
        """Absent unless the data folder has both files."""
        absent = [p for p in (self.array(), self.table()) if not p.is_file()]
        return f"There is no {absent[0]}." if absent else ""

    def count(self) -> int:
        """All of them."""
        return len(member(self.array(), "labels"))

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """The pictures and the names of their signs, read once."""
        names = {row.get("class_id"): row.get("name_en") for row in rows(self.table())}
        labels = member(self.array(), "labels")
        signs = np.array([names.get(str(i)) or f"class {i}" for i in range(int(labels.max(initial=0)) + 1)])
        return member(self.array(), "images"), signs[labels]

    def array(self) -> Path:
        """Where the data folder has the pictures."""
        return data_folder() / "gtsrb" / "gtsrb_test_32.npz"

    def table(self) -> Path:
        """Where it has the names of the classes."""
        return data_folder() / "gtsrb" / "classes.csv"


def member(path: Path, name: str) -> np.ndarray:
    """One array of an .npz file, read once for as long as the file stays as it is.

    Raises Refused where the file is damaged or lacks it; never unpickles.
    """
    return loaded(path, name, path.stat().st_mtime_ns)


@lru_cache(maxsize=16)
def loaded(path: Path, name: str, changed: int) -> np.ndarray:
    """The same, by what decides it."""
    try:
        with np.load(path, allow_pickle=False) as members:
            return members[name]
    except (BadZipFile, ValueError, KeyError, EOFError) as e:
        raise Refused(f"{path} must be an .npz file that holds “{name}”, and is damaged or something else.") from e


@cache
def batches(root: Path) -> tuple[np.ndarray, np.ndarray]:
    """CIFAR-10's test set in torchvision's layout, (10000, 32, 32, 3) uint8 and class names.

    The layout is pickled; torchvision opens it only where its checksums are those of the published files.
    """
    import torchvision

    try:
        data = torchvision.datasets.CIFAR10(str(root), train=False)
    except RuntimeError as e:
        raise Refused(f"{root / 'cifar-10-batches-py'} is not CIFAR-10 as it was published.") from e
    return data.data, np.array(data.classes)[data.targets]
