"""One training on several processes, one per GPU, as torch's own launcher starts them (torchrun).

Each takes its part of every batch, and gradients are averaged after every step, so that all hold the same weights.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, distributed, nn

State = dict[str, Tensor] | None


@contextmanager
def launched() -> Iterator[bool]:
    """Join the others where torchrun started this process; is it the first, which keeps and tells what was found?"""
    if not distributed.is_torchelastic_launched():
        yield True
        return
    gpu = torch.cuda.is_available()
    distributed.init_process_group("nccl" if gpu else "gloo")
    try:
        if gpu:
            torch.cuda.set_device(distributed.get_node_local_rank())
        yield distributed.get_rank() == 0
    finally:
        distributed.destroy_process_group()


def share_of(count: int) -> slice:
    """Which of the `count` images of a batch are this process's: of nearly equal parts its own."""
    if not distributed.is_initialized():
        return slice(0, count)
    rank, size = distributed.get_rank(), distributed.get_world_size()
    return slice(count * rank // size, count * (rank + 1) // size)


def average(net: nn.Module, terms: Tensor, weight: float) -> Tensor:
    """Gradients of the whole batch in place of each part's, which is `weight` of it; its terms likewise, returned."""
    if not distributed.is_initialized():
        return terms
    terms = terms.detach() * weight
    for t in (*(p.grad.mul_(weight) for p in net.parameters() if p.grad is not None), terms):
        distributed.all_reduce(t)
    return terms


def agreed(state: State) -> State:
    """The first process's state, for all."""
    if not distributed.is_initialized():
        return state
    said = [state]
    distributed.broadcast_object_list(said)
    return said[0]
