"""Numbers that papers print or draw, to stand beside ours: who found them, how, and how surely they were read."""

from typing import NamedTuple

LEVELS = (1, 2, 4, 8)  # eps of the figure, in 8-bit levels
# A line that crosses the marker of the smallest eps makes it harder to read; shifts were read to whole pixels.
SHARE_ERROR, SHIFT_ERROR = (0.02, 0.01, 0.01, 0.01), (1.0, 1.0, 1.0, 1.0)


class Curve(NamedTuple):
    """One line of the figure of Ghorbani et al.: a mean over images, at each eps."""

    measure: str  # a name of METRICS, or "Centre shift" in pixels
    explainer: str  # a name of EXPLAINERS
    attack: str  # "Random sign", "Top-k" or "Mass centre": what it was after
    eps: tuple[float, ...]  # in [0, 1] units
    values: tuple[float, ...]
    error: tuple[float, ...]  # how far a value may be off as it was read


class Figure(NamedTuple):
    """Where curves come from, under which protocol, and what to know before believing them."""

    source: str
    read_from: str
    protocol: str
    caveats: tuple[str, ...]
    k: int
    pixels: int  # N: unrelated maps share k / N of their top
    curves: tuple[Curve, ...]

    def of(self, measure: str, explainer: str) -> tuple[Curve, ...]:
        """Its curves for one panel, one for each attack; none where it has no such panel."""
        return tuple(c for c in self.curves if (c.measure, c.explainer) == (measure, explainer))


class Walk(NamedTuple):
    """Rank correlation of absolute maps to the trained network's as layers lose their weights from the logits down."""

    source: str
    read_from: str
    protocol: str
    caveats: tuple[str, ...]
    layers: dict[str, str]  # the one lost last at each step, by its name in `MnistCNN`: what they call it
    curves: dict[str, tuple[float, ...]]  # means over digits at each step, by a name of EXPLAINERS


class Example(NamedTuple):
    """One attacked picture, as the notebooks of Chen et al. print it: NATURAL network, integrated gradients, top-k."""

    dataset: str
    index: int  # in the test set
    label: str
    eps: float  # in [0, 1] units, as is `alpha`
    alpha: float  # length of a step
    iterations: int
    k_attack: int
    k: int
    pixels: int
    overlap: float
    spearman: float
    kendall: float
    before: float  # probability of the label
    after: float
    caveats: tuple[str, ...]

    @property
    def chance(self) -> float:
        """What unrelated maps share of their top."""
        return self.k / self.pixels


def drawn(measure: str, error: tuple[float, ...], panels: dict[str, tuple[tuple[float, ...], ...]]) -> list[Curve]:
    """The curves of one row of the figure: a panel for each explainer, in it one line for each attack."""
    eps = tuple(level / 255 for level in LEVELS)
    return [
        Curve(measure, explainer, attack, eps, values, error)
        for explainer, lines in panels.items()
        for attack, values in zip(("Random sign", "Top-k", "Mass centre"), lines, strict=True)
    ]


FRAGILITY = Figure(
    source="Ghorbani, Abid & Zou, 2019, Interpretation of Neural Networks is Fragile, arXiv:1710.10547, figure 3.",
    read_from=(
        "The authors' drawing of it (github.com/amiratag/InterpretationFragility, SaliencyMethodsComparison.png, "
        "3100 x 2600 pixels), digitised: within 0.01, at eps 1 within 0.02, shifts to whole pixels."
    ),
    protocol=(
        "512 pictures of ImageNet, 227 x 227 pixels, SqueezeNet; L-infinity ball; 300 steps of half a level, for the "
        "gradient and integrated gradients on a softplus network; k = 1,000; integrated gradients with 100 points from "
        "the mean picture, of the probability instead of the logit."
    ),
    caveats=(
        "By their code, “random” is the worst of 300 points of a random walk in the ball; by the paper, one draw.",
        "Their code keeps, unless told otherwise, the iterate with the least overlap of those that keep their label.",
        "Deep Taylor is in the authors' drawing and not in the paper.",
    ),
    k=1000,
    pixels=227 * 227,
    curves=(
        *drawn("Top-k overlap", SHARE_ERROR, {
            "Gradient": ((0.57, 0.43, 0.31, 0.21), (0.06, 0.01, 0.01, 0.01), (0.16, 0.07, 0.04, 0.03)),
            "DeepLIFT": ((0.58, 0.44, 0.32, 0.23), (0.17, 0.04, 0.01, 0.01), (0.23, 0.10, 0.06, 0.04)),
            "Integrated Gradients": ((0.61, 0.48, 0.35, 0.26), (0.30, 0.22, 0.19, 0.18), (0.28, 0.22, 0.21, 0.21)),
            "Deep Taylor": ((0.92, 0.87, 0.82, 0.76), (0.37, 0.20, 0.18, 0.18), (0.49, 0.41, 0.39, 0.39)),
        }),
        *drawn("Spearman", SHARE_ERROR, {
            "Gradient": ((0.79, 0.71, 0.63, 0.56), (0.53, 0.38, 0.30, 0.29), (0.55, 0.41, 0.33, 0.29)),
            "DeepLIFT": ((0.79, 0.71, 0.63, 0.56), (0.61, 0.45, 0.32, 0.27), (0.62, 0.48, 0.37, 0.32)),
            "Integrated Gradients": ((0.83, 0.76, 0.70, 0.63), (0.70, 0.64, 0.61, 0.61), (0.68, 0.61, 0.59, 0.59)),
            "Deep Taylor": ((0.95, 0.92, 0.89, 0.87), (0.85, 0.69, 0.62, 0.61), (0.83, 0.75, 0.71, 0.71)),
        }),
        *drawn("Centre shift", SHIFT_ERROR, {
            "Gradient": ((2, 3, 4, 5), (15, 21, 23, 23), (34, 52, 66, 74)),
            "DeepLIFT": ((2, 3, 4, 5), (11, 18, 23, 23), (24, 40, 55, 64)),
            "Integrated Gradients": ((2, 3, 4, 6), (10, 12, 13, 12), (12, 18, 20, 21)),
            "Deep Taylor": ((1, 1, 2, 3), (22, 33, 36, 37), (35, 45, 47, 47)),
        }),
    ),
)  # fmt: skip

SANITY = Walk(
    source="Adebayo, Gilmer, Muelly, Goodfellow, Hardt & Kim, 2018, Sanity Checks for Saliency Maps, arXiv:1810.03292.",
    read_from="The table that the authors' MNIST notebook prints (github.com/adebayoj/sanity_checks_saliency).",
    protocol=(
        "MNIST, 10 test digits; a CNN of the same layers, trained on 55,000 digits for 50 epochs; one draw of weights; "
        "SmoothGrad of 50 samples with noise 0.15, integrated gradients of 50 points from black; at every step the "
        "class that the network with the lost layers predicts is explained."
    ),
    caveats=(
        "Ten digits and one draw of weights, without intervals: so few scatter by .03 (Gradient) to .13 (Grad-CAM) "
        "around the mean of many, by ours.",
        "Their first weights are not known for sure, and the likeness that is left depends on them.",
        "Integrated gradients and Gradient x Input are as alike as any two random gradients times the same digit: "
        "their 0.99 is that of the black background, not of the network.",
    ),
    layers={"fc2": "softmax", "fc1": "fc1", "conv2": "h2", "conv1": "h1"},
    curves={
        "Gradient": (0.60, 0.40, 0.11, 0.08),
        "SmoothGrad": (0.54, 0.33, 0.18, 0.21),
        "Guided Backprop": (0.89, 0.77, 0.63, 0.44),
        "Integrated Gradients": (0.99, 0.99, 0.99, 0.99),
        "Gradient x Input": (0.99, 0.99, 0.99, 0.99),
        "Grad-CAM": (0.56, 0.34, 0.29, 0.30),
    },
)

RAR_SOURCE = (
    "Chen, Wu, Rastogi, Liang & Jha, 2019, Robust Attribution Regularization, arXiv:1905.09957: outputs of the "
    "notebooks at github.com/jfc43/robust-attribution-regularization."
)
RAR_PROTOCOL = (
    "Black baseline, 100 points at the right ends of equal parts, gradients of a softplus network of sharpness 1; of "
    "the iterates that keep their label the one with the lowest Kendall, which all numbers are of."
)
_INSIDE = (
    "The network standardises each picture inside, so integrated gradients from black are Gradient x Input there and "
    "do not sum to the change in score."
)
_BLACK = "Integrated gradients from black are zero on black pixels: as soon as these move, the lost ties lower Kendall."

# From dataset, index and label to probability after, in the order of Example's fields.
RAR_EXAMPLES = (
    Example(
        "Flower", 28, "Windflower", 8 / 255, 1 / 255, 100, 1000, 1000, 128 * 128, 0.001, 0.3861, 0.26067, 1.0, 0.9996,
        (_INSIDE, "An overlap below chance: the attack pushes the former top to the bottom."),
    ),
    Example(
        "GTSRB", 1000, "No entry", 8 / 255, 2 / 255, 100, 100, 100, 32 * 32, 0.43, 0.7933, 0.6160, 1.0, 1.0,
        (_INSIDE,),
    ),
    Example(
        "MNIST", 50, "6", 0.3, 0.01, 300, 200, 100, 28 * 28, 0.37, 0.0770, 0.0567, 1.0, 0.9988,
        (_BLACK, "The 200 pixels under attack hold all of the map, as 125 are not black: rounding alone starts it."),
    ),
    Example(
        "Fashion-MNIST", 8, "Sandal", 0.1, 0.01, 300, 100, 100, 28 * 28, 0.47, 0.1664, 0.1293, 1.0, 0.7333,
        (_BLACK,),
    ),
)  # fmt: skip
