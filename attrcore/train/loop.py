"""The training loop, as a generator: it yields how far it is, and stops when nobody asks on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from attrcore.kinds import Progress, Samples
from attrcore.recipe import Recipe, knob


@dataclass(frozen=True)
class Schedule(Recipe):
    """Adam (Kingma & Ba, 2015, arXiv:1412.6980) with a learning rate that falls to zero along a cosine."""

    epochs: int = knob(10, 1, 1000, "Passes over the training set.")
    batch: int = knob(128, 1, 4096, "Images per step.")
    rate: float = knob(1e-3, 1e-6, 1.0, "Learning rate at the start.")
    decay: float = knob(0.0, 0.0, 1.0, "Decoupled weight decay (AdamW).")
    shift: int = knob(0, 0, 4, "Largest random shift of a training image, in pixels; 0 for none.")
    seed: int = knob(0, 0, 2**31 - 1, "Order of the images and their shifts.")


def fit(
    net: nn.Module,
    samples: Samples,
    schedule: Schedule,
    loss: Callable[[nn.Module, Tensor, Tensor], Tensor],
) -> Iterator[Progress]:
    """Train `net` in place, on the device it is on; `loss(net, x, y)` is a scalar.

    Yields after every step; facts hold the epoch and that step's loss.  Leaves `net` in eval mode, stopped or not.
    """
    device = next(net.parameters()).device
    g = torch.Generator().manual_seed(schedule.seed)
    count = len(samples.labels)
    steps = schedule.epochs * -(-count // schedule.batch)
    optimiser = torch.optim.AdamW(net.parameters(), lr=schedule.rate, weight_decay=schedule.decay)
    slope = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    net.train()
    done = 0
    try:
        for epoch in range(schedule.epochs):
            for rows in torch.randperm(count, generator=g).split(schedule.batch):
                x = shifted(samples.images[rows], schedule.shift, g).to(device)
                y = samples.labels[rows].to(device)
                optimiser.zero_grad()
                value = loss(net, x, y)
                value.backward()
                optimiser.step()
                slope.step()
                done += 1
                yield Progress(done, steps, {"epoch": epoch + 1, "loss": value.item()})
    finally:  # a network whose training was stopped is a network too
        net.eval()


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
