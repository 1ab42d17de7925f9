"""Every model, by menu name.  An entry knows its size and whether it can be used here without loading anything."""

from attrcore.models.imagenet import ImageNet
from attrcore.models.shipped import Shipped

MODELS = {
    "MNIST CNN": Shipped("mnist-cnn"),
    "MNIST MLP": Shipped("mnist-mlp"),
    "SqueezeNet 1.1": ImageNet("squeezenet1_1", "squeezenet1_1-b8a52dc0.pth"),
    "SqueezeNet 1.0": ImageNet("squeezenet1_0", "squeezenet1_0-b66bff10.pth"),
    "MobileNet-v2": ImageNet("mobilenet_v2", "mobilenet_v2-b0353104.pth"),
    "ResNet-18": ImageNet("resnet18", "resnet18-f37072fd.pth"),
}
