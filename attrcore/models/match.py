"""Do these weights belong to that architecture?  If not, which names and shapes differ, in one sentence."""

from functools import partial

import torch
from torch import Tensor, nn

from attrcore.models.architectures import Architecture, last_layer
from attrcore.models.checkpoint import FLOATS, Unfit, some
from attrcore.models.hollow import COUNTER, hollow
from attrcore.models.imagenet import as_built

MOST_CLASSES = 25_000  # ImageNet-21k has 21,841


def matched(
    weights: dict[str, Tensor], architecture: Architecture, size: tuple[int, int, int]
) -> tuple[dict[str, Tensor], int]:
    """The weights of the network in float32, without what is used only in training, and how many classes they have.

    Raises Unfit where the network cannot take images of this size, where names, shapes or kinds of numbers are not the
    network's, or a weight is not finite.  Nothing is copied before names and shapes agree: a file may claim any shape.
    """
    kept = {k: v for k, v in as_built(weights).items() if not k.endswith(COUNTER)}
    head = last_layer(built(architecture, 10, size)) + ".weight"
    classes = outputs(head, kept[head]) if head in kept else 10
    net = built(architecture, classes, size)
    expected = {k: v.shape for k, v in net.state_dict().items() if not k.endswith(COUNTER)}
    check_names(architecture.title, kept, expected)
    check_shapes(architecture.title, kept, expected)
    if strange := [k for k in expected if kept[k].dtype not in FLOATS]:
        stored = str(kept[strange[0]].dtype).removeprefix("torch.")
        raise Unfit(f"Weights must be floating-point numbers of 16, 32 or 64 bits; {some(strange)} hold {stored}.")
    single = {k: kept[k].detach().to(torch.float32, copy=True).contiguous() for k in expected}
    if broken := [k for k, v in single.items() if not v.isfinite().all()]:
        raise Unfit(f"Weights must be finite numbers in single precision; those of {some(broken)} are not.")
    return single, classes


def built(architecture: Architecture, classes: int, size: tuple[int, int, int]) -> nn.Module:
    """The network without weights.  Raises Unfit where it cannot take images of this size."""
    try:
        net = hollow(partial(architecture.build, classes, size[1]))
        net(torch.empty(1, *size, device="meta"))
    except (RuntimeError, ValueError, AssertionError) as e:
        raise Unfit(f"{architecture.title} cannot take images of {shape(size)}.") from e
    return net


def outputs(name: str, weight: Tensor) -> int:
    """How many classes the last layer's weights speak of."""
    count = weight.shape[0] if weight.ndim else 0
    if not 2 <= count <= MOST_CLASSES:
        raise Unfit(f"A network must have 2 to {MOST_CLASSES:,} classes; {name} in this file has {count:,}.")
    return count


def check_names(title: str, weights: dict[str, Tensor], expected: dict[str, torch.Size]) -> None:
    """Raise Unfit where a name is missing or too many."""
    missing, strange = [k for k in expected if k not in weights], [k for k in weights if k not in expected]
    said = [f"missing: {some(missing)}"] if missing else []
    said += [f"unexpected: {some(strange)}"] if strange else []
    if said:
        raise Unfit(f"These are not the weights of {title}; {'; '.join(said)}.")


def check_shapes(title: str, weights: dict[str, Tensor], expected: dict[str, torch.Size]) -> None:
    """Raise Unfit where a shape is not the network's."""
    wrong = [k for k in expected if weights[k].shape != expected[k]]
    if wrong:
        first = [f"{some([k])} has shape {shape(weights[k].shape)}, not {shape(expected[k])}" for k in wrong[:3]]
        more = [f"{len(wrong) - 3} more differ"] if len(wrong) > 3 else []
        raise Unfit(f"These are not the weights of {title}; {'; '.join(first + more)}.")


def shape(sizes: tuple[int, ...]) -> str:
    """64 x 3 x 7 x 7."""
    return " x ".join(map(str, sizes)) or "()"
