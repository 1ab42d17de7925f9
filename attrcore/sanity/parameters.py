"""Networks that lose their weights layer by layer: what stays of a map does not come from what was learned.

The model parameter randomisation test of Adebayo et al. (2018, arXiv:1810.03292).
"""

import copy
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, fx, nn

from attrcore.batches import alike
from attrcore.kinds import Refused
from attrcore.rewrite import traced

ORDERS = ("cascading", "bottom-up", "independent")
GRAINS = ("blocks", "layers")
NORMALISE = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm)  # they scale what the layer before gives
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")  # BatchNorm's: measured on images, and no weights


class Block(NamedTuple):
    """Layers that lose their weights together."""

    name: str
    layers: tuple[str, ...]  # as `layers` names them, in the order in which an image meets them


def layers(net: nn.Module) -> tuple[str, ...]:
    """What has weights, in the order in which an image meets it first: modules by name, and parameters beside modules.

    By the traced graph: the order in which a network's code names its layers need not be that of its forward pass.
    A parameter by its own name is one of a module that consists of others, such as a transformer's class token.
    Raises Refused where the network cannot be traced.
    """
    g, met = traced(net), {}
    names = {id(tensor): name for name, tensor in net.named_parameters()}
    for node in g.graph.nodes:
        for tensor in weights(g, node):
            name = names[id(tensor)]
            place = name.rpartition(".")[0]
            met[name if any(net.get_submodule(place).children()) else place] = None
    return tuple(met)


def weights(g: fx.GraphModule, node: fx.Node) -> Iterable[Tensor]:
    """The parameters that a step of the graph uses."""
    if node.op == "call_module":
        return g.get_submodule(node.target).parameters()
    if node.op == "get_attr":
        place, _, name = node.target.rpartition(".")
        found = getattr(g.get_submodule(place), name)
        return (found,) if isinstance(found, nn.Parameter) else ()
    return ()


def blocks(net: nn.Module, grain: str = "blocks") -> tuple[Block, ...]:
    """What loses its weights step by step, in the order in which an image meets it.

    "layers": each module with weights, a normalisation together with the layer before it.  "blocks": the parts that the
    network's code consists of, as the paper takes an Inception block or a ResNet stage: a part with more than half of
    all layers is taken apart.
    """
    found = layers(net)
    if not found:
        raise Refused("This network has no weights that could be randomised.")
    heads = {name: head(net, name, len(found) / 2, found) if grain == "blocks" else name for name in found}
    groups, modules = {}, dict(net.named_modules())
    last = ""
    for name in found:
        if heads[name] == name and last and isinstance(modules.get(name), NORMALISE):
            heads[name] = last
        last = heads[name]
        groups.setdefault(last, []).append(name)
    return tuple(Block(spoken(net, name), tuple(members)) for name, members in groups.items())


def head(net: nn.Module, layer: str, most: float, every: Sequence[str]) -> str:
    """The largest part around a layer that holds no more than so many of all layers."""
    parts = layer.split(".")
    for i in range(1, len(parts)):
        place = ".".join(parts[:i])
        if sum(name.startswith(f"{place}.") for name in every) <= most:
            return place
    return layer


def spoken(net: nn.Module, name: str) -> str:
    """A part's name without what every name begins with."""
    inside = nn.Sequential in type(net).__mro__ and len(net) == 2 and not any(net[0].parameters())
    return name.removeprefix("1.") if inside else name


def steps(parts: Sequence[Block], order: str) -> tuple[tuple[Block, ...], ...]:
    """Which blocks are random at each step, the first of which is none.

    cascading: from the logits down, one more at each step.  bottom-up: from the image up.  independent: one at a time,
    from the logits down; all others stay trained.
    """
    if order not in ORDERS:
        raise ValueError(f"order must be one of {', '.join(ORDERS)}, got {order!r}")
    down = list(parts)[::-1]
    if order == "independent":
        return ((), *((part,) for part in down))
    way = down if order == "cascading" else list(parts)
    return tuple(tuple(way[:n]) for n in range(len(way) + 1))


def randomised(net: nn.Module, first: nn.Module, lost: Iterable[Block], reset: bool = False) -> nn.Module:
    """A network like `net` whose blocks `lost` have the weights of `first`, which is of the same architecture.

    With `reset` BatchNorm's running statistics in these blocks become those of `first` too (as before training: mean 0,
    variance 1); without they stay, as in the paper, which counts weights only.  Its tensors are those of the two, which
    are left as found: nobody may write to them.
    """
    now, new, modules = tensors(net), tensors(first), dict(net.named_modules())
    memo = {id(t): t for t in now.values()}
    for layer in (layer for block in lost for layer in block.layers):
        memo |= {id(now[name]): new[name] for name in own(modules, layer, reset)}
    found = copy.deepcopy(net, memo)
    alike(found, net)
    return found


def tensors(net: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers by name, those too that have several."""
    return dict([*net.named_parameters(remove_duplicate=False), *net.named_buffers(remove_duplicate=False)])


def own(modules: dict[str, nn.Module], layer: str, reset: bool) -> list[str]:
    """Names of a layer's parameters, and with `reset` of its statistics; a parameter beside modules is its own."""
    if layer not in modules:
        return [layer]
    m = modules[layer]
    names = [name for name, _ in m.named_parameters(recurse=False)]
    names += [name for name, _ in m.named_buffers(recurse=False) if reset and name in STATISTICS]
    return [f"{layer}.{name}" if layer else name for name in names]


@torch.no_grad()
def alive(net: nn.Module, x: Tensor, before: Tensor) -> None:
    """Raise Refused where the logits of a few (B, C, H, W) are not finite, or all as they were.

    `before` (B, N) are those of the trained network; where the weights that were lost changed none of them, nothing
    that maps do says anything.
    """
    logits = net(x)
    if not logits.isfinite().all():
        raise Refused("With these layers randomised, the network's scores are not finite any more.")
    if torch.equal(logits, before):
        raise Refused("Randomising these layers changed none of the network's scores.")
