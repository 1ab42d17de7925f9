"""Batches that fit: the only place that splits work, and the only one that copes with too little memory."""

from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

# Bytes of the largest activation of a batch on the CPU.  Beyond this the caches, and from 32 MiB on glibc's returning
# of every freed block to the system, cost more than a larger batch saves: SqueezeNet at 224 px is fastest in batches
# of 4 or 5 (1.8 x slower in batches of 50), the MNIST CNN in batches of 130 to 260.
CPU_BLOCK = 16 * 2**20

_remembered: WeakKeyDictionary[nn.Module, dict[tuple, int]] = WeakKeyDictionary()


def in_chunks(work: Callable[[slice], Any], count: int, net: nn.Module, x: Tensor) -> Iterator[tuple[slice, Any]]:
    """Yield `(rows, work(rows))` for slices that cover range(count), each of a size `net` bears.

    `x` (B, C, H, W) shows what one item looks like.  The size depends on network, shape and device alone, so
    that the same call gives the same bits; out of memory halves it, for this call and the next ones.
    """
    place = (tuple(x.shape[1:]), x.dtype, x.device)
    sizes = _remembered.setdefault(net, {})
    if place not in sizes:
        sizes[place] = bearable(net, x[:1])
    start = 0
    while start < count:
        left = count - start
        size = -(-left // -(-left // sizes[place]))  # even slices: no stray image in a batch of its own
        rows = slice(start, start + size)
        try:
            found = work(rows)
        except torch.OutOfMemoryError:
            if size == 1:
                raise
            sizes[place] = size // 2
            torch.cuda.empty_cache()
            continue
        yield rows, found
        start = rows.stop


def over_batch(work: Callable[..., Tensor], net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    """`work(net, x, target)` in slices along the batch, put together again."""
    pieces = in_chunks(lambda rows: work(net, x[rows], target[rows]), len(x), net, x)
    return torch.cat([piece for _, piece in pieces])


def bearable(net: nn.Module, one: Tensor) -> int:
    """How many images like `one` (1, C, H, W) to pass at a time, forward and backward."""
    blocks = saved_blocks(net, one)
    if one.device.type == "cuda":
        room = torch.cuda.get_device_properties(one.device).total_memory // 4
        return max(1, room // max(1, sum(blocks)))
    return max(1, CPU_BLOCK // max(blocks, default=1))


def saved_blocks(net: nn.Module, one: Tensor) -> list[int]:
    """Bytes of every activation that the backward pass of one image keeps."""
    weights = {p.data_ptr() for p in (*net.parameters(), *net.buffers())}
    blocks: dict[int, int] = {}

    def note(t: Tensor) -> Tensor:
        if t.data_ptr() not in weights:
            blocks[t.data_ptr()] = t.nbytes
        return t

    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(note, lambda t: t):
        net(one.detach().requires_grad_())
    return list(blocks.values())
