"""ResNets for 32 x 32 images, every layer a module of its own and used once."""

from torch import Tensor, nn
from torch.nn import functional as F

DEPTHS = (20, 32, 44, 56)


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut without weights.

    Where the block halves the image, the shortcut takes every second pixel and pads the new channels with zeros, half
    of them on either side: option A of He et al.
    """

    def __init__(self, before: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, channels, 3, stride, padding=1, bias=False)
        self.bn1, self.relu1 = nn.BatchNorm2d(channels), nn.ReLU()
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2, self.relu2 = nn.BatchNorm2d(channels), nn.ReLU()
        self.stride, self.new = stride, channels - before

    def forward(self, x: Tensor) -> Tensor:
        """(B, before, H, W) -> (B, channels, H / stride, W / stride)."""
        y = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        if self.new:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.new // 2, self.new // 2))
        return self.relu2(y + x)


class CifarResNet(nn.Module):
    """The residual networks for CIFAR-10 of He et al. (2016, arXiv:1512.03385), section 4.2, with option-A shortcuts.

    A convolution, three stages of (depth - 2) / 6 blocks with 16, 32 and 64 channels, the mean over the image, one
    linear layer.  Names of the weights are those of the checkpoints that are about: conv1, bn1, layer1.0.conv1, linear.
    """

    def __init__(self, depth: int, classes: int = 10) -> None:
        super().__init__()
        if depth not in DEPTHS:
            raise ValueError(f"CifarResNet.depth must be one of {', '.join(map(str, DEPTHS))}, got {depth}")
        blocks = (depth - 2) // 6
        self.conv1, self.bn1, self.relu = nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()
        self.layer1 = stage(16, 16, blocks, stride=1)
        self.layer2 = stage(16, 32, blocks, stride=2)
        self.layer3 = stage(32, 64, blocks, stride=2)
        self.pool, self.flatten = nn.AdaptiveAvgPool2d(1), nn.Flatten()
        self.linear = nn.Linear(64, classes)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, 32, 32), or any larger size, standardised -> (B, classes) logits."""
        x = self.layer3(self.layer2(self.layer1(self.relu(self.bn1(self.conv1(x))))))
        return self.linear(self.flatten(self.pool(x)))


def stage(before: int, channels: int, blocks: int, stride: int) -> nn.Sequential:
    """Blocks of one width, the first of which may halve the image."""
    first = Block(before, channels, stride)
    return nn.Sequential(first, *(Block(channels, channels, 1) for _ in range(blocks - 1)))
