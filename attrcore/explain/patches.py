"""Explainers that switch patches of the image on and off, through captum: to look at, not to attack."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from attrcore.baselines import Baseline, MeanColour
from attrcore.batches import chunk, go_on
from attrcore.draws import generator
from attrcore.kinds import Refused
from attrcore.recipe import Recipe, knob, part

KERNEL = 0.25  # width of LIME's kernel for images, as in its authors' code


def patches_of(image: Tensor, count: int) -> Tensor:
    """About `count` patches of like colour (SLIC; Achanta et al., 2012): (C, H, W) -> (H, W) int64 from 0.

    Where colours are so mixed that most patches would be swallowed by their neighbours, places count more.
    """
    from skimage.segmentation import slic

    pixels = image.detach().cpu().permute(1, 2, 0).double().numpy()
    weight = 10.0 if len(image) == 3 else 0.1  # of places beside colours, which in Lab are 100 times as large as grey
    for more in (1, 10, 100, 1000):
        labels = np.unique(slic(pixels, count, compactness=more * weight, start_label=0), return_inverse=True)[1]
        if labels.max() + 1 >= min(count, labels.size) / 2:
            break
    return torch.from_numpy(labels.reshape(image.shape[1:])).to(image.device)


def several(patches: Tensor) -> Tensor:
    """The patches, where there are two at least.  Raises Refused for one: there is nothing to compare it with."""
    if not patches.any():
        raise Refused("It switches patches on and off, and this image falls into one patch only; ask for more patches.")
    return patches


class Regression:
    """A linear model of scikit-learn as captum wants it; captum's own draws from the global random state."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def fit(self, samples: Any) -> None:
        """Of the tensors behind a DataLoader: patches seen, scores, weights."""
        seen, scores, weights = (t.cpu().double().numpy() for t in samples.dataset.tensors)
        self.model.fit(seen, scores, weights)

    def representation(self) -> Tensor:
        """(1, patches): the coefficients."""
        return torch.from_numpy(self.model.coef_)[None]


def nearness(image: Tensor, changed: Tensor, seen: Tensor, **about: Any) -> float:
    """How much a choice of patches, (1, patches) of zeros and ones, weighs: by its cosine distance from all of them.

    captum's own kernel takes the distance between images, which on a photo makes all weights nearly one.
    """
    distance = 1 - math.sqrt(seen.double().mean().item())
    return math.exp(-((distance / KERNEL) ** 2) / 2)


class Patches(Recipe):
    """What these methods share: every image by itself, its patches switched to the baseline and back."""

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, C, H, W), the same for each channel and within each patch."""
        start = self.baseline(x).detach()

        def forward(images: Tensor) -> Tensor:
            go_on()
            return net(images)

        with torch.no_grad():
            return torch.cat([
                self.of_one(forward, x[i : i + 1].detach(), {
                    "baselines": start[i : i + 1], "target": target[i : i + 1],
                    "feature_mask": several(patches_of(x[i], self.patches)).expand_as(x[i : i + 1]).contiguous(),
                    "n_samples": self.samples, "perturbations_per_eval": chunk(net, x),
                }) for i in range(len(x))
            ]).to(x.dtype)  # fmt: skip

    def of_one(self, forward: Callable[[Tensor], Tensor], x: Tensor, settings: dict[str, Any]) -> Tensor:
        """captum's attribution of one image, (1, C, H, W), with its settings."""
        raise NotImplementedError

    def generator(self) -> torch.Generator:
        """Draws of its own: captum would take them from the global state."""
        return generator(type(self).__name__, self.seed)


@dataclass(frozen=True)
class Choices(Patches):
    """What LIME and KernelSHAP share: a regression of the score on random choices of patches."""

    a_mean: ClassVar[bool] = False
    differentiable: ClassVar[bool] = False
    promises: ClassVar[dict[str, float]] = {"settled": 0.5}

    patches: int = knob(50, 2, 200, "About how many patches of like colour.")
    samples: int = knob(300, 10, 5000, "Random choices of patches.")
    baseline: Baseline = part(MeanColour(), "What takes the place of a patch.")
    seed: int = knob(0, 0, 2**31 - 1, "Which choices are drawn.")

    @property
    def passes(self) -> int:
        """One per choice."""
        return self.samples


@dataclass(frozen=True)
class Lime(Choices):
    """LIME (Ribeiro et al., 2016, arXiv:1602.04938), through captum.

    The weights of a ridge regression of the score on which patches are seen, samples near the whole image weighing
    more.  Another seed gives another map, and so do other patches; the badge shows how much of this one is the seed's.
    """

    def of_one(self, forward: Callable[[Tensor], Tensor], x: Tensor, settings: dict[str, Any]) -> Tensor:
        """(1, C, H, W) -> (1, C, H, W)."""
        from captum.attr import Lime as CaptumLime
        from sklearn.linear_model import Ridge

        g = self.generator()

        def choice(image: Tensor, **about: Any) -> Tensor:
            return (torch.rand(1, about["num_interp_features"], generator=g) < 0.5).long().to(image.device)

        method = CaptumLime(forward, Regression(Ridge(alpha=1.0)), nearness, choice)
        return method.attribute(x, **settings)


@dataclass(frozen=True)
class KernelShap(Choices):
    """KernelSHAP (Lundberg & Lee, 2017, arXiv:1705.07874), through captum.

    Shapley values of patches, from a weighted regression over random choices of them: the mean, over all orders in
    which patches may appear, of what each adds to the score.  The badge shows how much is the seed's.
    """

    def of_one(self, forward: Callable[[Tensor], Tensor], x: Tensor, settings: dict[str, Any]) -> Tensor:
        """(1, C, H, W) -> (1, C, H, W)."""
        from captum.attr import KernelShap as CaptumKernelShap
        from sklearn.linear_model import LinearRegression

        g = self.generator()

        class Seeded(CaptumKernelShap):
            def kernel_shap_perturb_generator(self, image: Tensor, **about: Any) -> Iterator[Tensor]:
                count = about["num_interp_features"]
                sizes = about["num_select_distribution"].probs.cpu()
                for all_or_none in (torch.ones, torch.zeros):
                    yield all_or_none(1, count, device=image.device, dtype=torch.long)
                while True:
                    size = int(torch.multinomial(sizes, 1, generator=g))
                    seen = torch.zeros(1, count, dtype=torch.long)
                    seen[0, torch.randperm(count, generator=g)[:size]] = 1
                    yield seen.to(image.device)

        method = Seeded(forward)
        method.interpretable_model = Regression(LinearRegression())
        return method.attribute(x, **settings)


@dataclass(frozen=True)
class ShapleySampling(Patches):
    """Shapley values of patches by sampling orders (Strumbelj & Kononenko, 2010), through captum.

    The mean, over random orders in which patches appear, of what each adds to the score.  The badge shows how much is
    the seed's.
    """

    differentiable: ClassVar[bool] = False
    promises: ClassVar[dict[str, float]] = {"settled": 0.5}

    patches: int = knob(30, 2, 200, "About how many patches of like colour.")
    samples: int = knob(10, 4, 500, "Random orders; each takes a pass per patch.")
    baseline: Baseline = part(MeanColour(), "What takes the place of a patch.")
    seed: int = knob(0, 0, 2**31 - 1, "Which orders are drawn.")

    @property
    def passes(self) -> int:
        """One per order and patch, about."""
        return self.samples * self.patches

    def of_one(self, forward: Callable[[Tensor], Tensor], x: Tensor, settings: dict[str, Any]) -> Tensor:
        """(1, C, H, W) -> (1, C, H, W)."""
        from captum.attr import ShapleyValueSampling

        g = self.generator()
        method = ShapleyValueSampling(forward)
        method.permutation_generator = lambda count, orders: (
            torch.randperm(count, generator=g).tolist() for _ in range(orders)
        )
        return method.attribute(x, **settings)
