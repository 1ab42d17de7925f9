"""What a network may be trained for, by menu name: robust-attribution tables name their rows so."""

from attrcore.recipe import menu
from attrcore.train.ig_norm import IgNorm
from attrcore.train.ig_sum_norm import IgSumNorm
from attrcore.train.igr_cosine import IgrCosine
from attrcore.train.l2_cosine import L2Cosine
from attrcore.train.natural import Natural
from attrcore.train.pgd import Pgd

OBJECTIVES = menu({
    "NATURAL": Natural,
    "PGD": Pgd,
    "IG-NORM": IgNorm,
    "IG-SUM-NORM": IgSumNorm,
    "l2 + cosine": L2Cosine,
    "IGR cosine": IgrCosine,
})  # fmt: skip
