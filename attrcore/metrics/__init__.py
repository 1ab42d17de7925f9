"""How alike two maps are: (B, H, W), (B, H, W) -> (B,), one for the same map unless ties say otherwise.

A map that is constant marks no place: every measure of it is not a number.

A number says nothing without its chance levels (`attrcore.metrics.chance`).  `null` moves one map: what it scores whose
places have nothing to do with the other's.  `moves` keep neighbours together, as maps need whose neighbouring pixels
are alike; `shuffles` keep none.  `between` compares maps of different images: what the maps of one method share anyway,
such as a bright middle.
"""

from attrcore.kinds import Metric
from attrcore.metrics.cosine import Cosine
from attrcore.metrics.hog import HogPearson
from attrcore.metrics.kendall import Kendall
from attrcore.metrics.lens import LensPrecision, LensRecall
from attrcore.metrics.spearman import Spearman
from attrcore.metrics.ssim import SSIM
from attrcore.metrics.top_k import TopKOverlap
from attrcore.recipe import menu

METRICS: dict[str, type[Metric]] = menu({
    "Spearman": Spearman,
    "Kendall": Kendall,
    "Top-k overlap": TopKOverlap,
    "Cosine": Cosine,
    "SSIM": SSIM,
    "HOG-Pearson": HogPearson,
})  # fmt: skip

# What one map keeps of another, as of a clean picture's: recall and precision are not symmetric, and where k is a large
# share of the pixels, chance alone brings both near one.  So they are no part of what METRICS say together.
KEPT: dict[str, type[Metric]] = menu({"LENS-recall": LensRecall, "LENS-precision": LensPrecision})
