"""Networks as they are before training: the first weights that their own code draws."""

from functools import partial

from torch import nn

from attrcore.draws import generator
from attrcore.models import find
from attrcore.models.architectures import ARCHITECTURES
from attrcore.models.imagenet import ImageNet, Normalise, untrained
from attrcore.models.shipped import Shipped
from attrcore.models.small import NETWORKS, drawn


def first_weights(model: str, seed: int) -> nn.Module:
    """A network of an entry's kind before training, in eval mode: layer by layer what its architecture's code draws.

    Another draw in every layer and for every seed, the same on every device; pixels in, logits out, normalised as the
    entry is.  None of the draws from which a network here was trained: those are seeds as they are, and much of them
    is left in the trained weights.  Raises Refused where there is no such model.
    """
    entry = find(model)
    if isinstance(entry, Shipped):
        build, ends = NETWORKS[entry.facts()["architecture"]], ()
    elif isinstance(entry, ImageNet):
        own = {"init_weights": True} if entry.architecture in ("googlenet", "inception_v3") else {}
        build, ends = partial(untrained, entry.architecture, **own), (entry.mean, entry.std)
    else:
        facts = entry.facts()
        build = partial(ARCHITECTURES[facts["architecture"]].build, len(facts["classes"]), facts["size"][1])
        ends = facts["mean"], facts["std"]
    net = drawn(build, generator("first weights that nothing was trained from", seed).initial_seed())
    return (nn.Sequential(Normalise(*ends), net) if ends else net).eval().requires_grad_(False)
