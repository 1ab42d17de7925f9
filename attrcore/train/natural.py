"""Training for accuracy alone, the NATURAL column of robust-attribution tables."""

from torch import Tensor, nn
from torch.nn import functional as F


def natural(net: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Mean cross-entropy of the batch."""
    return F.cross_entropy(net(x), y)
