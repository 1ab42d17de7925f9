"""Maps as means over noisy copies of an image: what shattering of gradients adds to them averages out (sMPRT)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from attrcore.draws import generator
from attrcore.kinds import Explainer


@dataclass(frozen=True)
class Denoised:
    """An explainer's attribution, averaged over noisy copies (Hedström et al., 2024, arXiv:2401.06465).

    The noise is the same for every network, so that what differs between two networks' maps is not the noise, and for
    every picture, so that none depends on those beside it.  The paper then divides by the root of the mean square,
    which no measure here sees.
    """

    of: Explainer
    copies: int
    noise: float  # standard deviation, as a share of the image's range
    seed: int = 0

    @property
    def passes(self) -> int:
        """Those of the explainer, for every copy."""
        return self.copies * self.of.passes

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, 1 or C, H, W)."""
        spread = self.noise * (x.amax((1, 2, 3), keepdim=True) - x.amin((1, 2, 3), keepdim=True))
        total = None
        for n in range(self.copies):
            noise = torch.randn(x.shape[1:], generator=generator(f"noisy copy {n}", self.seed)).to(x)
            a = self.of(net, x + spread * noise, target).detach()
            total = a if total is None else total + a
        return total / self.copies
