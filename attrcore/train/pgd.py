"""Adversarial training, the Madry row of robust-attribution tables and their strongest cheap baseline."""

from dataclasses import dataclass, field

from torch import Tensor, nn
from torch.nn import functional as F

from attrcore.train.inner import Inner
from attrcore.train.objective import Moment, Objective


@dataclass(frozen=True)
class Pgd(Objective):
    """Cross-entropy of the worst images in reach (Madry et al., 2018, arXiv:1706.06083)."""

    inner: Inner = field(default=Inner(), metadata={"label": "The worst images"})

    def terms(self, net: nn.Module, x: Tensor, y: Tensor, at: Moment) -> dict[str, Tensor]:
        """One term, of the images that projected gradient steps on the cross-entropy find."""
        z = self.inner.worst(lambda z: F.cross_entropy(net(z), y, reduction="none"), net, x, at)
        return {"cross-entropy": F.cross_entropy(net(z), y)}
