"""Which pictures a study looks at: one in the recipe itself, or many of a collection."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from attrcore.data import collections
from attrcore.data.fit import fit
from attrcore.kinds import NotNow, Refused
from attrcore.models import find
from attrcore.png import from_letters
from attrcore.recipe import Recipe, knob


@dataclass(frozen=True)
class Selection(Recipe):
    """One picture in a recipe, or pictures evenly spread over a collection."""

    picture: str = knob("", help="A PNG file of the network's size, in base64; where there is one, it is the only one.")
    collection: str = knob("Packaged digits", help="Where the pictures are taken from, if there is none here.")
    count: int = knob(8, 1, 1000, "How many pictures, evenly spread over the collection.")

    def opened(self, model: str) -> Tensor:
        """(N, C, H, W) in [0, 1], as the network of that name gets them.  Raises Refused where there are none."""
        entry = find(model)
        if self.picture:
            return sized(self.picture, model, entry.size)
        if self.collection not in collections():
            raise Refused(f"There is no collection {self.collection!r} on this machine.")
        source = collections()[self.collection]
        if reason := source.missing():
            raise NotNow(reason)
        names = source.names()
        chosen = [names[i * len(names) // min(self.count, len(names))] for i in range(min(self.count, len(names)))]
        found = [fit(source.open(name), entry.size, entry.resize, entry.interpolation) for name in chosen]
        return torch.from_numpy(np.stack(found)) / 255


def sized(letters: str, model: str, size: tuple[int, int, int]) -> Tensor:
    """A picture of a recipe, (1, C, H, W) in [0, 1].  Raises Refused where it has not the network's size."""
    pixels = from_letters(letters)
    if pixels.shape != tuple(size):
        raise Refused(f"{model} takes pictures of {size} (C, H, W), got {pixels.shape}.")
    return torch.from_numpy(pixels)[None] / 255
