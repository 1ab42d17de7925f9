"""Which pictures a study looks at: one in the recipe itself, or some of a collection."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from attrcore.data import Pictures, collections
from attrcore.data.fit import fit
from attrcore.draws import generator
from attrcore.kinds import NotNow, Refused
from attrcore.models import find
from attrcore.png import from_letters
from attrcore.recipe import Recipe, knob


@dataclass(frozen=True)
class Selection(Recipe):
    """One picture in a recipe, or pictures drawn from a collection."""

    picture: str = knob("", help="A PNG file of the network's size, in base64; where there is one, it is the only one.")
    collection: str = knob("Packaged digits", help="Where the pictures are taken from, if there is none here.")
    count: int = knob(8, 1, 1000, "How many pictures are drawn from the collection; all where it has fewer.")
    seed: int = knob(0, 0, 2**31 - 1, "Which are drawn.", label="Seed of the pictures")

    def opened(self, model: str) -> Tensor:
        """(N, C, H, W) in [0, 1], as the network of that name gets them.  Raises Refused where there are none."""
        if self.picture:
            return sized(self.picture, model) / 255
        source = collection(self.collection)
        names = source.names()
        # Drawn, not every n-th: digits that stand in the order 0 to 9, 0 to 9 would all be zeros.
        places = torch.randperm(len(names), generator=generator("pictures", self.seed))[: self.count]
        return fitted(source, [names[i] for i in places.tolist()], model) / 255


def collection(name: str) -> Pictures:
    """The collection of that name.  Raises Refused where there is none, NotNow where it has no pictures yet."""
    if name not in collections():
        raise Refused(f"There is no collection {name!r} on this machine.")
    source = collections()[name]
    if reason := source.missing():
        raise NotNow(reason)
    return source


def fitted(source: Pictures, names: Iterable[str], model: str) -> Tensor:
    """Those pictures as the model of that name gets them, (N, C, H, W) uint8."""
    entry = find(model)
    return torch.from_numpy(
        np.stack([fit(source.open(name), entry.size, entry.resize, entry.interpolation) for name in names])
    )


def sized(letters: str, model: str) -> Tensor:
    """A picture of a recipe, (1, C, H, W) uint8.  Raises Refused where it has not the network's size."""
    pixels, size = from_letters(letters), tuple(find(model).size)
    if pixels.shape != size:
        raise Refused(f"{model} takes pictures of {size} (C, H, W), got {pixels.shape}.")
    return torch.from_numpy(pixels)[None]
