"""What an attack wants of a map: one class per aim.  Maps are non-negative and sum to one (`attrcore.maps.heat`)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from attrcore.attack.regions import Box, Frame, Shape
from attrcore.attack.seen import predicted
from attrcore.draws import generator
from attrcore.kinds import Aim, Explainer, Refused
from attrcore.maps import heat, mass_centre, top_pixels
from attrcore.png import from_letters
from attrcore.recipe import knob, part


@dataclass(frozen=True)
class DrainTopPixels(Aim):
    """Take importance from the pixels that were most important (Ghorbani et al., 2019, arXiv:1710.10547: top-k).

    One minus the share of the map that lies on the k largest pixels of the clean map.
    """

    counts: ClassVar[str] = "share of the map off its former top"

    k: int = knob(100, 1, 100_000, "How many pixels count as most important.")

    def __call__(self, maps: Tensor, clean: Tensor) -> Tensor:
        """(B, H, W), (B, H, W) -> (B,)."""
        return 1 - (maps * top_pixels(clean, self.k)).sum((1, 2))


@dataclass(frozen=True)
class MoveCentre(Aim):
    """Move the map's centre of mass (Ghorbani et al., 2019, arXiv:1710.10547: mass centre).

    The squared distance, in pixels, from the centre of the clean map.  At the clean image its slope is exactly zero: it
    must start elsewhere in the ball.  The authors' code starts there and moves all the same, because it truncates the
    clean centre to whole pixels and so climbs away from a point that is up to a pixel off.
    """

    counts: ClassVar[str] = "squared way of the centre, in pixels"

    truncate: bool = knob(False, help="Truncate the clean centre to whole pixels, as the authors' code does.")

    @property
    def rests(self) -> bool:
        """Only the exact centre does."""
        return not self.truncate

    def __call__(self, maps: Tensor, clean: Tensor) -> Tensor:
        """(B, H, W), (B, H, W) -> (B,)."""
        start = mass_centre(clean)
        return (mass_centre(maps) - (start.trunc() if self.truncate else start)).square().sum(1)


@dataclass(frozen=True)
class FillRegion(Aim):
    """Draw the map into a region (Ghorbani et al., 2019, arXiv:1710.10547: targeted).

    The share of the map that lies within the region.
    """

    counts: ClassVar[str] = "share of the map in the region"

    region: Shape = part(Box(), "Where the map is to go.")

    def __call__(self, maps: Tensor, clean: Tensor) -> Tensor:
        """(B, H, W), (B, H, W) -> (B,)."""
        return (maps * self.region.mask(*maps.shape[1:]).to(maps)).sum((1, 2))


@dataclass(frozen=True)
class MatchRegion(Aim):
    """Make the map even in a region and empty elsewhere (Heo et al., 2019, arXiv:1902.02041: location).

    Minus the mean squared distance of the map, scaled to a largest value of one, from the region's mask.
    """

    counts: ClassVar[str] = "minus the squared distance to the region"

    region: Shape = part(Frame(), "Where the map is to go.")

    def __call__(self, maps: Tensor, clean: Tensor) -> Tensor:
        """(B, H, W), (B, H, W) -> (B,)."""
        scaled = maps / maps.amax((1, 2), keepdim=True).clamp_min(torch.finfo(maps.dtype).tiny)
        return -(scaled - self.region.mask(*maps.shape[1:]).to(maps)).square().mean((1, 2))


@dataclass(frozen=True)
class CopyMap(Aim):
    """Make the map that of another picture (Dombrowski et al., 2019, arXiv:1906.07983: target map).

    Minus the squared distance between the two maps, in units of the other map's own squared length: -1 for an empty
    map, 0 when it is reached.  The other map explains what the network predicts of the other picture.
    """

    counts: ClassVar[str] = "minus the distance to the other map"

    picture: str = knob("", help="A PNG file of the network's size in base64; empty: the image itself, mirrored.")

    def __call__(self, maps: Tensor, clean: Tensor) -> Tensor:
        """(B, H, W), (B, H, W) -> (B,)."""
        tiny = torch.finfo(maps.dtype).tiny
        return -(maps - clean).square().sum((1, 2)) / clean.square().sum((1, 2)).clamp_min(tiny)

    def against(self, net: nn.Module, explain: Explainer, x: Tensor, clean: Tensor) -> Tensor:
        """The other picture's maps, (B, H, W)."""
        with torch.no_grad():
            other = self.other(x)
            return heat(explain(net, other, predicted(net, other)))

    def other(self, x: Tensor) -> Tensor:
        """The other picture, for each of (B, C, H, W).  Raises Refused where it has another size."""
        if not self.picture:
            return x.flip(3)
        pixels = from_letters(self.picture)
        if pixels.shape != x.shape[1:]:
            raise Refused(f"The other picture must have the image's size {tuple(x.shape[1:])}, got {pixels.shape}")
        return (torch.from_numpy(pixels).to(x) / 255).expand_as(x)


@dataclass(frozen=True)
class TurnAway(Aim):
    """Lower the cosine of the angle to the clean map (as in Wang & Kong, 2022, arXiv:2205.07279).

    One minus the cosine, which is least, and has no slope, at the clean image.
    """

    counts: ClassVar[str] = "one minus the cosine"
    rests: ClassVar[bool] = True

    def __call__(self, maps: Tensor, clean: Tensor) -> Tensor:
        """(B, H, W), (B, H, W) -> (B,)."""
        return 1 - torch.cosine_similarity(maps.flatten(1), clean.flatten(1))


@dataclass(frozen=True)
class ReorderPixels(Aim):
    """Lower Kendall's tau to the clean map (Kendall, 1945; what Chen et al., 2019, arXiv:1905.09957 measure).

    Over pairs of pixels drawn at random, the share that change their order, each counted smoothly: tanh of the pair's
    difference in units of the clean map's mean.  Tau counts steps, which have no slope.
    """

    counts: ClassVar[str] = "smoothed share of pixel pairs reordered, ties by half"

    pairs: int = knob(20_000, 100, 1_000_000, "Pairs of pixels that are looked at.")
    width: float = knob(2.0, 0.01, 10.0, "Difference, in means of the map, at which a pair counts as ordered.")
    seed: int = knob(0, 0, 2**31 - 1, "Which pairs are drawn.", label="Seed of the pairs")

    def __call__(self, maps: Tensor, clean: Tensor) -> Tensor:
        """(B, H, W), (B, H, W) -> (B,)."""
        pixels = maps[0].numel()
        first, second = torch.randint(pixels, (2, self.pairs), generator=generator("pairs", self.seed)).to(maps.device)
        unit = self.width / pixels  # maps sum to one: their mean is 1 / pixels
        now, before = (m[:, first] - m[:, second] for m in (maps.flatten(1), clean.flatten(1)))
        return (1 - (torch.tanh(now / unit) * before.sign()).mean(1)) / 2
