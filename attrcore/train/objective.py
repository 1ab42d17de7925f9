"""What a training minimises: the word that all objectives share."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from attrcore.recipe import Recipe


class Moment(NamedTuple):
    """Where in a training a step is, and what it may draw from."""

    share: float  # of all steps that are behind it, in [0, 1)
    g: torch.Generator  # the step's own, on the CPU: a training taken up again draws the same


class Objective(Recipe):
    """A loss of several terms."""

    def terms(self, net: nn.Module, x: Tensor, y: Tensor, at: Moment) -> dict[str, Tensor]:
        """Of images (B, C, H, W) in [0, 1] with labels (B,): scalars, weighted, whose sum is minimised.

        Each is a mean over the batch.
        """
        raise NotImplementedError
