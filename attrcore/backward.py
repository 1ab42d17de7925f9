"""Backward passes by other rules.

A backward pass hands messages from the score to the image, step by step.  The gradient is one such pass; Guided
Backprop, DeepLIFT and LRP are others, which differ in what some kinds of step send on.  Here the forward pass is always
the network's own, and messages are plain differentiable operations on its activations.  Nothing is hooked or changed,
and an attack on a map gets its true derivative.  (An autograd function with a backward rule of its own gives a wrong
one: messages depend on activations, whose derivative would go by that rule as well.)
"""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn

from attrcore.nodes import curved, kind_of


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a network in one forward pass, as a rule sees it."""

    kind: str  # as `attrcore.nodes` names it, or nothing
    name: str
    function: Callable[..., Tensor]  # of its inputs
    inputs: tuple[Tensor, ...]  # those that depend on the image, as this step alone sees them
    output: Any  # a tensor, or several where the step splits one
    module: nn.Module | None  # the layer, where the step is one
    given: tuple[Any, ...]  # every argument in order, tensors and settings

    def gradient(self, message: Tensor) -> Sequence[Tensor]:
        """What the chain rule sends to each input."""
        return torch.autograd.grad(self.output, self.inputs, message, create_graph=torch.is_grad_enabled())


# What to send to each input, given what reached the step and, where there is a baseline, the same step of its pass.
Rule = Callable[[Tensor, Step, Step | None], Sequence[Tensor]]
Rules = Mapping[str, Rule]


def backward(
    g: fx.GraphModule,
    x: Tensor,
    first: Callable[[Tensor], Tensor],
    rules: Rules,
    baseline: Tensor | None = None,
) -> Tensor:
    """What reaches the image: (B, C, H, W).  Steps of a kind that has no rule send the gradient.

    `g` is a network as single steps that overwrite nothing (`rewrite.plain`); `first` makes the first message of the
    logits.  Where a `baseline` (B, C, H, W) is given, rules also see its pass; one that is the same for all images may
    be (1, C, H, W).  The result keeps its graph exactly when `x` asks for gradients.
    """
    keep = x.requires_grad
    with torch.enable_grad():
        steps = run(g, x if keep else x.detach().requires_grad_())
    if baseline is not None:
        with torch.set_grad_enabled(baseline.requires_grad):
            others = run(g, baseline, steps)
            if not all(alike(step, others[node]) for node, step in steps.items()):  # the batch is not their first side
                others = run(g, baseline.expand_as(x), steps)
    (start,), (end,) = ([n for n in g.graph.nodes if n.op == op] for op in ("placeholder", "output"))
    (scores,) = end.args
    with torch.set_grad_enabled(keep):
        messages = {scores: first(steps[scores].output)}
        for node in reversed(g.graph.nodes):
            if node is start or (message := messages.pop(node, None)) is None:
                continue
            step, other = steps.pop(node), None if baseline is None else others.pop(node)
            sources = [n for n in node.all_input_nodes if n in steps]
            if isinstance(message, dict):  # of a step that splits: only some parts may have got one
                parts = [step.output[i] for i in message]
                sent = torch.autograd.grad(parts, step.inputs, list(message.values()), create_graph=keep)
            elif isinstance(steps[sources[0]].output, tuple | list):  # one part of such a step
                part, whole = node.args[1], messages.setdefault(sources[0], {})
                whole[part] = whole[part] + message if part in whole else message
                continue
            else:
                sent = rules[step.kind](message, step, other) if step.kind in rules else step.gradient(message)
            for source, part in zip(sources, sent, strict=True):
                messages[source] = messages[source] + part if source in messages else part
    return messages[start]


def run(g: fx.GraphModule, x: Tensor, those: Container[fx.Node] | None = None) -> dict[fx.Node, Step]:
    """A forward pass, every step that depends on the image remembered, or `those`.

    Shapes, constants and comparisons are not steps.  Where nothing asks for gradients, what was made of steps is one.
    """
    recording = Recording(g, those)
    recording.run(x)
    steps, recording.steps = recording.steps, {}  # whose functions hold on to the recording: no ring of references,
    return steps  # which would keep every activation until the garbage collector comes by


class Recording(fx.Interpreter):
    """A forward pass that remembers its steps."""

    def __init__(self, g: fx.GraphModule, those: Container[fx.Node] | None = None) -> None:
        super().__init__(g, garbage_collect_values=False)
        self.those = those
        self.steps: dict[fx.Node, Step] = {}

    def run_node(self, node: fx.Node) -> Any:
        """What the node gives."""
        sources = [n for n in node.all_input_nodes if n in self.steps]
        if node.op == "output" or not (sources or node.op == "placeholder"):
            return super().run_node(node)
        inputs = [self.env[n] for n in sources]
        if len(inputs) > 1:  # one may depend on another, and the way through that one is not this step's
            inputs = [z.view_as(z) for z in inputs]

        def function(*inputs: Tensor) -> Any:
            given = dict(zip(sources, inputs, strict=True))
            args, kwargs = fx.node.map_arg((node.args, node.kwargs), lambda n: given[n] if n in given else self.env[n])
            return getattr(self, node.op)(node.target, args, kwargs)

        value = function(*inputs) if sources else super().run_node(node)
        if self.matters(node, value):
            module = self.module.get_submodule(node.target) if node.op == "call_module" else None
            kind = kind_of(self.module, node) or curved(self.module, node) or ""
            given = fx.node.map_arg((*node.args, *node.kwargs.values()), self.env.get)
            self.steps[node] = Step(kind, node.name, function, tuple(inputs), value, module, given)
        return value

    def matters(self, node: fx.Node, value: Any) -> bool:
        """Is it a step?"""
        if not isinstance(value, Tensor) and not splits(value):
            return False
        if self.those is not None:
            return node in self.those
        parts = [value] if isinstance(value, Tensor) else value
        return not torch.is_grad_enabled() or any(part.requires_grad for part in parts)


def alike(step: Step, other: Step) -> bool:
    """Have the two outputs of one shape, or is one a single image's that serves the whole batch?"""
    if splits(step.output) or step.output.shape == other.output.shape:
        return True
    return other.output.shape == (1, *step.output.shape[1:])


def pull(function: Callable[..., Tensor], at: Sequence[Tensor], message: Tensor) -> Sequence[Tensor]:
    """What the chain rule sends back through `function` to each of its inputs `at`, and no further."""
    keep = torch.is_grad_enabled()
    with torch.enable_grad():
        ends = [z.view_as(z) if keep and z.requires_grad else z.detach().requires_grad_() for z in at]
        return torch.autograd.grad(function(*ends), ends, message, create_graph=keep)


def splits(value: Any) -> bool:
    """Is it several tensors?"""
    return isinstance(value, tuple | list) and len(value) > 0 and all(isinstance(v, Tensor) for v in value)


def of_class(target: Tensor) -> Callable[[Tensor], Tensor]:
    """The first message of a gradient: one at each image's class (B,), zero at the others."""
    return lambda logits: torch.zeros_like(logits).scatter_(1, target[:, None], 1.0)


def its_score(target: Tensor) -> Callable[[Tensor], Tensor]:
    """The first message of relevance: the score at each image's class (B,), zero at the others."""
    return lambda logits: logits * torch.zeros_like(logits).scatter_(1, target[:, None], 1.0)
