"""What a training minimises: the word that all objectives share."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from attrcore.recipe import Recipe


class Moment(NamedTuple):
    """Where in a training a step is, and what it may draw from."""

    share: float  # of all steps that are behind it, in [0, 1)
    g: torch.Generator  # the step's own, on the CPU: a training taken up again draws the same
    rows: slice | None = None  # which of the whole batch's images these are, where several processes share it
    whole: int = 0  # how many it has

    def uniform(self, x: Tensor) -> Tensor:
        """Noise in [-1, 1] for images (B, C, H, W): the same for each, however many processes share the batch."""
        if self.rows is None:
            return 2 * torch.rand(x.shape, generator=self.g).to(x) - 1
        drawn = torch.rand((self.whole, *x.shape[1:]), generator=self.g)
        return 2 * drawn[self.rows].to(x) - 1


class Objective(Recipe):
    """A loss of several terms."""

    def terms(self, net: nn.Module, x: Tensor, y: Tensor, at: Moment) -> dict[str, Tensor]:
        """Of images (B, C, H, W) in [0, 1] with labels (B,): scalars, weighted, whose sum is minimised.

        Each is a mean over the batch.
        """
        raise NotImplementedError
