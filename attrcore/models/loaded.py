"""Networks that a process keeps for its next question."""

import copy
from dataclasses import replace

import torch
from cachetools import LRUCache, cached

from attrcore.kinds import Classifier, Refused
from attrcore.models import find

MOST_LOADED = 2 * 2**30  # bytes of networks; the largest of the zoo has 1.2 GB


def weight(classifier: Classifier) -> int:
    """Bytes of its parameters."""
    return sum(p.nbytes for p in classifier.net.parameters())


@cached(LRUCache(MOST_LOADED, getsizeof=weight), info=True)
def loaded(model: str, digest: str, device: str = "cpu") -> Classifier:
    """The classifier, on a device.  Raises Refused where its weights here are not those of `digest`."""
    found = find(model).load()
    if found.digest != digest:
        raise Refused(f"The weights of {model} were exchanged while you looked at it. Reload the page.")
    return found if device == "cpu" else replace(found, net=copy.deepcopy(found.net).to(torch.device(device)))
