"""Every model, by menu name.  An entry knows its size and whether it can be used here without loading anything."""

from attrcore.models.imagenet import ImageNet
from attrcore.models.shipped import Shipped
from attrcore.models.stored import Stored, named
from attrcore.models.zoo import ZOO

MODELS = {
    "MNIST CNN": Shipped("mnist-cnn"),
    "MNIST MLP": Shipped("mnist-mlp"),
    "RAR MNIST CNN (NATURAL)": Shipped("rar-mnist-natural"),
    **{
        f"Twin {net} ({name})": Shipped(f"twin-{net.lower()}-{card}")
        for net in ("CNN", "MLP")
        for name, card in (("true labels", "true"), ("permuted labels", "permuted"), ("another seed", "other"))
    },
    **ZOO,
}


def find(name: str) -> Shipped | ImageNet | Stored:
    """The entry of MODELS, or the stored checkpoint that is named `own:` and sixteen hex digits.

    Raises Refused for any other name.
    """
    return MODELS[name] if name in MODELS else named(name)
