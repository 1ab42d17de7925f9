"""The passes that a step of an attack on maps cannot do without, written out by hand for two networks.

One step: the map on the softplus network, with its graph; the derivative of what it has on the clean map's top; a
signed step; and on the network itself a prediction and a map.  Knows nothing of attrcore.
"""

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

Map = Callable[["Chain", Tensor, Tensor, bool], Tensor]  # network, images, classes, with a graph? -> attribution


class Chain(nn.Module):
    """A network as its layers in a row, which is how these passes look at it."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        net = copy.deepcopy(net)
        if isinstance(net, nn.Sequential):  # Normalise, then torchvision's SqueezeNet
            layers = [net[0], *net[1].features, *net[1].classifier, nn.Flatten()]
        else:
            layers = list(net.children())
            layers.insert(next(i for i, m in enumerate(layers) if isinstance(m, nn.Linear)), nn.Flatten())
        self.layers = nn.ModuleList(layers)
        for m in self.modules():
            if isinstance(m, nn.ReLU):
                m.inplace = False  # DeepLIFT reads what is before it
        curved = [i for i, m in enumerate(layers) if isinstance(m, nn.ReLU | nn.Softplus)]
        flat = next((i for i, m in enumerate(layers) if isinstance(m, nn.Linear)), len(layers))
        self.last = max(i for i in curved if i < flat) + 1  # of the layers that give the last feature map

    def forward(self, x: Tensor) -> Tensor:
        """Images -> logits."""
        return through(self.layers, x)


def through(layers: Any, x: Tensor) -> Tensor:
    """One layer after the other."""
    for layer in layers:
        x = layer(x)
    return x


def score(logits: Tensor, label: Tensor) -> Tensor:
    """The sum of each image's logit of its class."""
    return logits.gather(1, label[:, None]).sum()


def gradient(net: Chain, x: Tensor, label: Tensor, graph: bool) -> Tensor:
    """Of the class score by the pixels."""
    return torch.autograd.grad(score(net(x), label), x, create_graph=graph)[0]


def grad_cam(net: Chain, x: Tensor, label: Tensor, graph: bool) -> Tensor:
    """The last feature map, weighted by its channels' mean gradient."""
    features = through(net.layers[: net.last], x)
    (g,) = torch.autograd.grad(score(through(net.layers[net.last :], features), label), features, create_graph=graph)
    cam = (g.mean((2, 3), keepdim=True) * features).sum(1, keepdim=True).relu()
    return F.interpolate(cam, x.shape[2:], mode="bilinear", align_corners=False)


def integrated(points: int) -> Map:
    """Integrated gradients from black at so many Gauss-Legendre points."""
    at, weight = (torch.from_numpy(t) / 2 for t in np.polynomial.legendre.leggauss(points))

    def attribution(net: Chain, x: Tensor, label: Tensor, graph: bool) -> Tensor:
        a, w = (t.to(x).repeat(len(x))[:, None, None, None] for t in (at + 0.5, weight))
        path = a * x.repeat_interleave(points, 0)
        path = path if path.requires_grad else path.requires_grad_()
        g = gradient(net, path, label.repeat_interleave(points), graph)
        return x * (w * g).unflatten(0, (-1, points)).sum(1)

    return attribution


def deeplift(net: Chain, x: Tensor, label: Tensor, graph: bool) -> Tensor:
    """DeepLIFT from black, rescale rule; the black image is passed once for the batch."""
    with torch.no_grad():
        others = values(net.layers, torch.zeros_like(x[:1]))
    logits, back = lifted(net.layers, x, iter(others), graph)
    with torch.set_grad_enabled(graph):
        return x * back(torch.zeros_like(logits).scatter_(1, label[:, None], 1.0))


def without_rules(net: Chain, x: Tensor, label: Tensor, graph: bool) -> Tensor:
    """As many passes as DeepLIFT makes, and the gradient in the place of its rules: less than it can do with."""
    with torch.no_grad():
        net(torch.zeros_like(x[:1]))
    return x * gradient(net, x, label, graph)


def values(layers: Any, z: Tensor) -> list[tuple[Tensor, Tensor]]:
    """What goes into each single layer and what comes out of it, in the order in which `lifted` asks."""
    found = []
    for layer in layers:
        if hasattr(layer, "squeeze"):
            first = values((layer.squeeze, layer.squeeze_activation), z)
            sides = [values(side, first[-1][1]) for side in expanded(layer)]
            found += [*first, *sides[0], *sides[1]]
            z = torch.cat([side[-1][1] for side in sides], 1)
        else:
            z, before = layer(z), z
            found.append((before, z))
    return found


def expanded(fire: Any) -> tuple[tuple[nn.Module, nn.Module], ...]:
    """The two sides of a Fire module."""
    return (fire.expand1x1, fire.expand1x1_activation), (fire.expand3x3, fire.expand3x3_activation)


def lifted(layers: Any, z: Tensor, others: Any, graph: bool) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """The forward pass, and the way of a message back through it."""
    backs = []
    for layer in layers:
        if hasattr(layer, "squeeze"):
            z, back = fire(layer, z, others, graph)
        else:
            before, (before0, after0) = z, next(others)
            z = layer(before)
            back = rule(layer, before, before0, z, after0, graph)
        backs.append(back)

    def whole(message: Tensor) -> Tensor:
        while backs:
            message = backs.pop()(message)
        return message

    return z, whole


def fire(layer: Any, z: Tensor, others: Any, graph: bool) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """The same for SqueezeNet's module with two sides."""
    z, first = lifted((layer.squeeze, layer.squeeze_activation), z, others, graph)
    (a, left), (b, right) = (lifted(side, z, others, graph) for side in expanded(layer))

    def back(message: Tensor) -> Tensor:
        one, other = message.split((a.shape[1], b.shape[1]), 1)
        return first(left(one) + right(other))

    return torch.cat((a, b), 1), back


def rule(layer: nn.Module, z: Tensor, z0: Tensor, y: Tensor, y0: Tensor, graph: bool) -> Callable[[Tensor], Tensor]:
    """What a layer sends back of a message: secants where it is curved, else the gradient."""
    if isinstance(layer, nn.ReLU):
        return lambda m: m * (y + y0) / (z.abs() + z0.abs() + torch.finfo(z.dtype).tiny)
    if isinstance(layer, nn.Softplus):

        def secant(m: Tensor) -> Tensor:
            run = z - z0
            flat = run.abs() <= 16 * torch.finfo(z.dtype).eps * (1 + z.abs())
            return m * torch.where(flat, torch.sigmoid(layer.beta * z), (y - y0) / torch.where(flat, 1.0, run))

        return secant
    if isinstance(layer, nn.MaxPool2d):
        return lambda m: pooled(layer, (z, z0, y, y0), m, graph)
    return lambda m: torch.autograd.grad(y, z, m, create_graph=graph)[0]


def pooled(layer: nn.MaxPool2d, at: tuple[Tensor, Tensor, Tensor, Tensor], message: Tensor, graph: bool) -> Tensor:
    """The pixels that decide a window share what reaches it: of the image where it is brighter there, else of black."""
    z, z0, high, high0 = at
    k, s, low = layer.kernel_size, layer.stride, torch.finfo(z.dtype).min / 4
    rim = [max(0, (n - 1) * s + k - side) for n, side in zip(high.shape[:1:-1], z.shape[:1:-1], strict=True)]
    with torch.enable_grad():
        a, b = (F.pad(t, (0, rim[0], 0, rim[1]), value=low).unfold(2, k, s).unfold(3, k, s) for t in (z, z0))
    up, tops = high >= high0, (high[..., None, None], high0[..., None, None])
    decides = torch.where(up[..., None, None], a == tops[0], b == tops[1])
    trifle = 16 * torch.finfo(z.dtype).eps * (1 + high.abs() + high0.abs())
    share = message / decides.sum((4, 5)) * ((high - high0).abs() + trifle)
    sent = share[..., None, None] / torch.where(decides, (a - b).abs() + trifle[..., None, None], torch.inf)
    return torch.autograd.grad(a, z, sent, create_graph=graph)[0]


class Walk(NamedTuple):
    """An attack as a loop of bare passes."""

    net: Chain
    soft: Chain
    attribution: Map
    x: Tensor
    label: Tensor
    top: Tensor  # (B, H, W) bool, the pixels to be drained
    chunk: int  # images whose graphs are kept at a time

    def slope(self, z: Tensor) -> Tensor:
        """Of one minus the share of the map on its former top, (B, C, H, W)."""
        found = []
        for one, label, top in zip(*(t.split(self.chunk) for t in (z, self.label, self.top)), strict=True):
            leaf = one.detach().requires_grad_()
            m = self.attribution(self.soft, leaf, label, True).abs().sum(1)
            away = 1 - (m * top).sum((1, 2)) / m.sum((1, 2))
            found.append(torch.autograd.grad(away.sum(), leaf)[0])
        return torch.cat(found)

    def look(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """The network's own logits and maps."""
        logits, maps = [], []
        for one, label in zip(z.split(self.chunk), self.label.split(self.chunk), strict=True):
            with torch.no_grad():
                logits.append(self.net(one))
            maps.append(self.attribution(self.net, one.detach().requires_grad_(), label, False).detach())
        return torch.cat(logits), torch.cat(maps)

    def step(self, z: Tensor, size: float, eps: float) -> Tensor:
        """The next images."""
        z = z + size * self.slope(z).sign()
        z = (self.x + (z - self.x).clamp(-eps, eps)).clamp(0, 1)
        self.look(z)
        return z
