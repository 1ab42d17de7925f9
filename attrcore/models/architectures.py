"""Every architecture that a visitor's weights may be for, by the name its code has."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import nn

from attrcore.models.cifar_resnet import DEPTHS, CifarResNet
from attrcore.models.imagenet import untrained
from attrcore.models.small import NETWORKS
from attrcore.models.zoo import ZOO


@dataclass(frozen=True)
class Architecture:
    """A network still without weights; lists itself without importing torchvision."""

    title: str  # for a menu
    build: Callable[[int, int], nn.Module]  # from the number of classes and the side of its images
    size: tuple[int, int, int] = (3, 224, 224)  # C, H, W that it is mostly used with; C is fixed


def of_torchvision(name: str, **more: bool) -> Callable[[int, int], nn.Module]:
    """How torchvision's network of this name is built."""
    return lambda classes, side: untrained(name, classes, side, **more)


def of_one_size(make: Callable[[int], nn.Module]) -> Callable[[int, int], nn.Module]:
    """How a network is built whose weights do not depend on the side."""
    return lambda classes, side: make(classes)


ARCHITECTURES = {
    **{
        n: Architecture(n, of_one_size(make), (1, 28, 28))
        for n, make in NETWORKS.items()
        if n != "RarCNN"  # a MnistCNN but for its first weights, and here there are others
    },
    **{
        f"resnet{depth}": Architecture(f"CIFAR ResNet-{depth}", of_one_size(partial(CifarResNet, depth)), (3, 32, 32))
        for depth in DEPTHS
    },
    **{e.architecture: Architecture(name, of_torchvision(e.architecture), e.size) for name, e in ZOO.items()},
    # A state dict does not say which of the two it was trained with.
    **{
        f"{e.architecture}_plain": Architecture(
            f"{name} without transform_input", of_torchvision(e.architecture, transform_input=False), e.size
        )
        for name, e in ZOO.items()
        if e.architecture in ("googlenet", "inception_v3")
    },
}


def last_layer(net: nn.Module) -> str:
    """Name of the layer that gives the logits: the last linear or convolutional one."""
    return [name for name, m in net.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)][-1]
