import pytest
import torch

from attrcore.data.digits import PackagedDigits, packaged_digits
from attrcore.kinds import Refused
from attrcore.png import in_letters
from attrcore.studies.fooling import Subject
from attrcore.studies.selection import Selection

MODEL = "MNIST CNN"


@pytest.mark.parametrize("count", [10, 50, 100, 500])
def test_drawn_digits_are_of_every_class_whatever_their_number(count):
    """Every n-th digit of a collection in the order 0 to 9, 0 to 9 would be of one class."""
    pixels = torch.from_numpy(packaged_digits()[0]).flatten(1)
    labels = [PackagedDigits().label(n) for n in PackagedDigits().names()]
    found = (Selection(count=count).opened(MODEL) * 255).round().byte().flatten(1)
    classes = {labels[int((pixels == one).all(1).nonzero()[0])] for one in found}
    assert len(found) == count and len(classes) >= min(count, 10) // 2 + 1 + 4 * (count >= 50)


def test_a_seed_gives_its_pictures_and_a_larger_count_the_same_and_more():
    few, many = (Selection(count=n, seed=3).opened(MODEL) for n in (5, 9))
    assert torch.equal(few, many[:5])
    assert not torch.equal(few, Selection(count=5, seed=4).opened(MODEL))


def test_a_subject_names_its_picture_or_holds_it():
    held = Subject(model=MODEL, picture=in_letters(packaged_digits()[0][42][None]))
    named = Subject(model=MODEL, picture="42", collection="Packaged digits")
    assert torch.equal(held.pixels(), named.pixels())
    with pytest.raises(Refused, match="no collection 'Elsewhere'"):
        Subject(model=MODEL, picture="42", collection="Elsewhere").pixels()
    with pytest.raises(Refused, match="takes pictures of"):
        Subject(model="RAR MNIST CNN (NATURAL)", picture=in_letters(packaged_digits()[0][42][None, :20])).pixels()
