"""DeepLIFT with the rescale rule, as the gradient of a network that sees image and baseline side by side."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from attrcore.batches import in_chunks
from attrcore.explain.baselines import BASELINES
from attrcore.recipe import Recipe, knob
from attrcore.rewrite import ELEMENTWISE, Forward, pooling, rewrite


class Secant(torch.autograd.Function):
    """A function whose derivative is the slope of its secant between image and baseline.

    Every part of the backward pass is itself differentiable, so that the multipliers can be attacked.
    """

    @staticmethod
    def forward(ctx: Any, z: Tensor, z0: Tensor, out: Tensor, out0: Tensor, slope: Tensor) -> Tensor:
        """`out` and `out0` are what the function makes of `z` and `z0`; `slope` serves where those coincide."""
        ctx.save_for_backward(z, z0, out, out0, slope)
        return out.clone()

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        """g (out - out0) / (z - z0), to the image's side only."""
        z, z0, out, out0, slope = ctx.saved_tensors
        run = z - z0
        flat = run.abs() <= 16 * torch.finfo(z.dtype).eps * (1 + z.abs())  # below this, rounding decides the ratio
        return g * torch.where(flat, slope, (out - out0) / torch.where(flat, torch.ones_like(run), run)), *[None] * 4


class Rescale(nn.Module):
    """The rescale rule for one elementwise activation; the batch is images, then their baselines."""

    def __init__(self, forward: Forward) -> None:
        super().__init__()
        self.activate = forward

    def forward(self, both: Tensor) -> Tensor:
        """The activation's own values."""
        z, z0 = both.chunk(2)
        out, out0 = self.activate(z), self.activate(z0)
        return torch.cat([Secant.apply(z, z0, out, out0, self.slope(z)), out0])

    def slope(self, z: Tensor) -> Tensor:
        """The activation's derivative at `z`, as a constant."""
        with torch.enable_grad():
            z = z.detach().requires_grad_()
            return torch.autograd.grad(self.activate(z).sum(), z)[0]


class RescalePool(nn.Module):
    """The rescale rule for one max-pooling.  The paper has none; this one is ours.

    Of each window those pixels that decide get the change: the image's largest where the image's maximum is the
    larger one, else the baseline's largest; pixels that tie share evenly, so that no corner of a flat window is
    preferred.  The maximum never changes by more than such a pixel does, so multipliers are in [0, 1] and the sum is
    kept.
    """

    def __init__(self, forward: Forward) -> None:
        super().__init__()
        self.pool, self.settings = forward, pooling(forward)

    def forward(self, both: Tensor) -> Tensor:
        """The pooling's own values."""
        z, z0 = both.chunk(2)
        out, out0 = self.pool(z), self.pool(z0)
        seen, seen0 = self.windows(z, out), self.windows(z0, out)
        high, high0 = out[:, :, None], out0[:, :, None]
        decides = torch.where(high >= high0, seen == high, seen0 == high0).to(z.dtype)
        share = decides / decides.sum(2, keepdim=True)
        return torch.cat([Secant.apply(seen, seen0, share * high, share * high0, share).sum(2), out0])

    def windows(self, z: Tensor, out: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, pixels of a window, H', W'), what is beyond the rim far below everything."""
        rim: list[int] = []
        for side, count, k, s, p, d in zip(
            z.shape[:1:-1], out.shape[:1:-1], *(v[::-1] for v in self.settings), strict=True
        ):
            rim += [p, max(0, (count - 1) * s + d * (k - 1) + 1 - side - p)]
        k, s, _, d = self.settings
        padded = nn.functional.pad(z, rim, value=torch.finfo(z.dtype).min / 4)
        return nn.functional.unfold(padded, k, d, 0, s).view(*z.shape[:2], k[0] * k[1], *out.shape[2:])


RESCALE = {**dict.fromkeys(ELEMENTWISE, Rescale), "max_pool2d": RescalePool}


@dataclass(frozen=True)
class DeepLift(Recipe):
    """DeepLIFT, rescale rule (Shrikumar et al., 2017, arXiv:1704.02685).

    (x - x') times multipliers that each activation passes on by its finite difference between x and x' in place of
    its derivative.  Sums to F(x) - F(x') exactly where the network is made of linear layers, activations and
    max-pooling; the badge shows where it is not.  The rule for max-pooling is this project's own.
    """

    passes: ClassVar[int] = 2
    differentiable: ClassVar[bool] = True
    promises: ClassVar[dict[str, float]] = {"completeness": 0.01}

    baseline: str = knob("black", choices=tuple(BASELINES), help="The image that x is compared with.")

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        """(B, C, H, W), (B,) -> (B, C, H, W)."""
        start, pairs = self.reference(x), rewrite(net, RESCALE)

        def multipliers(rows: slice) -> Tensor:
            keep, one = x.requires_grad, x[rows]
            if not keep:
                one = one.detach().requires_grad_()
            with torch.enable_grad():
                logits = pairs(torch.cat([one, start[rows]]))[: len(one)]
                score = logits.gather(1, target[rows, None]).sum()
                return torch.autograd.grad(score, one, create_graph=keep)[0]

        return (x - start) * torch.cat([m for _, m in in_chunks(multipliers, len(x), net, x)])

    def reference(self, x: Tensor) -> Tensor:
        """The baseline of each image: (B, C, H, W) in [0, 1]."""
        return BASELINES[self.baseline](x)
