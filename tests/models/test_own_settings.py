import pytest

from attrcore.kinds import Refused
from attrcore.models.imagenet import MEAN, STD
from attrcore.models.own import Settings, accept
from tests.checkpoints import fresh, said, torch_file

pytestmark = pytest.mark.usefixtures("shelf")

GOOD = {"architecture": "resnet20", "size": (3, 32, 32), "mean": MEAN, "std": STD}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"architecture": "os.system"}, "There is no architecture os.system here."),
        ({"size": (1, 32, 32)}, "CIFAR ResNet-20 takes images of 3 channels, not of 1."),
        ({"size": (3, 0, 32)}, "Sides of an image must be 1 to 600 pixels, not 0 x 32."),
        ({"size": (3, 32, 10**6)}, "Sides of an image must be 1 to 600 pixels, not 32 x 1000000."),
        ({"resize": 31}, "Pictures must be brought to 32 to 1200 pixels, not 31."),
        ({"mean": (0.5, 0.5)}, "The mean must be one finite number or one per channel, not (0.5, 0.5)."),
        ({"mean": (float("nan"),)}, "The mean must be one finite number or one per channel, not (nan,)."),
        ({"std": ()}, "The std must be one finite number or one per channel, not ()."),
        ({"std": (0.2, 0.0, 0.2)}, "The std must be above zero, not 0.0."),
        ({"classes": ("a", " ")}, "The name of a class must have 1 to 100 letters."),
        ({"classes": ("a", "b" * 101)}, "The name of a class must have 1 to 100 letters."),
        ({"interpolation": "nearest"}, "The interpolation must be bilinear or bicubic."),
    ],
)
def test_settings_that_cannot_be_get_one_sentence(change, says):
    with pytest.raises(Refused) as refused:
        Settings(**GOOD | change)
    assert str(refused.value) == says


@pytest.mark.parametrize(
    ("architecture", "side", "says"),
    [
        ("MnistCNN", 32, "MnistCNN cannot take images of 1 x 32 x 32."),
        ("vit_b_32", 100, "ViT-B/32 cannot take images of 3 x 100 x 100."),
        ("squeezenet1_1", 16, "SqueezeNet 1.1 cannot take images of 3 x 16 x 16."),
        ("vit_b_32", 64, "encoder.pos_embedding has shape 1 x 10 x 768, not 1 x 5 x 768."),
    ],
)
def test_a_size_that_the_network_cannot_have_gets_one_sentence(architecture, side, says):
    weights = fresh(architecture, side=96).state_dict()
    with pytest.raises(Refused) as refused:
        accept(torch_file(weights), said(architecture, side), "a")
    assert str(refused.value).endswith(says)


def test_names_of_classes_must_be_as_many_as_the_outputs():
    with pytest.raises(Refused, match=r"^The last layer has 5 outputs, and 2 names of classes are given\.$"):
        accept(torch_file(fresh("resnet20").state_dict()), said("resnet20", classes=("cat", "dog")), "a")
