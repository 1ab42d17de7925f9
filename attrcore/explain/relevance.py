"""How relevance is shared out, step by step: the rules of layer-wise relevance propagation.

A rule gets the relevance of a step's outputs and gives its inputs their shares.  Where weights are involved, the share
of an input is what it contributes to the output; rules differ in which contributions count.
"""

import operator
from collections.abc import Callable, Iterable, Sequence
from functools import partial, reduce

import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F

from attrcore.backward import Rule, Step
from attrcore.kinds import Refused
from attrcore.nodes import CURVED, ELEMENTWISE, kind_of
from attrcore.rewrite import kept, taken_apart

Terms = list[tuple[Tensor, Tensor]]  # inputs and weights whose products are summed
Group = tuple[Terms, Tensor | float]  # and a bias
# Which contributions to a layer's outputs count, given its input and bias: what part of the relevance by which group.
Counting = Callable[["Layer", Tensor, Tensor], list[tuple[float | Tensor, Group]]]


class Layer(nn.Module):
    """A convolution or linear layer, the BatchNorm behind it multiplied into its weights, taken anew at each call."""

    def __init__(self, layer: nn.Conv2d | nn.Linear, norm: nn.BatchNorm2d | None, first: bool) -> None:
        super().__init__()
        self.layer, self.norm = layer, norm
        self.kind = "first layer" if first else "convolution" if isinstance(layer, nn.Conv2d) else "dense layer"

    @property
    def channels(self) -> int | None:
        """Which side of inputs and of weights has the channels that are summed over; None where groups keep apart."""
        return -1 if isinstance(self.layer, nn.Linear) else 1 if self.layer.groups == 1 else None

    @property
    def weight(self) -> Tensor:
        """Of layer and norm together."""
        if self.norm is None:
            return self.layer.weight
        n = self.norm
        return self.layer.weight * (n.weight * (n.running_var + n.eps).rsqrt())[:, None, None, None]

    def linear(self, x: Tensor, weight: Tensor) -> Tensor:
        """The layer with these weights and without a bias."""
        if isinstance(self.layer, nn.Linear):
            return F.linear(x, weight)
        c = self.layer
        return F.conv2d(x, weight, None, c.stride, c.padding, c.dilation, c.groups)

    def bias(self) -> Tensor:
        """Of layer and norm together, shaped to be added to outputs."""
        w = self.layer.weight
        b = w.new_zeros(len(w)) if self.layer.bias is None else self.layer.bias
        if self.norm is not None:
            n = self.norm
            b = (b - n.running_mean) * n.weight * (n.running_var + n.eps).rsqrt() + n.bias
        return b if isinstance(self.layer, nn.Linear) else b[:, None, None]

    def forward(self, x: Tensor) -> Tensor:
        """What the network computes here."""
        return self.layer(x) if self.norm is None else self.norm(self.layer(x))


def canonical(net: nn.Module) -> fx.GraphModule:
    """`net` as single steps, every layer a `Layer`; those that see the image itself are marked as first."""

    def build() -> fx.GraphModule:
        g, behind = taken_apart(net), set()  # nodes behind a layer
        for i, node in enumerate(list(g.graph.nodes)):
            deep = any(source in behind for source in node.all_input_nodes)
            if kind_of(g, node) in ("conv2d", "linear") and node.op == "call_module":
                user = next(iter(node.users))
                last = user if len(node.users) == 1 and kind_of(g, user) == "batch_norm" else node
                norm = g.get_submodule(last.target) if last is not node else None
                g.add_submodule(f"single{i}", Layer(g.get_submodule(node.target), norm, not deep))
                with g.graph.inserting_after(last):
                    new = g.graph.call_module(f"single{i}", node.args, node.kwargs)
                last.replace_all_uses_with(new)
                for old in dict.fromkeys((last, node)):
                    g.graph.erase_node(old)
                behind.add(new)
            elif deep:
                behind.add(node)
        g.recompile()
        return g

    return kept(net, "canonical", build)


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


def within(low: Tensor, high: Tensor) -> Counting:
    """Contributions count from that end of the range [`low`, `high`] at which they would be least (the box rule)."""

    def counting(layer: Layer, x: Tensor, bias: Tensor) -> list[tuple[float, Group]]:
        w = layer.weight
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
