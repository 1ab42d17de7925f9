"""The same network with other backward rules.

`torch.fx` traces the network; every activation and pooling, be it a module, a function or a method, reused or in
place, becomes a node of its own and may be given a rule of its own.  The weights are shared with the original;
nothing is hooked, copied or changed, so two threads may explain one network at the same time.
"""

import copy
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, fx, nn
from torch.fx.passes.shape_prop import ShapeProp
from torch.nn import functional as F

from attrcore.kinds import Refused

Forward = Callable[[Tensor], Tensor]
Rules = dict[str, Callable[[Forward], nn.Module]]  # kind of activation -> what takes its place

MODULES = {
    nn.ReLU: "relu", nn.ReLU6: "relu6", nn.LeakyReLU: "leaky_relu", nn.ELU: "elu", nn.SiLU: "silu", nn.GELU: "gelu",
    nn.Hardswish: "hardswish", nn.Hardsigmoid: "hardsigmoid", nn.Sigmoid: "sigmoid", nn.Tanh: "tanh",
    nn.Softplus: "softplus", nn.SELU: "selu", nn.CELU: "celu", nn.PReLU: "prelu", nn.Mish: "mish",
    nn.Hardtanh: "hardtanh", nn.LogSigmoid: "logsigmoid", nn.Softsign: "softsign", nn.MaxPool2d: "max_pool2d",
}  # fmt: skip
FUNCTIONS = {
    F.relu: "relu", torch.relu: "relu", torch.relu_: "relu", F.relu_: "relu", F.relu6: "relu6",
    F.leaky_relu: "leaky_relu", F.elu: "elu", F.silu: "silu", F.gelu: "gelu", F.hardswish: "hardswish",
    F.hardsigmoid: "hardsigmoid", torch.sigmoid: "sigmoid", F.sigmoid: "sigmoid", torch.tanh: "tanh", F.tanh: "tanh",
    F.softplus: "softplus", F.max_pool2d: "max_pool2d", torch.max_pool2d: "max_pool2d",
}  # fmt: skip
METHODS = {"relu": "relu", "relu_": "relu", "sigmoid": "sigmoid", "sigmoid_": "sigmoid", "tanh": "tanh"}
ELEMENTWISE = frozenset(MODULES.values()) - {"max_pool2d"}
# Seen and named, but without a rule: a method that needs one for everything curved refuses the network.
CURVED = {
    "selu", "celu", "mish", "hardtanh", "prelu", "rrelu", "threshold", "glu", "logsigmoid", "softsign", "tanhshrink",
    "hardshrink", "softshrink", "abs", "exp", "erf", "log", "sqrt", "rsqrt", "square", "pow", "sin", "cos", "clamp",
    "clamp_min", "clamp_max", "maximum", "minimum", "softmax", "log_softmax", "sigmoid", "tanh", "where",
}  # fmt: skip

_lock = threading.Lock()
_rewritten: WeakKeyDictionary[nn.Module, dict[Any, tuple[Any, Any]]] = WeakKeyDictionary()


class Tracer(fx.Tracer):
    """Records one thread only: fx patches nn.Module for the whole process while it traces."""

    def __init__(self) -> None:
        super().__init__()
        self.thread = threading.get_ident()

    def call_module(self, m: nn.Module, forward: Callable, args: tuple, kwargs: dict) -> Any:
        """Record the call, or simply make it for another thread that happens to run a network."""
        if threading.get_ident() != self.thread:
            return forward(*args, **kwargs)
        return super().call_module(m, forward, args, kwargs)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Any]) -> Any:
        """Record the use of a parameter, or hand it to another thread as it is."""
        if threading.get_ident() != self.thread:
            return attr_val
        return super().getattr(attr, attr_val, parameter_proxy_cache)


def traced(net: nn.Module) -> fx.GraphModule:
    """`net` as a graph, weights shared.  Raises Refused where its forward cannot be traced."""
    try:
        with _lock:
            graph = Tracer().trace(net)
    except Exception as e:  # fx raises a dozen kinds; all mean that the forward depends on the data
        raise Refused(f"The forward pass of this network cannot be traced: {e}") from e
    return fx.GraphModule(net, graph)


def activations(net: nn.Module) -> Counter[str]:
    """How often each kind of activation and max-pooling is applied, those without a rule (`CURVED`) included."""
    g = kept(net, "activations", lambda: traced(net))
    return Counter(k for node in g.graph.nodes if (k := kind_of(g, node) or curved(g, node)))


def rewrite(net: nn.Module, rules: Rules) -> fx.GraphModule:
    """`net` with every activation whose kind is in `rules` replaced by `rules[kind](its function)`.

    Kinds are "relu", "relu6", "max_pool2d" and so on (`MODULES`).  The function handed to a rule maps a tensor to a
    new one.  The result is remembered per network and rules, until a submodule of the network is exchanged.
    """
    return kept(net, tuple(sorted(rules.items(), key=lambda r: r[0])), lambda: replaced(traced(net), rules))


def replaced(g: fx.GraphModule, rules: Rules) -> fx.GraphModule:
    """The graph with the rules put in."""
    for i, node in enumerate(list(g.graph.nodes)):
        kind = kind_of(g, node)
        if kind not in rules:
            continue
        source = node.args[0] if node.args else node.kwargs["input"]
        g.add_submodule(f"rule{i}", rules[kind](function_of(g, node)))
        with g.graph.inserting_after(node):
            new = g.graph.call_module(f"rule{i}", (source,))
        if in_place(g, node):  # whoever reads the source afterwards reads the activated values
            for reader in list(source.users):
                if node < reader and reader is not new:
                    reader.replace_input_with(source, new)
        node.replace_all_uses_with(new)
        g.graph.erase_node(node)
    g.recompile()
    return g


def with_activation(net: nn.Module, back: int, x: Tensor) -> fx.GraphModule:
    """`net` returning `(logits, feature map)`, the map being its `back`-th last spatial activation.

    An activation that only feeds a concatenation stands for the concatenation.  Raises Refused when the network has
    no feature map wider than one pixel, or fewer than `back` of them.
    """

    def build() -> fx.GraphModule:
        g = traced(net)
        with torch.no_grad():
            ShapeProp(g).propagate(x[:1].detach())
        spatial = set()
        for node in g.graph.nodes:
            if kind_of(g, node) in ELEMENTWISE:
                while len(node.users) == 1 and (user := next(iter(node.users))).target is torch.cat:
                    node = user
                shape = node.meta["tensor_meta"].shape
                if len(shape) == 4 and min(shape[2:]) > 1:
                    spatial.add(node)
        found = [node for node in g.graph.nodes if node in spatial]  # in order of execution
        if len(found) < back:
            raise Refused(f"It looks at feature map {back} from the end; this network has {len(found)} of them.")
        (end,) = (n for n in g.graph.nodes if n.op == "output")
        end.args = ((end.args[0], found[-back]),)
        g.recompile()
        return g

    return kept(net, ("activation", back, x.shape[1:]), build)


def kept(net: nn.Module, name: Any, build: Callable[[], Any]) -> Any:
    """What `build` made for this network and name, made anew when a submodule was exchanged or its mode changed."""
    state = tuple((id(m), m.training) for m in net.modules())
    known = _rewritten.setdefault(net, {})
    if name not in known or known[name][0] != state:
        known[name] = (state, build())
    return known[name][1]


def kind_of(g: fx.GraphModule, node: fx.Node) -> str | None:
    """Which activation a node applies, or None."""
    if node.op == "call_module":
        return MODULES.get(type(g.get_submodule(node.target)))
    if node.op == "call_function":
        return FUNCTIONS.get(node.target)
    return METHODS.get(node.target) if node.op == "call_method" else None


def curved(g: fx.GraphModule, node: fx.Node) -> str | None:
    """The name of a nonlinear step that has no rule here, or None."""
    if node.op == "call_module":
        name = type(g.get_submodule(node.target)).__name__.lower()
    elif node.op in ("call_function", "call_method"):
        name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")
        if name in ("mul", "imul") and node.args[0] is node.args[-1]:
            name = "square"
    else:
        return None
    name = name.strip("_")
    return name if name in CURVED else None


def function_of(g: fx.GraphModule, node: fx.Node) -> Forward:
    """What a node computes, as a function of its input alone that changes nothing in place."""
    if node.op == "call_method":
        return getattr(torch, node.target.rstrip("_"))
    if node.op == "call_function":
        plain = {torch.relu_: torch.relu, F.relu_: F.relu, torch.max_pool2d: F.max_pool2d}.get(node.target, node.target)
        settings = {k: v for k, v in node.kwargs.items() if k not in ("input", "inplace", "return_indices")}
        return partial(with_rest, plain, node.args[1:], settings)
    module = copy.copy(g.get_submodule(node.target))
    if isinstance(module, nn.MaxPool2d):
        names = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
        return partial(with_rest, F.max_pool2d, (), {n: getattr(module, n) for n in names})
    if hasattr(module, "inplace"):
        module.inplace = False
    return module


def with_rest(function: Callable, rest: tuple, settings: dict[str, Any], x: Tensor, **more: Any) -> Any:
    """`function(x, *rest)` with its settings; `more` may ask for extras such as the indices of a pooling."""
    return function(x, *rest, **settings, **more)


def pooling(forward: Forward) -> tuple[tuple[int, int], ...]:
    """Kernel, stride, padding and dilation, each (rows, columns), of the function of a max-pooling."""
    _, rest, settings = forward.args
    found = dict(zip(("kernel_size", "stride", "padding", "dilation"), rest, strict=False)) | settings
    size = found["kernel_size"]
    values = size, found.get("stride") or size, found.get("padding", 0), found.get("dilation", 1)
    return tuple((v, v) if isinstance(v, int) else tuple(v) for v in values)


def in_place(g: fx.GraphModule, node: fx.Node) -> bool:
    """Does the node overwrite its input?"""
    if node.op == "call_module":
        return getattr(g.get_submodule(node.target), "inplace", False)
    if node.op == "call_method":
        return node.target.endswith("_")
    return node.target in (torch.relu_, F.relu_) or bool(node.kwargs.get("inplace"))
