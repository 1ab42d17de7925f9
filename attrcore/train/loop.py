"""The training loop, as a generator: it yields how far it is, and stops when nobody asks on."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from attrcore.draws import generator
from attrcore.kinds import Progress, Samples
from attrcore.recipe import Recipe, knob
from attrcore.train.memory import remembered, take_up
from attrcore.train.objective import Moment, Objective
from attrcore.train.together import agreed, average, share_of


@dataclass(frozen=True)
class Schedule(Recipe):
    """Adam (Kingma & Ba, 2015, arXiv:1412.6980) with a learning rate that may fall to zero along a cosine."""

    epochs: int = knob(10, 1, 1000, "Passes over the training set.")
    batch: int = knob(128, 1, 4096, "Images per step.")
    rate: float = knob(1e-3, 1e-6, 1.0, "Learning rate at the start.")
    decay: float = knob(0.0, 0.0, 1.0, "Decoupled weight decay (AdamW).")
    shift: int = knob(0, 0, 4, "Largest random shift of a training image, in pixels; 0 for none.")
    seed: int = knob(0, 0, 2**31 - 1, "Order of the images, their shifts, and what the objective draws.")
    course: str = knob(
        "cosine", choices=("cosine", "constant"), help="Does the learning rate fall to zero, or stay where it starts?"
    )

    def rate_at(self, share: float) -> float:
        """The learning rate where so much of the training is behind."""
        return self.rate * (1 + math.cos(math.pi * share)) / 2 if self.course == "cosine" else self.rate


def fit(
    net: nn.Module,
    samples: Samples,
    schedule: Schedule,
    objective: Objective,
    state: dict[str, Tensor] | None = None,
) -> Iterator[Progress]:
    """Train `net` in place, on the device it is on.

    Yields after every step; facts hold the epoch, that step's loss and its terms.  From its state the same steps follow
    as if it had not been left: what was drawn before is drawn again.  Leaves `net` in eval mode, stopped or not.  Where
    several processes were started for it, each takes its part of every batch: see `together`.
    """
    device, state = next(net.parameters()).device, agreed(state)
    g = torch.Generator().manual_seed(schedule.seed)
    count = len(samples.labels)
    steps = schedule.epochs * -(-count // schedule.batch)
    optimiser = torch.optim.AdamW(net.parameters(), lr=schedule.rate, weight_decay=schedule.decay)
    named = dict([*net.named_parameters(), *net.named_buffers()])
    done, since = 0, 0 if state is None else int(state["done"])
    if state is not None:
        take_up(named, optimiser, state)
    net.train()
    try:
        for epoch in range(schedule.epochs):
            for rows in torch.randperm(count, generator=g).split(schedule.batch):
                x, done = shifted(samples.images[rows], schedule.shift, g), done + 1
                if done <= since:
                    continue
                own, share = share_of(len(rows)), (done - 1) / steps
                x, y = x[own].to(device), samples.labels[rows][own].to(device)
                moment = Moment(share, generator(f"training step {done}", schedule.seed), own, len(rows))
                optimiser.param_groups[0]["lr"] = schedule.rate_at(share)
                optimiser.zero_grad()
                terms = objective.terms(net, x, y, moment)
                values = torch.stack(list(terms.values()))
                values.sum().backward()
                values = average(net, values, len(y) / len(rows)).tolist()
                optimiser.step()
                facts = {"epoch": epoch + 1, "loss": sum(values), "terms": dict(zip(terms, values, strict=True))}
                yield Progress(done, steps, facts, state=lambda n=done: at(n, remembered(named, optimiser)))
    finally:  # a network whose training was stopped is a network too
        net.eval()


def at(done: int, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A state with the number of steps that led to it."""
    return {"done": torch.tensor(done), **state}


def shifted(x: Tensor, most: int, g: torch.Generator) -> Tensor:
    """Images moved by up to `most` pixels each way, black where nothing was."""
    if not most:
        return x
    h, w = x.shape[2:]
    padded = nn.functional.pad(x, (most,) * 4)
    dy, dx = torch.randint(0, 2 * most + 1, (2, len(x)), generator=g)
    rows = (dy[:, None] + torch.arange(h))[:, None, :, None]  # (B, 1, H, 1)
    cols = (dx[:, None] + torch.arange(w))[:, None, None, :]  # (B, 1, 1, W)
    n, c = torch.arange(len(x))[:, None, None, None], torch.arange(x.shape[1])[None, :, None, None]
    return padded[n, c, rows, cols]
