"""What a node of a traced network does: which kind of step it is, and the function it applies."""

import copy
import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F

Forward = Callable[[Tensor], Tensor]

ACTIVATIONS = {
    nn.ReLU: "relu", nn.ReLU6: "relu6", nn.LeakyReLU: "leaky_relu", nn.ELU: "elu", nn.SiLU: "silu", nn.GELU: "gelu",
    nn.Hardswish: "hardswish", nn.Hardsigmoid: "hardsigmoid", nn.Sigmoid: "sigmoid", nn.Tanh: "tanh",
    nn.Softplus: "softplus", nn.SELU: "selu", nn.CELU: "celu", nn.PReLU: "prelu", nn.Mish: "mish",
    nn.Hardtanh: "hardtanh", nn.LogSigmoid: "logsigmoid", nn.Softsign: "softsign",
}  # fmt: skip
LAYERS = {
    nn.MaxPool2d: "max_pool2d", nn.Conv2d: "conv2d", nn.Linear: "linear", nn.BatchNorm2d: "batch_norm",
    nn.LayerNorm: "layer_norm", nn.AvgPool2d: "average", nn.AdaptiveAvgPool2d: "average", nn.Softmax: "softmax",
    nn.Dropout: "shape", nn.Dropout2d: "shape", nn.Identity: "shape", nn.Flatten: "shape",
}  # fmt: skip
FUNCTIONS = {
    F.relu: "relu", torch.relu: "relu", torch.relu_: "relu", F.relu_: "relu", F.relu6: "relu6",
    F.leaky_relu: "leaky_relu", F.elu: "elu", F.silu: "silu", F.gelu: "gelu", F.hardswish: "hardswish",
    F.hardsigmoid: "hardsigmoid", torch.sigmoid: "sigmoid", F.sigmoid: "sigmoid", torch.tanh: "tanh", F.tanh: "tanh",
    F.softplus: "softplus", F.max_pool2d: "max_pool2d", torch.max_pool2d: "max_pool2d",
    F.layer_norm: "layer_norm", F.softmax: "softmax", torch.softmax: "softmax",
    F.avg_pool2d: "average", F.adaptive_avg_pool2d: "average", torch.mean: "average",
    operator.add: "add", torch.add: "add", operator.sub: "sub", torch.sub: "sub", operator.mul: "mul",
    torch.mul: "mul", operator.truediv: "div", torch.div: "div", operator.matmul: "matmul", torch.matmul: "matmul",
    torch.bmm: "matmul",
    **dict.fromkeys((operator.getitem, torch.flatten, torch.cat, torch.unsqueeze, torch.squeeze, torch.permute,
                     torch.transpose, torch.reshape, torch.chunk, F.dropout, F.pad), "shape"),
}  # fmt: skip
METHODS = {
    "relu": "relu", "relu_": "relu", "sigmoid": "sigmoid", "sigmoid_": "sigmoid", "tanh": "tanh", "tanh_": "tanh",
    "mean": "average", "softmax": "softmax", "add": "add", "sub": "sub", "mul": "mul", "div": "div",
    "matmul": "matmul", "bmm": "matmul",
    **dict.fromkeys(("flatten", "view", "reshape", "permute", "transpose", "contiguous", "unsqueeze", "squeeze",
                     "expand", "chunk", "split", "size"), "shape"),
}  # fmt: skip
OUT_OF_PLACE = {
    operator.iadd: operator.add, operator.isub: operator.sub, operator.imul: operator.mul,
    operator.itruediv: operator.truediv, "add_": torch.add, "sub_": torch.sub, "mul_": torch.mul, "div_": torch.div,
}  # fmt: skip
ELEMENTWISE = frozenset(ACTIVATIONS.values())
# Seen and named, but without a rule: a method that needs one for everything curved refuses the network.
CURVED = {
    "selu", "celu", "mish", "hardtanh", "prelu", "rrelu", "threshold", "glu", "logsigmoid", "softsign", "tanhshrink",
    "hardshrink", "softshrink", "abs", "exp", "erf", "log", "sqrt", "rsqrt", "square", "pow", "sin", "cos", "clamp",
    "clamp_min", "clamp_max", "maximum", "minimum", "softmax", "log_softmax", "sigmoid", "tanh", "where",
}  # fmt: skip


class Plain(nn.Module):
    """A step whose kind is known by name, as a function that changes nothing in place."""

    def __init__(self, kind: str, function: Forward) -> None:
        super().__init__()
        self.kind, self.function = kind, function

    def forward(self, z: Tensor) -> Tensor:
        """The step's own values."""
        return self.function(z)


def kind_of(g: fx.GraphModule, node: fx.Node) -> str | None:
    """Which kind of step a node is, or None where it is none of those known here."""
    if node.op == "call_module":
        module = g.get_submodule(node.target)
        return getattr(module, "kind", None) or ACTIVATIONS.get(type(module)) or LAYERS.get(type(module))
    if node.op == "call_function":
        if node.target.__name__ == "stochastic_depth":  # torchvision's own; in eval mode it gives its input back
            return "shape"
        kind = FUNCTIONS.get(node.target)
    else:
        kind = METHODS.get(node.target) if node.op == "call_method" else None
    return "square" if kind == "mul" and node.args[0] is node.args[1] else kind


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


def called(g: fx.GraphModule, node: fx.Node) -> str:
    """What a node calls, by name, for a sentence."""
    if node.op == "call_module":
        return type(g.get_submodule(node.target)).__name__
    return node.target if isinstance(node.target, str) else getattr(node.target, "__name__", node.name)


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
    return node.target in (torch.relu_, F.relu_) or node.target in OUT_OF_PLACE or bool(node.kwargs.get("inplace"))
