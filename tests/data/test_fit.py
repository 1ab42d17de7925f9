import io

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from attrcore.data.digits import PackagedDigits
from attrcore.data.fit import fit, fit_and_say
from attrcore.data.photos import SamplePhotos
from attrcore.png import packed


@pytest.mark.parametrize("name", SamplePhotos.shows)
def test_it_is_torchvisions_imagenet_preprocessing(name):
    picture = SamplePhotos().open(name)
    theirs = v2.Compose([v2.Resize(256), v2.CenterCrop(224), v2.PILToTensor()])(picture.convert("RGB"))
    assert np.abs(fit(picture, (3, 224, 224), 256).astype(int) - theirs.numpy().astype(int)).max() <= 1


def test_a_digit_of_the_right_size_is_left_alone():
    digit = PackagedDigits().open("7")
    assert np.array_equal(fit(digit, (1, 28, 28), 28)[0], np.asarray(digit))


@pytest.mark.parametrize("size", [(1, 28, 28), (3, 224, 224), (3, 32, 48)])
def test_a_file_of_the_networks_own_size_comes_back_to_the_last_level(size):
    """What was saved by this project, such as an attacked image, must not be resampled."""
    pixels = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
    pixels[:, [0, -1]] = pixels[:, :, [0, -1]] = 60
    picture = Image.open(io.BytesIO(packed(pixels)))
    found, said = fit_and_say(picture, size, 256)
    assert np.array_equal(found, pixels) and said == ""


def test_dark_ink_on_white_paper_becomes_white_on_black():
    digit = PackagedDigits().open("7")
    paper = Image.fromarray(255 - np.asarray(digit))
    assert np.array_equal(fit(paper, (1, 28, 28), 28)[0], np.asarray(digit))


def test_a_tall_digit_is_padded_not_cut_and_the_picture_says_so():
    paper = Image.new("L", (300, 500), 230)
    for box in ((50, 20, 250, 50), (220, 50, 250, 480)):  # a seven
        paper.paste(10, box)
    pixels, said = fit_and_say(paper, (1, 28, 28), 28)
    assert said == "padded to a square, inverted"
    rows, cols = np.nonzero(pixels[0] > 127)
    assert rows.min() <= 2 and rows.max() >= 26 and cols.max() - cols.min() >= 10
    assert (pixels[0, :, :4] == 25).all()  # the pad has the paper's colour: no edge where the picture ends


def test_a_photo_says_that_it_is_cropped():
    assert fit_and_say(Image.new("RGB", (400, 300), "red"), (3, 224, 224), 256)[1] == "centre crop"
    assert fit_and_say(Image.new("RGB", (224, 224), "red"), (3, 224, 224), 224)[1] == ""


NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (1001, 1403, 3), np.uint8))


@pytest.mark.parametrize("shape", [(32, 32), (33, 32), (30, 50), (366, 256), (640, 425), (1000, 999), (1403, 140)])
@pytest.mark.parametrize(
    ("size", "resize"), [((3, 32, 32), 32), ((3, 299, 299), 342), ((3, 224, 224), 256), ((3, 48, 64), 48)]
)
def test_it_is_torchvisions_preprocessing_for_every_colour_network(shape, size, resize):
    picture = NOISE.crop((0, 0, *shape))
    theirs = v2.Compose([v2.Resize(resize), v2.CenterCrop(size[1:]), v2.PILToTensor()])(picture)
    assert np.array_equal(fit(picture, size, resize), theirs.numpy())


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_a_grey_picture_fills_three_equal_channels_and_says_so(mode):
    grey = PackagedDigits().open("7").resize((32, 32)).convert(mode)
    pixels, said = fit_and_say(grey, (3, 32, 32), 32)
    assert said == "grey in all three channels"
    assert all(np.array_equal(channel, np.asarray(grey.convert("L"))) for channel in pixels)


def test_a_colour_picture_becomes_grey_for_a_digit_network_and_says_so():
    red = Image.new("RGB", (28, 28))
    red.paste("red", (10, 4, 18, 24))
    pixels, said = fit_and_say(red, (1, 28, 28), 28)
    assert said == "made grey" and pixels[0, 10, 12] == 76 and pixels[0, 0, 0] == 0  # 76 = 0.299 x 255, ITU-R 601


def test_a_digit_photographed_in_colour_is_not_called_coloured():
    file = io.BytesIO()
    PackagedDigits().open("7").convert("RGB").save(file, "JPEG", quality=60)
    assert fit_and_say(Image.open(file), (1, 28, 28), 28)[1] == ""


def test_a_crop_wider_than_the_picture_says_that_it_is_padded():
    assert fit_and_say(NOISE.crop((0, 0, 40, 40)), (3, 48, 64), 48)[1] == "enlarged from 40 x 40 px, padded with black"


@pytest.mark.parametrize("shape", [(28, 28), (300, 20), (20, 300), (1000, 999)])
@pytest.mark.parametrize(("size", "resize"), [((1, 28, 28), 28), ((3, 224, 224), 256)])
def test_any_shape_fits(shape, size, resize):
    pixels = fit(Image.new("RGB", shape), size, resize)
    assert pixels.shape == size and pixels.dtype == np.uint8 and torch.from_numpy(pixels) is not None
