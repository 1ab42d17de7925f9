"""Angle between two maps."""

from dataclasses import dataclass

from torch import Tensor

from attrcore.kinds import Metric
from attrcore.metrics.products import PixelProduct, told


@dataclass(frozen=True)
class Cosine(PixelProduct, Metric):
    """Cosine of the angle between two maps as vectors (as in Wang & Kong, 2022, arXiv:2205.07279).

    In [0, 1] for maps; unrelated maps score far above 0, because no value is negative: read it beside `null`.
    """

    def prepared(self, maps: Tensor) -> Tensor:
        """Of length 1."""
        rows = maps.flatten(1) / maps.flatten(1).abs().amax(1, keepdim=True)  # a tiny map's squares would vanish
        return told(rows / rows.norm(dim=1, keepdim=True), maps)
