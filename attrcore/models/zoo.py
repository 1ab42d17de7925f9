"""torchvision's classifiers, by menu name: file, MB, crop, short side, statistics of the first ImageNet weights.

Plain numbers, so that a page can list them without importing torchvision; a test compares each with torchvision's own.
Where a line says nothing: crop 224, short side 256, bilinear, the usual statistics.
"""

from attrcore.models.imagenet import ImageNet

HALF = {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}
CUBIC = {"interpolation": "bicubic"}


def square(side: int) -> tuple[int, int, int]:
    """The size of a colour image."""
    return 3, side, side


ZOO = {
    "SqueezeNet 1.1": ImageNet("squeezenet1_1", "squeezenet1_1-b8a52dc0.pth", 5),
    "SqueezeNet 1.0": ImageNet("squeezenet1_0", "squeezenet1_0-b66bff10.pth", 5),
    "MobileNet-v2": ImageNet("mobilenet_v2", "mobilenet_v2-b0353104.pth", 14),
    "ResNet-18": ImageNet("resnet18", "resnet18-f37072fd.pth", 45),
    # the four small ones first; then by family
    "AlexNet": ImageNet("alexnet", "alexnet-owt-7be5be79.pth", 233),
    "VGG-11": ImageNet("vgg11", "vgg11-8a719046.pth", 507),
    "VGG-11-BN": ImageNet("vgg11_bn", "vgg11_bn-6002323d.pth", 507),
    "VGG-13": ImageNet("vgg13", "vgg13-19584684.pth", 508),
    "VGG-13-BN": ImageNet("vgg13_bn", "vgg13_bn-abd245e5.pth", 508),
    "VGG-16": ImageNet("vgg16", "vgg16-397923af.pth", 528),
    "VGG-16-BN": ImageNet("vgg16_bn", "vgg16_bn-6c64b313.pth", 528),
    "VGG-19": ImageNet("vgg19", "vgg19-dcbb9e9d.pth", 548),
    "VGG-19-BN": ImageNet("vgg19_bn", "vgg19_bn-c79401a0.pth", 548),
    "ResNet-34": ImageNet("resnet34", "resnet34-b627a593.pth", 83),
    "ResNet-50": ImageNet("resnet50", "resnet50-0676ba61.pth", 98),
    "ResNet-101": ImageNet("resnet101", "resnet101-63fe2227.pth", 171),
    "ResNet-152": ImageNet("resnet152", "resnet152-394f9c45.pth", 230),
    "ResNeXt-50 32x4d": ImageNet("resnext50_32x4d", "resnext50_32x4d-7cdf4587.pth", 96),
    "ResNeXt-101 32x8d": ImageNet("resnext101_32x8d", "resnext101_32x8d-8ba56ff5.pth", 340),
    "ResNeXt-101 64x4d": ImageNet("resnext101_64x4d", "resnext101_64x4d-173b62eb.pth", 319, resize=232),
    "Wide ResNet-50-2": ImageNet("wide_resnet50_2", "wide_resnet50_2-95faca4d.pth", 132),
    "Wide ResNet-101-2": ImageNet("wide_resnet101_2", "wide_resnet101_2-32ee1156.pth", 243),
    "DenseNet-121": ImageNet("densenet121", "densenet121-a639ec97.pth", 31),
    "DenseNet-161": ImageNet("densenet161", "densenet161-8d451a50.pth", 110),
    "DenseNet-169": ImageNet("densenet169", "densenet169-b2777c0a.pth", 55),
    "DenseNet-201": ImageNet("densenet201", "densenet201-c1103571.pth", 77),
    "GoogLeNet": ImageNet("googlenet", "googlenet-1378be20.pth", 50),
    "Inception-v3": ImageNet("inception_v3", "inception_v3_google-0cc3c7bd.pth", 104, square(299), 342),
    "MobileNet-v3 small": ImageNet("mobilenet_v3_small", "mobilenet_v3_small-047dcff4.pth", 10),
    "MobileNet-v3 large": ImageNet("mobilenet_v3_large", "mobilenet_v3_large-8738ca79.pth", 21),
    "EfficientNet-B0": ImageNet("efficientnet_b0", "efficientnet_b0_rwightman-7f5810bc.pth", 20, **CUBIC),
    "EfficientNet-B1": ImageNet("efficientnet_b1", "efficientnet_b1_rwightman-bac287d4.pth", 30, square(240), **CUBIC),
    "EfficientNet-B2": ImageNet(
        "efficientnet_b2", "efficientnet_b2_rwightman-c35c1473.pth", 35, square(288), 288, **CUBIC
    ),
    "EfficientNet-B3": ImageNet(
        "efficientnet_b3", "efficientnet_b3_rwightman-b3899882.pth", 47, square(300), 320, **CUBIC
    ),
    "EfficientNet-B4": ImageNet(
        "efficientnet_b4", "efficientnet_b4_rwightman-23ab8bcd.pth", 74, square(380), 384, **CUBIC
    ),
    "EfficientNet-B5": ImageNet(
        "efficientnet_b5", "efficientnet_b5_lukemelas-1a07897c.pth", 117, square(456), 456, **CUBIC
    ),
    "EfficientNet-B6": ImageNet(
        "efficientnet_b6", "efficientnet_b6_lukemelas-24a108a5.pth", 165, square(528), 528, **CUBIC
    ),
    "EfficientNet-B7": ImageNet(
        "efficientnet_b7", "efficientnet_b7_lukemelas-c5b4e57e.pth", 255, square(600), 600, **CUBIC
    ),
    "EfficientNet-v2-S": ImageNet("efficientnet_v2_s", "efficientnet_v2_s-dd5fe13b.pth", 83, square(384), 384),
    "EfficientNet-v2-M": ImageNet("efficientnet_v2_m", "efficientnet_v2_m-dc08266a.pth", 208, square(480), 480),
    "EfficientNet-v2-L": ImageNet(
        "efficientnet_v2_l", "efficientnet_v2_l-59c71312.pth", 455, square(480), 480, **CUBIC, **HALF
    ),
    "ConvNeXt-T": ImageNet("convnext_tiny", "convnext_tiny-983f1562.pth", 109, resize=236),
    "ConvNeXt-S": ImageNet("convnext_small", "convnext_small-0c510722.pth", 192, resize=230),
    "ConvNeXt-B": ImageNet("convnext_base", "convnext_base-6075fbad.pth", 338, resize=232),
    "ConvNeXt-L": ImageNet("convnext_large", "convnext_large-ea097f82.pth", 755, resize=232),
    "ViT-B/16": ImageNet("vit_b_16", "vit_b_16-c867db91.pth", 330),
    "ViT-B/32": ImageNet("vit_b_32", "vit_b_32-d86f8d99.pth", 337),
    "ViT-L/16": ImageNet("vit_l_16", "vit_l_16-852ce7e3.pth", 1161, resize=242),
    "ViT-L/32": ImageNet("vit_l_32", "vit_l_32-c7638314.pth", 1169),
}
