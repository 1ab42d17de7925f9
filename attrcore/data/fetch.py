"""Downloading one of torchvision's data sets when somebody asks, whole or not at all."""

from http.client import HTTPException
from pathlib import Path
from tarfile import TarError
from tempfile import TemporaryDirectory
from urllib.error import URLError


def fetch(dataset: str, host: str, root: Path) -> None:
    """Let torchvision download `dataset`, a class of torchvision.datasets, and lay its unpacked files out in `root`.

    Raises ConnectionError, in one sentence, where the server gives nothing or not what torchvision knows it to be,
    OSError where it cannot be kept.  `root` then is as it was: files arrive beside it and move in at the end.
    """
    import torchvision

    root.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=root.parent, prefix=f"{root.name}.") as part:
        try:
            getattr(torchvision.datasets, dataset)(part, train=False, download=True)
        except (RuntimeError, URLError, ConnectionError, TimeoutError, HTTPException, TarError, EOFError) as e:
            raise ConnectionError(
                f"The pictures could not be downloaded: {host} does not answer, or not with what was published."
            ) from e
        for file in sorted(p for p in Path(part).rglob("*") if p.is_file() and p.suffix != ".gz"):
            target = root / file.relative_to(part)
            target.parent.mkdir(parents=True, exist_ok=True)
            file.replace(target)
