"""Small networks for 28 x 28 grey images, every layer a module of its own and used once."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


class MnistCNN(nn.Module):
    """The MNIST network of Chen et al. (2019, arXiv:1905.09957) and Adebayo et al. (2018, arXiv:1810.03292).

    conv 5x5x32, pool, conv 5x5x64, pool, fc 1024, fc 10, with ReLU; 3.3 million weights.
    """

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.conv1, self.relu1, self.pool1 = nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)
        self.conv2, self.relu2, self.pool2 = nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)
        self.fc1, self.relu3 = nn.Linear(7 * 7 * 64, 1024), nn.ReLU()
        self.fc2 = nn.Linear(1024, classes)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, 28, 28) in [0, 1] -> (B, classes) logits."""
        x = self.pool1(self.relu1(self.conv1(x)))  # (B, 32, 14, 14)
        x = self.pool2(self.relu2(self.conv2(x)))  # (B, 64, 7, 7)
        return self.fc2(self.relu3(self.fc1(x.flatten(1))))


class RarCNN(MnistCNN):
    """MnistCNN with the first weights of Chen et al. (2019, arXiv:1905.09957): truncated normal of 0.1, biases 0.1.

    In the first fully connected layer nine times torch's own, and training hardly changes their size: 0.088 before and
    0.090 after, where MNIST CNN has 0.025.
    """

    def __init__(self, classes: int = 10) -> None:
        super().__init__(classes)
        for m in (self.conv1, self.conv2, self.fc1, self.fc2):
            nn.init.trunc_normal_(m.weight, std=0.1, a=-0.2, b=0.2)  # TensorFlow draws anew what is beyond 2 std
            nn.init.constant_(m.bias, 0.1)


class MnistMLP(nn.Module):
    """Three hidden ReLU layers as in Adebayo et al. (2018, arXiv:1810.03292), narrower: 1024, 512, 256."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.fc1, self.relu1 = nn.Linear(784, 1024), nn.ReLU()
        self.fc2, self.relu2 = nn.Linear(1024, 512), nn.ReLU()
        self.fc3, self.relu3 = nn.Linear(512, 256), nn.ReLU()
        self.fc4 = nn.Linear(256, classes)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, 28, 28) in [0, 1] -> (B, classes) logits."""
        x = self.relu1(self.fc1(x.flatten(1)))
        return self.fc4(self.relu3(self.fc3(self.relu2(self.fc2(x)))))


NETWORKS = {"MnistCNN": MnistCNN, "RarCNN": RarCNN, "MnistMLP": MnistMLP}


def fresh(network: str, seed: int) -> nn.Module:
    """An untrained network of `NETWORKS`; the same seed gives the same weights, on every device."""
    return drawn(NETWORKS[network], seed)


def drawn(make: Callable[[], nn.Module], seed: int) -> nn.Module:
    """The network that `make` builds, its first weights drawn by the seed; the global random state stays as found."""
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(seed)  # not torch.manual_seed: that reseeds every GPU too
        return make()
