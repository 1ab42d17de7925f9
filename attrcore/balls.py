"""Threat models: how far an attack may move an image, how it steps and how it comes back.  Pixels are in [0, 1]."""

from dataclasses import dataclass

import torch
from torch import Tensor

from attrcore.kinds import Ball
from attrcore.recipe import knob, menu

LEVELS = 255  # an 8-bit file holds whole multiples of 1 / 255


@dataclass(frozen=True)
class Linf(Ball):
    """Every pixel may change by at most eps (Goodfellow et al., 2015, arXiv:1412.6572)."""

    eps: float = knob(8 / 255, 0.0, 1.0, "Largest change of any pixel, in [0, 1] units.")

    def step(self, grad: Tensor, size: float) -> Tensor:
        """Every pixel by `size`, the way its gradient points; not at all where that is zero."""
        return size * grad.sign()

    def project(self, x: Tensor, origin: Tensor) -> Tensor:
        """Clip the change to eps, then the image to [0, 1]."""
        return (origin + (x - origin).clamp(-self.eps, self.eps)).clamp(0, 1)

    def rounded(self, x: Tensor, origin: Tensor) -> Tensor:
        """Every change to the nearest whole level within eps."""
        most = whole(torch.tensor(self.eps * LEVELS, dtype=torch.float64)).item()
        return on_grid(((x - origin) * LEVELS).round().clamp(-most, most), origin)

    def start(self, origin: Tensor, g: torch.Generator) -> Tensor:
        """Every pixel's change drawn evenly from [-eps, eps]."""
        draw = torch.rand((1, *origin.shape[1:]), generator=g, dtype=torch.float64) * 2 - 1
        return self.project(origin + self.eps * draw.to(origin), origin)

    def scattered(self, origin: Tensor, g: torch.Generator) -> Tensor:
        """By eps, at the rim of [0, 1] by less."""
        return self.rounded(self.project(origin + self.eps * signs(origin, g), origin), origin)

    def reached(self, x: Tensor, origin: Tensor) -> "Linf":
        """As large as the largest change."""
        return Linf(eps=float((x - origin).abs().max()))

    def per_value(self, size: float, values: int) -> float:
        """As far as the whole."""
        return size


@dataclass(frozen=True)
class L2(Ball):
    """The whole change may be at most eps long (Szegedy et al., 2014, arXiv:1312.6199)."""

    eps: float = knob(1.0, 0.0, 1000.0, "Largest Euclidean length of the change, in [0, 1] units.")

    def step(self, grad: Tensor, size: float) -> Tensor:
        """`size` along the gradient; not at all where that is zero."""
        tiny = torch.finfo(grad.dtype).tiny
        grad = grad / grad.abs().amax((1, 2, 3), keepdim=True).clamp_min(tiny)  # else the square of a small one is zero
        return size * grad / length(grad).clamp_min(tiny)

    def project(self, x: Tensor, origin: Tensor) -> Tensor:
        """Shorten the change to eps, then clip the image to [0, 1]; clipping shortens further."""
        change = x - origin
        shrink = (self.eps / length(change).clamp_min(torch.finfo(x.dtype).tiny)).clamp(max=1)
        return (origin + shrink * change).clamp(0, 1)

    def rounded(self, x: Tensor, origin: Tensor) -> Tensor:
        """Every change to the nearest whole level; where that makes the whole too long, all shorter and towards zero.

        A change spread so thinly that no pixel moves by half a level is gone: an 8-bit file cannot hold it.
        """
        change = (x - origin) * LEVELS
        nearest = on_grid(change.round(), origin)
        inside = length(nearest - origin) <= self.eps * (1 + 1e-6)
        return torch.where(inside, nearest, on_grid(whole(change), origin))

    def start(self, origin: Tensor, g: torch.Generator) -> Tensor:
        """A point drawn evenly from the ball."""
        draw = torch.randn((1, *origin.shape[1:]), generator=g, dtype=torch.float64)
        radius = torch.rand(1, generator=g, dtype=torch.float64) ** (1 / draw.numel())
        return self.project(origin + (self.eps * radius * draw / length(draw)).to(origin), origin)

    def scattered(self, origin: Tensor, g: torch.Generator) -> Tensor:
        """As many values by as many levels as make the change eps long; which ones move further is drawn too.

        Evenly spread, most changes of that length are below half a level, and an 8-bit file would hold none of them.
        """
        up, lot = signs(origin, g), torch.rand((1, *origin.shape[1:]), generator=g).to(origin)
        room = ((torch.where(up > 0, 1 - origin, origin)) * LEVELS + 1e-4).floor()

        def moved(levels: Tensor) -> Tensor:
            return (levels.floor() + (lot < levels - levels.floor())).minimum(room)

        low = torch.zeros_like(origin[:, :1, :1, :1])
        high = torch.full_like(low, LEVELS + 1.0)
        for _ in range(40):  # halvings: the change grows with the levels
            middle = (low + high) / 2
            fits = length(moved(middle)) <= self.eps * LEVELS
            low, high = torch.where(fits, middle, low), torch.where(fits, high, middle)
        return on_grid(up * moved(low), origin)

    def reached(self, x: Tensor, origin: Tensor) -> "L2":
        """As large as the change is long."""
        return L2(eps=float(length(x - origin)))

    def per_value(self, size: float, values: int) -> float:
        """Less, the more there are."""
        return size / values**0.5


BALLS: dict[str, type[Ball]] = menu({"L-inf": Linf, "L2": L2})


def signs(origin: Tensor, g: torch.Generator) -> Tensor:
    """1 or -1 for every value, the same for every image, (1, C, H, W)."""
    return (torch.rand((1, *origin.shape[1:]), generator=g) < 0.5).to(origin) * 2 - 1


def length(t: Tensor) -> Tensor:
    """Euclidean length of each item, (B, 1, 1, 1)."""
    return t.flatten(1).norm(dim=1)[:, None, None, None]


def whole(levels: Tensor) -> Tensor:
    """Towards zero to whole levels; what is one but for rounding stays."""
    return (levels.abs() + 1e-4).floor() * levels.sign()


def on_grid(levels: Tensor, origin: Tensor) -> Tensor:
    """The image that lies so many whole levels from `origin`, in [0, 1].

    Where `origin` is an 8-bit image, the result is the very floats that the file gives when it is read again.
    """
    base = origin * LEVELS
    near = base.round()
    eight_bit = (base - near).abs() <= 1e-4  # floats are this near
    moved = torch.where(eight_bit, (near + levels).clamp(0, LEVELS) / LEVELS, origin + levels / LEVELS).clamp(0, 1)
    return torch.where(levels == 0, origin, moved)
