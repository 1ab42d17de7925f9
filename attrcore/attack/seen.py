"""What the network itself makes of attacked images: the only judge of an attack."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from attrcore.batches import in_chunks
from attrcore.kinds import Explainer
from attrcore.maps import heat


class Seen(NamedTuple):
    """Maps and predictions of B images."""

    maps: Tensor  # (B, H, W)
    chances: Tensor  # (B,), the probability of the class that is to be kept
    kept: Tensor  # (B,) bool, is it the predicted one?


def logits_of(net: nn.Module, x: Tensor) -> Tensor:
    """(B, N), in slices; with a graph where x asks for one."""
    return torch.cat([found for _, found in in_chunks(lambda rows: net(x[rows]), len(x), net, x)])


def predicted(net: nn.Module, x: Tensor) -> Tensor:
    """The class with the highest logit, (B,)."""
    with torch.no_grad():
        return logits_of(net, x).argmax(1)


def seen(net: nn.Module, explain: Explainer, x: Tensor, target: Tensor, label: Tensor) -> Seen:
    """(B, C, H, W), the classes to explain (B,) and those to keep (B,)."""
    with torch.no_grad():
        logits = logits_of(net, x)
        maps = heat(explain(net, x, target))
    chances = logits.softmax(1).gather(1, label[:, None])[:, 0]
    return Seen(maps, chances, logits.argmax(1) == label)
