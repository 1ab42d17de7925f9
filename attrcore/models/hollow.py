"""Networks built without first weights, and filled: no time and no random numbers go into weights nobody keeps."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

COUNTER = "num_batches_tracked"  # of BatchNorm: used only in training, and absent from old checkpoints


def hollow(make: Callable[[], nn.Module]) -> nn.Module:
    """The network that `make` builds, in eval mode, its weights having shapes but no values (torch's meta device)."""
    with torch.device("meta"):
        return make().eval()


def fill(net: nn.Module, weights: dict[str, Tensor]) -> nn.Module:
    """A hollow network with copies of these weights, each in the network's own precision; BatchNorm counters start at
    zero where they are missing.

    Raises RuntimeError where names or shapes are not those of the network.
    """
    kinds = net.state_dict()
    counters = {k: torch.zeros((), dtype=v.dtype) for k, v in kinds.items() if k.endswith(COUNTER)}
    # Copies: what is read from a file is mapped, and would change, or fault, with the file.
    copies = {k: v.to(kinds[k].dtype, copy=True) if k in kinds else v for k, v in weights.items()}
    net.load_state_dict(counters | copies, assign=True)
    return net.requires_grad_(False)
