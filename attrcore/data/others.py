"""Other pictures, as baselines and backgrounds of explainers: those of a collection that suit the image."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from attrcore.baselines import Background, Baseline
from attrcore.data import DATASETS
from attrcore.data.fit import fit
from attrcore.data.pictures import Pictures
from attrcore.draws import generator
from attrcore.kinds import NotNow, Refused
from attrcore.recipe import knob

SHIPPED = {1: "Packaged digits", 3: "Sample photos"}  # what is there without a download, by number of channels
AUTO = "what ships"


def collection_for(name: str, x: Tensor) -> Pictures:
    """A collection of `DATASETS`, or the shipped one that suits x (B, C, H, W).

    Raises Refused where none suits, NotNow where it is not on this machine.
    """
    name = SHIPPED.get(x.shape[1], "") if name == AUTO else name
    if name not in DATASETS:
        raise Refused(f"No collection ships with pictures of {x.shape[1]} channels; choose one.")
    pictures = DATASETS[name]()
    if reason := pictures.missing():
        raise NotNow(reason)
    return pictures


def fitted(pictures: Pictures, names: Iterable[str], x: Tensor) -> Tensor:
    """Pictures brought to the size of x (B, C, H, W): (n, C, H, W) in [0, 1]."""
    size = x.shape[1], x.shape[2], x.shape[3]
    found = [fit(pictures.open(name), size, min(size[1:])) for name in names]
    return torch.from_numpy(np.stack(found)).to(x) / 255


@dataclass(frozen=True)
class AnotherPicture(Baseline):
    """One picture of a collection: what is there that is not here (as in Sturmfels et al., 2020, Distill)."""

    collection: str = knob(AUTO, choices=(AUTO, *DATASETS), help="Where it is taken from.")
    number: int = knob(1, 0, 100_000, "Which picture, counted round.")

    def __call__(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        pictures = collection_for(self.collection, x)
        names = pictures.names()
        return fitted(pictures, [names[self.number % len(names)]], x).expand_as(x)


@dataclass(frozen=True)
class OtherPictures(Background):
    """Pictures drawn from a collection, as in Erion et al. (2021, arXiv:1906.10670); all of them where it has fewer."""

    collection: str = knob(AUTO, choices=(AUTO, *DATASETS), help="Where they are taken from.")
    count: int = knob(20, 1, 200, "How many.")
    seed: int = knob(0, 0, 2**31 - 1, "Which are drawn.")

    def __call__(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (count or fewer, C, H, W), none twice."""
        pictures = collection_for(self.collection, x)
        names = pictures.names()
        order = torch.randperm(len(names), generator=generator("other pictures", self.seed))
        return fitted(pictures, [names[row] for row in order[: self.count].tolist()], x)
