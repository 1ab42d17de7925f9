"""Trainings that are worth starting from: as published, and short enough to watch."""

from dataclasses import dataclass

from attrcore.models import MODELS
from attrcore.studies.training import Training
from attrcore.train import OBJECTIVES
from attrcore.train.ig_norm import IgNorm
from attrcore.train.ig_sum_norm import IgSumNorm
from attrcore.train.igr_cosine import IgrCosine
from attrcore.train.inner import Inner
from attrcore.train.l2_cosine import L2Cosine
from attrcore.train.loop import Schedule
from attrcore.train.natural import Natural
from attrcore.train.objective import Objective
from attrcore.train.path import PathIntegral
from attrcore.train.pgd import Pgd

START = "MNIST CNN"  # whose weights the short ones start from: what they teach is robustness alone
EPOCHS = {Natural: 2, Pgd: 6, IgNorm: 5, IgSumNorm: 5, L2Cosine: 6, IgrCosine: 4}  # about five minutes on two cores


@dataclass(frozen=True)
class Published:
    """What Chen et al. (2019, arXiv:1905.09957) train one data set with."""

    inner: Inner
    near: int  # points of the path while the worst image is searched
    path: int  # points of the path that is trained
    norm: float  # weight of IG-NORM
    sum_norm: float  # weight of IG-SUM-NORM
    natural_steps: int
    robust_steps: int
    pictures: int  # that are learned
    batch: int = 50
    rate: float = 1e-4


PUBLISHED = {
    "MNIST": Published(Inner(0.3, 40, 0.01), 10, 50, 1.0, 0.1, 25_000, 100_000, 60_000),
    "Fashion-MNIST": Published(Inner(0.1, 20, 0.01), 10, 50, 1.0, 0.1, 25_000, 100_000, 60_000),
}


def published(row: str, digits: str = "MNIST") -> Training:
    """The objective of that name in the menu as the paper trains it; those of other papers on the same schedule.

    Steps are rounded to whole epochs.  The paper's network and its first weights.
    """
    how, cls = PUBLISHED[digits], OBJECTIVES[row]
    steps = how.natural_steps if cls is Natural else how.robust_steps
    epochs = round(steps * how.batch / how.pictures)
    schedule = Schedule(epochs=epochs, batch=how.batch, rate=how.rate, course="constant")
    return Training(network="RarCNN", digits=digits, objective=objective(how, cls), schedule=schedule, watched=200,
                    reach=how.inner.eps)  # fmt: skip


def objective(how: Published, cls: type[Objective]) -> Objective:
    """With the paper's settings as far as it has any."""
    near, path = PathIntegral(steps=how.near), PathIntegral(steps=how.path)
    made = {
        Pgd: lambda: Pgd(how.inner),
        IgNorm: lambda: IgNorm(how.norm, how.inner, near=near, path=path),
        IgSumNorm: lambda: IgSumNorm(how.sum_norm, how.inner, near=near, path=path),
        IgrCosine: lambda: IgrCosine(inner=how.inner),
    }
    return made.get(cls, cls)()


def minutes(row: str) -> Training:
    """About five minutes on two cores: the packaged digits, a trained network, few and large steps inside."""
    cls, few = OBJECTIVES[row], PathIntegral(3, "Gauss-Legendre")
    inner = Inner(0.3, 5, 0.1, ramp=0.3)
    made = {
        Pgd: lambda: Pgd(inner),
        IgNorm: lambda: IgNorm(0.5, inner, led=4, near=few, path=few),
        IgSumNorm: lambda: IgSumNorm(0.1, inner, led=4, near=few, path=few),
        IgrCosine: lambda: IgrCosine(inner=inner, path=few),
    }
    return Training(
        network="MnistCNN", digits="Packaged digits", objective=made.get(cls, cls)(), start=START,
        digest=MODELS[START].digest, schedule=Schedule(epochs=EPOCHS[cls], batch=50, rate=3e-4), watched=200,
    )  # fmt: skip
