"""Networks that a process keeps for its next question."""

import copy
from dataclasses import replace

import torch
from cachetools import LRUCache, cached
from torch import nn

from attrcore.kinds import Classifier, Refused
from attrcore.models import find

MOST_LOADED = 2 * 2**30  # bytes of networks; the largest of the zoo has 1.2 GB


def weight(classifier: Classifier) -> int:
    """Bytes of its parameters."""
    return sum(p.nbytes for p in classifier.net.parameters())


@cached(LRUCache(MOST_LOADED, getsizeof=weight), info=True)
def loaded(model: str, digest: str, device: str = "cpu", differentiated: bool = False) -> Classifier:
    """The classifier, on a device, laid out for maps, or for such as are `differentiated`: see `for_maps`.

    Raises Refused where its weights here are not those of `digest`.
    """
    found = find(model).load()
    if found.digest != digest:
        raise Refused(f"The weights of {model} were exchanged while you looked at it. Reload the page.")
    net = found.net if device == "cpu" else copy.deepcopy(found.net).to(torch.device(device))
    return replace(found, net=net if differentiated else for_maps(net))


def for_maps(net: nn.Module) -> nn.Module:
    """The network itself, laid out so that maps of it are made fast.

    On the CPU that is where the channels of a pixel stand side by side: maps take half the time (Occlusion of a photo,
    SqueezeNet) to nine tenths (MNIST CNN), but their derivatives a twelfth more.
    """
    on_cpu = all(p.device.type == "cpu" for p in net.parameters())
    return net.to(memory_format=torch.channels_last) if on_cpu else net
