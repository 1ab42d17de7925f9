import os

import numpy as np
import pytest

from attrcore.data.arrays import Cifar10Test, GtsrbTest


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("ATTRCORE_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


IMAGES = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)


def cifar(folder, **changes):
    (folder / "cifar10").mkdir(exist_ok=True)
    arrays = {"images": IMAGES, "labels": np.array([1, 0, 1], np.uint8), "classes": np.array(["cat", "dog"])}
    np.savez(folder / "cifar10" / "cifar10_test_1000.npz", **arrays | changes)
    return Cifar10Test()


def gtsrb(folder):
    (folder / "gtsrb").mkdir()
    np.savez(folder / "gtsrb" / "gtsrb_test_32.npz", images=IMAGES, labels=np.array([2, 0, 1], np.uint8))
    (folder / "gtsrb" / "classes.csv").write_text('class_id,name_en\n0,"No entry"\n2,"Ice, snow"\n')
    return GtsrbTest()


def test_cifar_is_read_row_by_row_with_its_classes(folder):
    pictures = cifar(folder)
    assert not pictures.missing() and pictures.names() == ("0", "1", "2")
    assert [pictures.label(n) for n in pictures.names()] == ["dog", "cat", "dog"]
    assert all(np.array_equal(np.asarray(pictures.open(str(i))), IMAGES[i]) for i in range(3))


def test_signs_have_their_names_and_one_without_a_name_its_number(folder):
    pictures = gtsrb(folder)
    assert not pictures.missing() and [pictures.label(n) for n in pictures.names()] == [
        "Ice, snow",
        "No entry",
        "class 1",
    ]
    assert np.array_equal(np.asarray(pictures.open("2")), IMAGES[2])


@pytest.mark.parametrize("cls", [Cifar10Test, GtsrbTest])
def test_what_is_missing_is_said_with_its_place(cls, folder):
    assert str(folder) in cls().missing() and cls().missing().endswith(".")


def test_an_array_is_read_once_until_its_file_changes(folder, monkeypatch):
    pictures, reads, load = cifar(folder), [], np.load
    monkeypatch.setattr(np, "load", lambda *args, **more: reads.append(args) or load(*args, **more))
    for _ in range(3):
        pictures.open("1"), pictures.label("2"), pictures.names()
    assert len(reads) == 3  # images, labels, classes
    cifar(folder, images=255 - IMAGES)
    os.utime(pictures.array(), ns=(1, 1))
    assert np.array_equal(np.asarray(pictures.open("0")), 255 - IMAGES[0])


@pytest.mark.parametrize("damage", [lambda d: d[:100], lambda d: b"", lambda d: b"PK\3\4" + bytes(50)])
def test_a_damaged_array_is_refused_in_a_sentence(folder, damage):
    pictures = cifar(folder)
    pictures.array().write_bytes(damage(pictures.array().read_bytes()))
    with pytest.raises(ValueError, match=r"must be an \.npz file"):
        pictures.names()


def test_an_array_of_python_objects_is_refused_not_unpickled(folder):
    with pytest.raises(ValueError, match=r"must be an \.npz file"):
        cifar(folder, labels=np.array([print, 0, 1], object)).names()
