"""Every collection of pictures, by menu name."""

from attrcore.data.pictures import ImageNetPhotos, MnistTest, PackagedDigits, SamplePhotos

DATASETS = {
    "Packaged digits": PackagedDigits,
    "MNIST test digits": MnistTest,
    "Sample photos": SamplePhotos,
    "ImageNet photos": ImageNetPhotos,
}
