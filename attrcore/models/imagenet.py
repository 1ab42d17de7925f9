"""torchvision's ImageNet classifiers, with weights found on disk or downloaded when somebody asks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from hashlib import file_digest as file_sha256
from hashlib import sha256
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from attrcore.kinds import Classifier, Progress
from attrcore.models.hollow import fill, hollow
from attrcore.paths import data_folder, replacing

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Normalise(nn.Module):
    """(x - mean) / std with fixed statistics of the training set, so that pixels stay pixels outside."""

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean)[:, None, None])
        self.register_buffer("std", torch.tensor(std)[:, None, None])

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) in [0, 1] -> standardised."""
        return (x - self.mean) / self.std


@dataclass(frozen=True)
class ImageNet:
    """One architecture of torchvision with its first ImageNet weights, or with others that the reader laid down.

    The weights are `imagenet/weights/<architecture>.safetensors` of the data folder, whatever they are, or else the
    file that torchvision's own loader keeps in its cache.  Neither holds anything that is executed.
    """

    architecture: str
    file: str  # as torchvision names it; the hex digits are the start of its sha256
    megabytes: float = 0  # of that file, as torchvision says it
    size: tuple[int, int, int] = (3, 224, 224)
    resize: int = 256  # short side that pictures are brought to before the crop
    interpolation: str = "bilinear"  # or "bicubic": how they are brought to it, antialiased
    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD

    @property
    def classes(self) -> tuple[str, ...]:
        """The 1,000 class names, in order."""
        return imagenet_classes()

    @property
    def url(self) -> str:
        """Where torchvision publishes the weights."""
        return f"https://download.pytorch.org/models/{self.file}"

    @property
    def host(self) -> str:
        """The server that publishes them."""
        return urlsplit(self.url).hostname or ""

    def folder(self) -> Path:
        """Where the data folder keeps weights."""
        return data_folder() / "imagenet" / "weights"

    def found(self) -> Path | None:
        """The weights on this machine, if any."""
        own = self.folder() / f"{self.architecture}.safetensors"
        return next((p for p in (own, torchvision_cache() / self.file) if p.is_file()), None)

    def missing(self) -> str:
        """Why it cannot be used now, in a sentence, or nothing."""
        return "" if self.found() else f"The weights of {self.architecture} are not on this machine."

    @property
    def digest(self) -> str:
        """sha256 of the weights file.  Raises FileNotFoundError where there is none."""
        path = self.found()
        if path is None:
            raise FileNotFoundError(self.missing())
        stat = path.stat()
        return file_digest(path, stat.st_mtime_ns, stat.st_size)

    def origin(self) -> str:
        """Where weights come from that need not be torchvision's own, in a sentence; else nothing."""
        path = self.found()
        if path is None or path.suffix != ".safetensors":
            return ""
        return (
            f"Weights: {path.name} of the data folder, which need not be torchvision's own (sha256 {self.digest[:8]})."
        )

    def load(self) -> Classifier:
        """The network in eval mode.  Raises FileNotFoundError where there are no weights."""
        digest, path = self.digest, self.found()
        if path.suffix == ".safetensors":
            weights = load_file(path)
        else:
            weights = torch.load(path, map_location="cpu", weights_only=True)
        net = fill(hollow(partial(untrained, self.architecture)), as_built(weights))
        net = nn.Sequential(Normalise(self.mean, self.std), net).eval()
        return Classifier(self.architecture, net, self.classes, self.size, digest)

    def fetch(self) -> Iterator[Progress]:
        """Download the weights into torchvision's cache, yielding bytes done and in all.

        Raises ConnectionError, in one sentence, where the server does not give them, ValueError where what came is not
        what torchvision published, OSError where it cannot be kept.  A download that is broken off leaves nothing.
        """
        folder = torchvision_cache()
        folder.mkdir(parents=True, exist_ok=True)
        seen, done = sha256(), 0
        failed = f"The weights of {self.architecture} could not be downloaded: {self.host}"
        try:
            with urlopen(self.url, timeout=20) as answer, replacing(folder / self.file) as part:
                total = int(answer.headers.get("Content-Length") or 0)
                with part.open("wb") as file:
                    while block := answer.read(2**18):
                        file.write(block)
                        seen.update(block)
                        done += len(block)
                        yield Progress(done, max(done, total))
                if not seen.hexdigest().startswith(self.file.rpartition("-")[2].removesuffix(".pth")):
                    raise ValueError(f"{self.file} must have the sha256 in its name, got {seen.hexdigest()[:8]}")
        except HTTPError as e:
            raise ConnectionError(f"{failed} answers {e.code} {e.reason}.") from e
        except (URLError, TimeoutError, ConnectionError, HTTPException) as e:
            raise ConnectionError(f"{failed} does not answer. Is this machine online?") from e


def untrained(architecture: str, classes: int = 1000, side: int = 224, **more: Any) -> nn.Module:
    """A network of torchvision for colour images of `side` x `side`, as torchvision builds it around its own weights.

    GoogLeNet and Inception-v3 come with `transform_input`, since their weights expect standardised images in another
    scale, and without their side heads, which speak only in training.
    """
    import torchvision

    if architecture in ("googlenet", "inception_v3"):
        more = {"transform_input": True, "aux_logits": False, "init_weights": False, **more}
    if architecture.startswith("vit_"):
        more = {"image_size": side, **more}  # the only ones whose weights fit one size alone
    return getattr(torchvision.models, architecture)(weights=None, num_classes=classes, **more)


def as_built(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights that decide the logits, under the names that today's networks have for them.

    Without GoogLeNet's and Inception-v3's side heads; and DenseNet's published files still say `norm.1` for `norm1`.
    """
    old = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)")
    kept = {k: v for k, v in weights.items() if not k.startswith(("aux1.", "aux2.", "AuxLogits."))}
    return {old.sub(r"\1\2", k): v for k, v in kept.items()}


def torchvision_cache() -> Path:
    """Where torchvision's own loader looks first."""
    return Path(torch.hub.get_dir()) / "checkpoints"


@cache
def file_digest(path: Path, changed: int, size: int) -> str:
    """sha256 of a file; computed anew when its time or size changes."""
    with path.open("rb") as file:
        return file_sha256(file, "sha256").hexdigest()


@cache
def imagenet_classes() -> tuple[str, ...]:
    """torchvision's 1,000 class names."""
    from torchvision.models._meta import _IMAGENET_CATEGORIES

    return tuple(_IMAGENET_CATEGORIES)
