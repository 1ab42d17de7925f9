"""How relevance is shared out, step by step: the rules of layer-wise relevance propagation.

A rule gets the relevance of a step's outputs and gives its inputs their shares.  Where weights are involved, the share
of an input is what it contributes to the output; rules differ in which contributions count.
"""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial, reduce

import torch
from torch import Tensor, nn

from attrcore.backward import Rule, Step
from attrcore.explain.canonical import Layer
from attrcore.kinds import Refused
from attrcore.nodes import CURVED, ELEMENTWISE

Terms = list[tuple[Tensor, Tensor]]  # inputs and weights whose products are summed
Group = tuple[Terms, Tensor | float]  # and a bias
# Which contributions to a layer's outputs count, given its input and bias: what part of the relevance by which group.
Counting = Callable[[Layer, Tensor, Tensor], list[tuple[float | Tensor, Group]]]


def by_contribution(counting: Counting, eps: float = 0.0, biases: bool = False) -> Rule:
    """The rule of a layer in which the contributions of `counting` count.

    `eps`, a share of the layer's typical output, absorbs where contributions cancel.  Biases take their share only if
    asked to; what they take does not arrive at the pixels.
    """

    def rule(relevance: Tensor, step: Step, other: Step | None) -> Sequence[Tensor]:
        layer, (x,) = step.module, step.inputs
        bias = layer.bias() if biases else torch.zeros_like(layer.bias())
        groups = counting(layer, x, bias)
        return (total(shares(layer, group, times(relevance, part), eps) for part, group in groups),)

    return rule


def shares(layer: Layer, group: Group, relevance: Tensor, eps: float) -> Tensor:
    """Sum over the group's terms (x, w) of x times what w sends back of relevance / (sum of all x w, and the bias)."""
    keep, (terms, bias) = torch.is_grad_enabled(), group
    count, side = len(terms), layer.channels
    if side and count > 1:  # one pass over all their channels is cheaper than a pass for each term
        terms = [tuple(torch.cat(parts, side) for parts in zip(*terms, strict=True))]
    with torch.enable_grad():
        ends = [x.view_as(x) if keep and x.requires_grad else x.detach().requires_grad_() for x, _ in terms]
        z = total(layer.linear(end, w) for end, (_, w) in zip(ends, terms, strict=True))
    quotient = relevance / stable((z if keep else z.detach()) + bias, eps)
    sent = torch.autograd.grad(z, ends, quotient, create_graph=keep)
    shared = total(x * g for (x, _), g in zip(terms, sent, strict=True))
    return total(shared.chunk(count, side)) if side and count > 1 else shared


def stable(z: Tensor, eps: float = 0.0) -> Tensor:
    """`z` away from zero by `eps` times its root mean square over each item of the batch, and at least a trifle."""
    away = z.new_tensor(torch.finfo(z.dtype).tiny ** 0.25)
    if eps:
        away = away + eps * z.square().flatten(1).mean(1).sqrt().view(-1, *[1] * (z.dim() - 1))
    return z + away.copysign(z)


def total(parts: Iterable[Tensor]) -> Tensor:
    """Their sum; the one of Python starts by adding a zero, which costs a pass over a large tensor."""
    return reduce(operator.add, parts)


def times(relevance: Tensor, part: float | Tensor) -> Tensor:
    """That part of it."""
    return relevance if isinstance(part, float) and part == 1 else part * relevance


def positive(t: Tensor) -> Tensor:
    """Its positive part."""
    return t.clamp(min=0)


def negative(t: Tensor) -> Tensor:
    """Its negative part."""
    return t.clamp(max=0)


def by_sign(x: Tensor, above: Callable[[], Tensor], below: Callable[[], Tensor]) -> Terms:
    """What is positive in `x` with the weights `above`, what is negative with `below`, asked for only where needed.

    Behind a rectifier nothing is negative, and a pass over the layer is saved.
    """
    if x.min() >= 0:
        return [(x, above())]
    return [(positive(x), above()), (negative(x), below())]


def everything(layer: Layer, x: Tensor, bias: Tensor) -> list[tuple[float, Group]]:
    """Every contribution counts (LRP-0, LRP-epsilon)."""
    return [(1.0, ([(x, layer.weight)], bias))]


def for_and_against(alpha: float, beta: float) -> Counting:
    """`alpha` of the relevance by what speaks for the output, minus `beta` by what speaks against it."""

    def counting(layer: Layer, x: Tensor, bias: Tensor) -> list[tuple[float, Group]]:
        up, down = partial(positive, layer.weight), partial(negative, layer.weight)
        groups: list[tuple[float, Group]] = [(alpha, (by_sign(x, up, down), positive(bias)))]
        if beta:
            groups.append((-beta, (by_sign(x, down, up), negative(bias))))
        return groups

    return counting


def favouring(gamma: float) -> Counting:
    """Everything counts, and what speaks for the output's sign counts 1 + `gamma` times (LRP-gamma)."""

    def counting(layer: Layer, x: Tensor, bias: Tensor) -> list[tuple[Tensor, Group]]:
        w = layer.weight
        up = (layer.linear(x, w) + bias > 0).to(x.dtype)
        more, less = (lambda part=part: w + gamma * part(w) for part in (positive, negative))
        rising, falling = by_sign(x, more, less), by_sign(x, less, more)
        return [(up, (rising, bias + gamma * positive(bias))), (1 - up, (falling, bias + gamma * negative(bias)))]

    return counting


def evenly(layer: Layer, x: Tensor, bias: Tensor) -> list[tuple[float, Group]]:
    """Every pixel that an output sees gets the same (the flat rule)."""
    return [(1.0, ([(torch.ones_like(x), torch.ones_like(layer.weight))], torch.zeros_like(bias)))]


def within(ranges: Mapping[nn.Module, tuple[Tensor, Tensor]]) -> Counting:
    """Contributions count from that end of a layer's range (low, high) at which they would be least (the box rule)."""

    def counting(layer: Layer, x: Tensor, bias: Tensor) -> list[tuple[float, Group]]:
        w, (low, high) = layer.weight, ranges[layer]
        return [(1.0, ([(x, w), (-low.expand_as(x), positive(w)), (-high.expand_as(x), negative(w))], bias))]

    return counting


def as_it_is(relevance: Tensor, step: Step, other: Step | None) -> Sequence[Tensor]:
    """A function of single values, or one that only scales and shifts: the relevance stays where it is."""
    return (relevance,) if len(step.inputs) == 1 else refuse(relevance, step, other)


def sums(relevance: Tensor, step: Step, other: Step | None) -> Sequence[Tensor]:
    """A sum or a difference of two: each gets its share of it."""
    if len(step.inputs) == 1:  # with a constant
        return as_it_is(relevance, step, other)
    quotient = relevance / stable(step.output)
    return tuple(z * g for z, g in zip(step.inputs, step.gradient(quotient), strict=True))


def mean(relevance: Tensor, step: Step, other: Step | None) -> Sequence[Tensor]:
    """An average: each value gets its share of it."""
    (x,) = step.inputs
    return (x * step.gradient(relevance / stable(step.output))[0],)


def gate(relevance: Tensor, step: Step, other: Step | None) -> Sequence[Tensor]:
    """A product: the smaller factor, which scales whole channels, gets nothing; two of one size get half each."""
    if len(step.inputs) == 1:
        return as_it_is(relevance, step, other)
    a, b = step.inputs
    if a.numel() == b.numel():
        return relevance / 2, relevance / 2
    return (relevance, torch.zeros_like(b)) if a.numel() > b.numel() else (torch.zeros_like(a), relevance)


def refuse(relevance: Tensor, step: Step, other: Step | None) -> Sequence[Tensor]:
    """Nothing is known of such a step."""
    raise Refused(f"Relevance has no rule for a step of this network, {step.kind or step.name}.")


EVERYWHERE: dict[str, Rule] = {
    **dict.fromkeys((*ELEMENTWISE, "batch_norm", "layer_norm", "div"), as_it_is),
    **dict.fromkeys((*(CURVED - ELEMENTWISE), "", "matmul", "square", "conv2d", "linear"), refuse),
    "add": sums,
    "sub": sums,
    "mul": gate,
    "average": mean,
}
