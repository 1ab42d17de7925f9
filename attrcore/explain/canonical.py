"""A network as relevance sees it: every convolution and linear layer with the BatchNorm behind it in its weights."""

from torch import Tensor, fx, nn
from torch.nn import functional as F

from attrcore.nodes import kind_of
from attrcore.rewrite import kept, taken_apart


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
        return self.layer.weight if self.norm is None else self.layer.weight * self.scale[:, None, None, None]

    @property
    def scale(self) -> Tensor:
        """What the norm multiplies each channel by."""
        n = self.norm
        scale = (n.running_var + n.eps).rsqrt()
        return scale if n.weight is None else scale * n.weight

    def linear(self, x: Tensor, weight: Tensor) -> Tensor:
        """The layer with these weights and without a bias."""
        if isinstance(self.layer, nn.Linear):
            return F.linear(x, weight)
        return self.layer._conv_forward(x, weight, None)  # which pads as the layer does

    def bias(self) -> Tensor:
        """Of layer and norm together, shaped to be added to outputs."""
        w = self.layer.weight
        b = w.new_zeros(len(w)) if self.layer.bias is None else self.layer.bias
        if self.norm is not None:
            b = (b - self.norm.running_mean) * self.scale + (0 if self.norm.bias is None else self.norm.bias)
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
                if norm is not None and norm.running_var is None:  # it goes by the batch, and stays a step
                    last, norm = node, None
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
