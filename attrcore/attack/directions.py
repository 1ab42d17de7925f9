"""Which way to go: the slope of an aim, by derivative, by trial, or by lot."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from attrcore.attack.surrogate import softened, spreads
from attrcore.batches import alike, in_chunks
from attrcore.draws import generator
from attrcore.kinds import Explainer, Refused
from attrcore.recipe import Recipe, knob, menu

# What is to grow: network, images (n, C, H, W) and which of the batch they are -> (n,).
Objective = Callable[[nn.Module, Tensor, slice], Tensor]
Slope = Callable[[int, Tensor], Tensor]  # number of the step from 1, images -> (B, C, H, W); zero where it is flat

STAGES = 10  # networks in which a growing beta grows: each is traced and measured anew


class Direction(Recipe):
    """A way to find the slope."""

    def slope(self, net: nn.Module, explain: Explainer, objective: Objective, steps: int) -> Slope:
        """The slope of `objective` in `steps` steps.  Raises Refused where this explainer has none."""
        raise NotImplementedError


@dataclass(frozen=True)
class Derivative(Direction):
    """The derivative of the map, as every gradient attack takes it (Ghorbani et al., 2019, arXiv:1710.10547).

    On the network with rounded corners: between kinks the map of a ReLU network need not move at all.  The larger beta,
    the nearer to the network itself, and the nearer to no slope.
    """

    corners: str = knob(
        "growing", choices=("softplus", "growing", "as they are"),
        help="softplus: ReLUs rounded by beta. growing: beta grows from step to step, to 10 times as much at the end "
        "(Dombrowski et al., 2019). as they are: the network itself, for methods whose maps bend between the kinks.",
    )  # fmt: skip
    beta: float = knob(
        5.0, 0.1, 1000.0, "How sharp rounded corners are, at the first step, in units of what enters them.",
        when={"corners": ("softplus", "growing")},
    )  # fmt: skip

    def slope(self, net: nn.Module, explain: Explainer, objective: Objective, steps: int) -> Slope:
        """Raises Refused for an explainer without a derivative."""
        if not explain.differentiable:
            raise Refused(
                f"{type(explain).__name__} has no derivative; choose a direction by trial (SPSA or NES) for it."
            )
        stage, soft, spread = -1, net, None

        def at(n: int, x: Tensor) -> Tensor:
            nonlocal stage, soft, spread
            if self.corners != "as they are" and (now := self.stage(n, steps)) != stage:
                spread = spreads(net, x) if spread is None else spread
                sharper = softened(net, self.beta * 10 ** (now / (STAGES - 1)), spread)
                if stage >= 0:
                    alike(sharper, soft)
                stage, soft = now, sharper
            return derivative(soft, explain, objective, x)

        return at

    def stage(self, n: int, steps: int) -> int:
        """Which of the networks serves step n."""
        return 0 if self.corners == "softplus" else (n - 1) * STAGES // steps


def derivative(net: nn.Module, explain: Explainer, objective: Objective, x: Tensor) -> Tensor:
    """The gradient of the objective, (B, C, H, W), in slices whose graphs fit in memory."""

    def of(rows: slice) -> Tensor:
        z = x[rows].detach().requires_grad_()
        with torch.enable_grad():
            value = objective(net, z, rows).sum()
            # An objective that no pixel moves has no graph, or none that reaches the image.
            found = torch.autograd.grad(value, z, allow_unused=True)[0] if value.requires_grad else None
        return torch.zeros_like(z) if found is None else found

    return torch.cat([found for _, found in in_chunks(of, len(x), net, x, graphs=max(1, explain.passes))])


@dataclass(frozen=True)
class SPSA(Direction):
    """Trial of random directions, forward and back (Spall, 1992, IEEE Trans. Autom. Control 37; Uesato et al., 2018).

    Simultaneous perturbation: every pixel up or down by the radius at once.  It needs maps only, so it attacks LIME,
    KernelSHAP and Occlusion too.  Two maps per trial and step.
    """

    trials: int = knob(8, 1, 1000, "Random directions per step.")
    radius: float = knob(2 / 255, 1e-4, 0.5, "How far to try, in [0, 1] units.")
    seed: int = knob(0, 0, 2**31 - 1, "Which directions are drawn.", label="Seed of the directions")

    def draw(self, shape: torch.Size, g: torch.Generator) -> Tensor:
        """One direction."""
        return (torch.rand(shape, generator=g) < 0.5) * 2.0 - 1

    def slope(self, net: nn.Module, explain: Explainer, objective: Objective, steps: int) -> Slope:
        """The mean over directions of each times what the objective gains along it."""

        def at(n: int, x: Tensor) -> Tensor:
            g, found = generator(f"{type(self).__name__} {n}", self.seed), torch.zeros_like(x)
            whole = slice(0, len(x))
            for _ in range(self.trials):
                way = self.draw(torch.Size((1, *x.shape[1:])), g).to(x)
                with torch.no_grad():
                    up, down = (objective(net, (x + s * self.radius * way).clamp(0, 1), whole) for s in (1, -1))
                found += ((up - down) / (2 * self.radius * self.trials))[:, None, None, None] * way
            return found

        return at


@dataclass(frozen=True)
class NES(SPSA):
    """Natural evolution strategies (Wierstra et al., 2014; Ilyas et al., 2018, arXiv:1804.08598).

    As SPSA, with Gaussian directions, each tried both ways.
    """

    def draw(self, shape: torch.Size, g: torch.Generator) -> Tensor:
        """One direction."""
        return torch.randn(shape, generator=g)


@dataclass(frozen=True)
class Lot(Direction):
    """No slope: every step goes up or down in every pixel at random (Ghorbani et al., 2019, arXiv:1710.10547: random).

    The control of the authors' code, from whose walk the best of all steps is kept.  That is more than one random
    change: it looks at as many maps as the attack does.
    """

    seed: int = knob(0, 0, 2**31 - 1, "Which signs are drawn.", label="Seed of the signs")

    def slope(self, net: nn.Module, explain: Explainer, objective: Objective, steps: int) -> Slope:
        """The signs of each step."""

        def at(n: int, x: Tensor) -> Tensor:
            signs = torch.rand((1, *x.shape[1:]), generator=generator(f"lot {n}", self.seed)) < 0.5
            return (signs.to(x) * 2 - 1).expand_as(x)

        return at


DIRECTIONS: dict[str, type[Direction]] = menu({"Derivative": Derivative, "SPSA": SPSA, "NES": NES, "Random signs": Lot})
