import pytest

from attrcore.data.names import known, numbered
from attrcore.data.photos import SamplePhotos
from attrcore.models.imagenet import imagenet_classes

DIGITS = tuple("0123456789")


@pytest.mark.parametrize(
    ("labels", "classes", "answer"),
    [
        (["7"], DIGITS, True),
        (["trouser", "ankle boot"], DIGITS, False),
        (["tabby, tabby cat"], ("tabby", "loupe"), True),
        (["a tabby cat"], ("tabby",), True),
        (["Stop", "Speed limit (20 km/h)"], ("loupe", "street sign"), False),
        (["cat"], ("Egyptian cat",), True),
        (["", ""], DIGITS, True),
        (["Stop"], ("class 0", "class 1"), True),
    ],
)  # fmt: skip
def test_names_are_compared_by_their_words(labels, classes, answer):
    assert known(labels, classes) is answer


def test_imagenet_knows_the_sample_photos_and_cats_and_dogs_but_no_lesions_and_no_digits():
    assert known(SamplePhotos.shows.values(), imagenet_classes())
    assert known(["airplane", "automobile", "bird", "cat"], imagenet_classes())
    assert not known(["hard exudates", "haemorrhages"], imagenet_classes()) and not known(DIGITS, imagenet_classes())


def test_a_label_has_the_one_class_of_just_its_words():
    classes = ("tailed frog", "crane", "crane", "Egyptian cat")
    assert numbered(["a Tailed frog", "crane", "cat", ""], classes) == [0, -1, -1, -1]
    assert numbered(["7", "10"], [str(n) for n in range(10)]) == [7, -1]
