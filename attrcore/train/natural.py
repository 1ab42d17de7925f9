"""Training for accuracy alone, the NATURAL row of robust-attribution tables."""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from attrcore.train.objective import Moment, Objective


@dataclass(frozen=True)
class Natural(Objective):
    """Cross-entropy of the images as they are."""

    def terms(self, net: nn.Module, x: Tensor, y: Tensor, at: Moment) -> dict[str, Tensor]:
        """One term."""
        return {"cross-entropy": F.cross_entropy(net(x), y)}
