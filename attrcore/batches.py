"""Batches that fit: the only place that splits work, and the only one that copes with too little memory."""

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

# Bytes of the largest activation of a batch on the CPU.  Beyond this the caches, and from 32 MiB on glibc's returning
# of every freed block to the system, cost more than a larger batch saves: SqueezeNet at 224 px is fastest in batches
# of 4 or 5 (1.8 x slower in batches of 50), the MNIST CNN in batches of 130 to 260.
CPU_BLOCK = 16 * 2**20

# Bytes of all graphs together that are kept on the CPU, and how much more a graph that is differentiated twice keeps
# than one pass's activations do (3.1 x on SqueezeNet, 3.4 x on the MNIST CNN, both with softplus).
CPU_GRAPHS = 3 * 2**30
TWICE = 4

# Asked before every slice: is the result still wanted?  A worker puts the answer here; nobody else need care.
wanted: ContextVar[Callable[[], bool]] = ContextVar("wanted", default=lambda: True)

_remembered: WeakKeyDictionary[nn.Module, dict[tuple, int]] = WeakKeyDictionary()


class Abandoned(RuntimeError):
    """Nobody waits for this result any more."""


def go_on() -> None:
    """Raise Abandoned when the result is not wanted any more."""
    if not wanted.get()():
        raise Abandoned("nobody waits for this result any more")


def in_chunks(
    work: Callable[[slice], Any], count: int, net: nn.Module, x: Tensor, graphs: int = 0
) -> Iterator[tuple[slice, Any]]:
    """Yield `(rows, work(rows))` for slices that cover range(count), each of a size `net` bears.

    `x` (B, C, H, W) shows what one item looks like, `graphs` how many passes of each keep their graphs at the same
    time, to be differentiated.  The size depends on network, shape and device alone, so that the same call gives the
    same bits; out of memory halves it, for this call and the next ones.

    Raises Abandoned between two slices where `wanted` says so, ValueError for an empty batch.
    """
    if not count:
        raise ValueError("a batch must hold at least one image, got 0")
    sizes, place = _remembered.setdefault(net, {}), at(x, graphs)
    start = 0
    while start < count:
        go_on()
        left = count - start
        size = -(-left // -(-left // chunk(net, x, graphs)))  # even slices: no stray image in a batch of its own
        rows = slice(start, start + size)
        too_much = False
        try:
            found = work(rows)
        except RuntimeError as e:
            if size == 1 or not out_of_memory(e):
                raise
            too_much = True
        if too_much:  # not inside `except`: there the error still holds what did not fit
            sizes[place] = size // 2
            torch.cuda.empty_cache()
            continue
        yield rows, found
        start = rows.stop


def weighted_sum(work: Callable[..., Tensor], weights: Tensor, net: nn.Module, x: Tensor, *more: Tensor) -> Tensor:
    """For each image the sum over k of `weights[k] * work(image, k, x, *more)`, all images and k in the same slices.

    `work` gets the numbers of images and of points, (n,) int64 each, and whatever it may be differentiated by: the
    images and `more`.  It returns (n, C, H, W).  Added up in a fixed order, so that the same call gives the same bits
    on a GPU too.  Where the graphs of all passes together would not fit in memory, each slice is computed again when
    its derivative is taken, a third dearer.
    """
    count, given = len(weights), (x, *more)
    numbers = torch.arange(len(x) * count, device=x.device)
    keep = torch.is_grad_enabled() and any(t.requires_grad for t in given)
    again = keep and len(numbers) > chunk(net, x, graphs=1)
    weighing = [p for p in net.parameters() if p.requires_grad]  # of the network, not of the sum

    def weighted(rows: slice) -> Tensor:
        image, k = numbers[rows] // count, numbers[rows] % count
        found = Again.apply(partial(work, image, k), len(given), *given, *weighing) if again else work(image, k, *given)
        return weights[k, None, None, None] * found

    sums: list[Tensor | float] = [0.0] * len(x)
    for rows, found in in_chunks(weighted, len(x) * count, net, x):
        first, last = rows.start // count, (rows.stop - 1) // count
        lengths = [min((i + 1) * count, rows.stop) - max(i * count, rows.start) for i in range(first, last + 1)]
        for i, part in enumerate(found.split(lengths), first):
            sums[i] = sums[i] + part.sum(0)
    return torch.stack(sums)


class Again(torch.autograd.Function):
    """A function of tensors that keeps no graph and is computed again for its derivative, which can be taken once.

    Its arguments are the first `count`; what follows are parameters that it uses by itself.
    """

    @staticmethod
    def forward(ctx: Any, work: Callable[..., Tensor], count: int, *tensors: Tensor) -> Tensor:
        """`work` of its arguments."""
        ctx.work, ctx.parameters = work, tensors[count:]
        ctx.save_for_backward(*tensors[:count])
        return work(*(t.detach() for t in tensors[:count]))

    @staticmethod
    def backward(ctx: Any, message: Tensor) -> tuple[Tensor | None, ...]:
        """What the chain rule sends to each tensor."""
        if torch.is_grad_enabled():  # autograd's own mark for it would pass in silence where other ways lead to x
            raise RuntimeError("The derivative of a map whose graph does not fit in memory can be taken once only.")
        asks = ctx.needs_input_grad[2:]
        ends = [t.detach().requires_grad_(asked) for t, asked in zip(ctx.saved_tensors, asks, strict=False)]
        with torch.enable_grad():
            value = ctx.work(*ends)
            moving = [t for t, asked in zip((*ends, *ctx.parameters), asks, strict=True) if asked]
            sent = iter(torch.autograd.grad(value, moving, message, allow_unused=True))
        return None, None, *(next(sent) if asked else None for asked in asks)


def over_batch(work: Callable[..., Tensor], net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    """`work(net, x, target)` in slices along the batch, put together again."""
    pieces = in_chunks(lambda rows: work(net, x[rows], target[rows]), len(x), net, x)
    return torch.cat([piece for _, piece in pieces])


def chunk(net: nn.Module, x: Tensor, graphs: int = 0) -> int:
    """How many images like those of `x` (B, C, H, W) pass through `net` at a time, as known so far."""
    sizes, place = _remembered.setdefault(net, {}), at(x, graphs)
    if place not in sizes:
        sizes[place] = bearable(net, x[:1], graphs)
    return sizes[place]


def alike(net: nn.Module, other: nn.Module) -> None:
    """Let `net` pass as many images at a time as `other`, whose activations are as large.

    Finding that out takes a pass of its own for each kind of slice.
    """
    _remembered[net] = _remembered.setdefault(other, {})


def at(x: Tensor, graphs: int = 0) -> tuple:
    """What, beside the network, decides the chunk."""
    return tuple(x.shape[1:]), x.dtype, x.device, graphs


def out_of_memory(e: RuntimeError) -> bool:
    """CUDA has an error class for it; the CPU and MPS only say so."""
    return isinstance(e, torch.OutOfMemoryError) or "allocate memory" in str(e) or "out of memory" in str(e)


def bearable(net: nn.Module, one: Tensor, graphs: int = 0) -> int:
    """How many images like `one` (1, C, H, W) to pass at a time, forward and backward, and with so many graphs each."""
    blocks = [one.nbytes, *saved_blocks(net, one)]
    held = TWICE * graphs * sum(blocks) if graphs else sum(blocks)
    if one.device.type == "cuda":
        return max(1, torch.cuda.get_device_properties(one.device).total_memory // 4 // held)
    return max(1, CPU_GRAPHS // held if graphs else CPU_BLOCK // max(blocks))


def saved_blocks(net: nn.Module, one: Tensor) -> list[int]:
    """Bytes of every activation that the backward pass of one image keeps."""
    weights = {p.data_ptr() for p in (*net.parameters(), *net.buffers())}
    blocks: dict[int, Tensor] = {}

    def note(t: Tensor) -> None:
        """Keep the values, so that their place is not used again; not the tensor.

        It holds the step that made it, that step what is returned here, and such a ring the garbage collector does not
        see: the network's weights would never go.
        """
        if t.data_ptr() not in weights:
            blocks[t.data_ptr()] = t.detach()

    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(note, lambda t: t):
        net(one.detach().requires_grad_())
    return [t.nbytes for t in blocks.values()]
