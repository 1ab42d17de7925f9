"""What Adam remembers of the weights it moves, so that a training can be taken up exactly where it was left."""

import torch
from torch import Tensor

WEIGHT = "weight."  # before the name of a weight or statistic
MOMENTS = {"first": "exp_avg", "second": "exp_avg_sq", "steps": "step"}  # torch's names of what Adam remembers


def remembered(named: dict[str, Tensor], optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Copies of weights and statistics (such as BatchNorm's) by their names, and of what Adam remembers of each."""
    found = {WEIGHT + name: p.detach().clone() for name, p in named.items()}
    for name, p in named.items():
        known = optimiser.state.get(p, {})
        found |= {f"{ours}.{name}": known[theirs].clone() for ours, theirs in MOMENTS.items() if known}
    return found


@torch.no_grad()
def take_up(named: dict[str, Tensor], optimiser: torch.optim.Optimizer, state: dict[str, Tensor]) -> None:
    """Put back what `remembered` copied, on whatever device the weights are."""
    for name, p in named.items():
        p.copy_(state[WEIGHT + name])
        if f"steps.{name}" in state:
            known = {theirs: state[f"{ours}.{name}"].clone() for ours, theirs in MOMENTS.items()}
            steps = known.pop("step").cpu()  # where torch keeps it
            optimiser.state[p] = {"step": steps, **{k: v.to(p) for k, v in known.items()}}
