"""Pictures of a collection, as a network gets them."""

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from attrcore.data import Pictures, collections
from attrcore.data.fit import fit
from attrcore.kinds import NotNow, Refused
from attrcore.models import find


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
