"""The same network as single steps.

`torch.fx` traces the network; every activation and pooling, be it a module, a function or a method, reused or in
place, becomes a node of its own, which may be exchanged, read or (`attrcore.backward`) given another backward rule.
The weights are shared with the original; nothing is hooked, copied or changed, so two threads may explain one network
at the same time.
"""

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
from attrcore.nodes import (
    ELEMENTWISE,
    OUT_OF_PLACE,
    Forward,
    Plain,
    called,
    curved,
    function_of,
    in_place,
    kind_of,
)

Replacements = dict[str, Callable[[Forward], nn.Module]]  # kind of activation -> what takes its place
REPLACEABLE = (*ELEMENTWISE, "max_pool2d")

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
        if type(m) is nn.MultiheadAttention:  # one node for torch; here its products and its softmax are steps
            return attention(m, *args, **kwargs)
        return super().call_module(m, forward, args, kwargs)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Any]) -> Any:
        """Record the use of a parameter, or hand it to another thread as it is."""
        if threading.get_ident() != self.thread:
            return attr_val
        return super().getattr(attr, attr_val, parameter_proxy_cache)


def attention(m: nn.MultiheadAttention, query: Tensor, key: Tensor, value: Tensor, **settings: Any) -> tuple:
    """Multi-head self-attention (Vaswani et al., 2017, arXiv:1706.03762) of (B, N, D), written out in single steps.

    Raises Refused where it is used in another way than torchvision's ViT does.
    """
    plain = m.batch_first and m.bias_k is None and m.in_proj_weight is not None and not m.add_zero_attn
    masked = any(settings.get(k) is not None for k in ("key_padding_mask", "attn_mask"))
    if not plain or masked or query is not key or query is not value or settings.get("need_weights", True):
        raise Refused("its attention is masked, crosses two inputs, or returns its weights")
    qkv = F.linear(query, m.in_proj_weight, m.in_proj_bias).unflatten(-1, (3, m.num_heads, m.head_dim))
    q, k, v = (qkv[:, :, i].transpose(1, 2) for i in range(3))  # (B, heads, N, D / heads)
    weights = F.softmax(torch.matmul(q * m.head_dim**-0.5, k.transpose(-2, -1)), -1)
    heads = torch.matmul(weights, v).transpose(1, 2).flatten(2)
    return F.linear(heads, m.out_proj.weight, m.out_proj.bias), None


def traced(net: nn.Module) -> fx.GraphModule:
    """`net` as a graph, weights shared.  Raises Refused where its forward cannot be traced."""
    try:
        with _lock:
            graph = Tracer().trace(net)
    except Exception as e:  # fx raises a dozen kinds; all mean that the forward depends on the data
        raise Refused(f"The forward pass of this network cannot be traced: {e}") from e
    return fx.GraphModule(net, graph)


def steps(net: nn.Module) -> Counter[str]:
    """How often each kind of step that depends on the image's values occurs; one of no known kind goes by its name.

    A product of two values that both depend on the image is no scaling, and goes by "product".
    """
    g, moving, found = kept(net, "steps", lambda: traced(net)), set(), Counter()
    for node in g.graph.nodes:
        sources = [n for n in node.all_input_nodes if n in moving]
        if node.op == "placeholder" or (sources and not asks_shape(node)):
            moving.add(node)
        if not sources or node.op == "output" or node not in moving:
            continue
        kind = kind_of(g, node)
        several = kind in ("mul", "div", "matmul") and len(sources) > 1
        found["product" if several else kind or curved(g, node) or called(g, node)] += 1
    return found


def asks_shape(node: fx.Node) -> bool:
    """Does it only ask how large something is, or of which type?"""
    if node.target is getattr:
        return node.args[1] in ("shape", "ndim", "dtype", "device")
    return node.target in ("size", "dim", "numel", len)


def rewrite(net: nn.Module, rules: Replacements) -> fx.GraphModule:
    """`net` with every activation whose kind is in `rules` replaced by `rules[kind](its function)`.

    Kinds are "relu", "relu6", "max_pool2d" and so on (`attrcore.nodes`).  The function handed to a rule maps a tensor
    to a new one.  The result is remembered per network and rules, until a submodule or buffer is exchanged.
    """
    return kept(net, tuple(sorted(rules.items(), key=lambda r: r[0])), lambda: replaced(traced(net), rules))


def plain(net: nn.Module) -> fx.GraphModule:
    """`net` as a graph of single steps, none of which overwrites what it read.  Remembered like a rewrite."""
    return kept(net, "plain", lambda: taken_apart(net))


def taken_apart(net: nn.Module) -> fx.GraphModule:
    """The same, made anew for whoever changes it further."""
    g = replaced(traced(net), {kind: partial(Plain, kind) for kind in REPLACEABLE})
    for node in list(g.graph.nodes):
        if node.target in OUT_OF_PLACE:
            with g.graph.inserting_after(node):
                new = g.graph.call_function(OUT_OF_PLACE[node.target], node.args, node.kwargs)
            redirect(node, node.args[0], new)
            g.graph.erase_node(node)
    g.recompile()
    return g


def redirect(node: fx.Node, source: fx.Node, new: fx.Node) -> None:
    """Have `new` read in place of `node`, which overwrote its source; whoever reads that afterwards reads `new` too."""
    for reader in list(source.users):
        if node < reader and reader is not new:
            reader.replace_input_with(source, new)
    node.replace_all_uses_with(new)


def replaced(g: fx.GraphModule, rules: Replacements) -> fx.GraphModule:
    """The graph with the rules put in."""
    for i, node in enumerate(list(g.graph.nodes)):
        kind = kind_of(g, node)
        if kind not in rules:
            continue
        source = node.args[0] if node.args else node.kwargs["input"]
        g.add_submodule(f"rule{i}", rules[kind](function_of(g, node)))
        with g.graph.inserting_after(node):
            new = g.graph.call_module(f"rule{i}", (source,))
        if in_place(g, node):
            redirect(node, source, new)
        node.replace_all_uses_with(new)
        g.graph.erase_node(node)
    g.recompile()
    return g


def with_activation(net: nn.Module, back: int, x: Tensor) -> fx.GraphModule:
    """`net` returning `(logits, feature map)`, the map being its `back`-th last spatial activation.

    An activation that only feeds a concatenation stands for the concatenation; where no activation is spatial, as in
    ConvNeXt, the sums of the skip connections stand for them.  Raises Refused when the network has
    no feature map wider than one pixel, or fewer than `back` of them.
    """

    def build() -> fx.GraphModule:
        g = traced(net)
        with torch.no_grad():
            ShapeProp(g).propagate(x[:1].detach())
        spatial, sums = set(), set()
        for node in g.graph.nodes:
            if kind_of(g, node) == "add" and wide(node):
                sums.add(node)
            # What a linear layer gives has its channels last, and is no stack of feature maps.
            if kind_of(g, node) in ELEMENTWISE and kind_of(g, node.all_input_nodes[0]) != "linear":
                while len(node.users) == 1 and (user := next(iter(node.users))).target is torch.cat:
                    node = user
                if wide(node):
                    spatial.add(node)
        found = [node for node in g.graph.nodes if node in (spatial or sums)]  # in order of execution
        if len(found) < back:
            raise Refused(few(len(found), back))
        (end,) = (n for n in g.graph.nodes if n.op == "output")
        end.args = ((end.args[0], found[-back]),)
        g.recompile()
        return g

    return kept(net, ("activation", back, x.shape[1:]), build)


def few(count: int, back: int) -> str:
    """Why there is no feature map `back`, where there are only `count`."""
    if not count:
        return "This network has no convolutional feature map to look at."
    return f"Layer {back}, counted from the output, is beyond the {count} feature maps of this network."


def wide(node: fx.Node) -> bool:
    """Is what a node gives (B, C, H, W) with more than one pixel?"""
    shape = getattr(node.meta.get("tensor_meta"), "shape", ())
    return len(shape) == 4 and min(shape[2:]) > 1


def kept(net: nn.Module, name: Any, build: Callable[[], Any]) -> Any:
    """What `build` made for this network and name, made anew when a submodule was exchanged or its mode changed."""
    tensors = (id(t) for t in (*net.parameters(), *net.buffers()))  # `.to` and its like exchange buffers
    state = (*((id(m), m.training) for m in net.modules()), *tensors)
    known = _rewritten.setdefault(net, {})
    if name not in known or known[name][0] != state:
        known[name] = (state, build())
    return known[name][1]
