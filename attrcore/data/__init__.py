"""Every collection of pictures, by menu name."""

from attrcore.data.arrays import Cifar10Test, GtsrbTest
from attrcore.data.digits import FashionTest, MnistTest, PackagedDigits
from attrcore.data.folders import folders
from attrcore.data.photos import DemoImages, Flowers17, Fundus, ImageNetPhotos, SamplePhotos
from attrcore.data.pictures import Pictures

DATASETS = {
    "Packaged digits": PackagedDigits,
    "MNIST test digits": MnistTest,
    "Fashion-MNIST test": FashionTest,
    "Sample photos": SamplePhotos,
    "ImageNet photos": ImageNetPhotos,
    "Sanity-check photos": DemoImages,
    "CIFAR-10 test": Cifar10Test,
    "Traffic signs": GtsrbTest,
    "Flowers": Flowers17,
    "Retinas": Fundus,
}


def collections() -> dict[str, Pictures]:
    """The table's collections, present or missing, and the reader's own folders that are there now, by menu name."""
    return {name: cls() for name, cls in DATASETS.items()} | folders()
