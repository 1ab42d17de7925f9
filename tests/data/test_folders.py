import os
import time

import numpy as np
import pytest
from PIL import Image

from attrcore.data import DATASETS, collections
from attrcore.data.folders import Folder, folders


@pytest.fixture
def own(monkeypatch, tmp_path):
    """`folders/` of an empty data folder."""
    monkeypatch.setenv("ATTRCORE_DATA", str(tmp_path))
    (tmp_path / "folders").mkdir()
    return tmp_path / "folders"


def put(path, mode="RGB", color="red"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, (20, 30), color).save(path)


def test_every_folder_is_a_collection_with_a_class_per_folder(own):
    put(own / "birds" / "snow_owl" / "2.png")
    put(own / "birds" / "snow_owl" / "1.JPG")
    put(own / "birds" / "crow" / "a b.webp")
    put(own / "cars" / "bus" / "x.gif")
    assert list(folders()) == ["birds (own folder)", "cars (own folder)"]
    birds = collections()["birds (own folder)"]
    assert not birds.missing() and birds.names() == ("crow/a b.webp", "snow_owl/1.JPG", "snow_owl/2.png")
    assert [birds.label(n) for n in birds.names()] == ["crow", "snow owl", "snow owl"]
    assert birds.open("snow_owl/2.png").size == (20, 30) and birds.channels == 3


def test_a_table_may_name_the_classes(own):
    put(own / "birds" / "n01" / "1.png")
    put(own / "birds" / "n02" / "1.png")
    (own / "birds" / "classes.csv").write_text("folder,class_name\nn01,great tit\n")
    assert [Folder("birds").label(n) for n in Folder("birds").names()] == ["great tit", "n02"]


def test_only_pictures_in_class_folders_count(own):
    put(own / "birds" / "crow" / "1.png")
    put(own / "birds" / "loose.png")
    put(own / "birds" / "crow" / "deep" / "2.png")
    put(own / "birds" / ".hidden" / "3.png")
    put(own / "birds" / "crow" / "._4.png")
    (own / "birds" / "crow" / "notes.txt").write_text("x")
    os.mkfifo(own / "birds" / "crow" / "pipe.png")
    assert Folder("birds").names() == ("crow/1.png",)


def test_nothing_outside_opens(own):
    put(own / "birds" / "crow" / "1.png")
    put(own / "secret" / "x" / "1.png")
    put(own.parent / "top.png")
    strangers = ("../secret/x/1.png", "crow/../crow/1.png", "crow/../../secret/x/1.png", "../../top.png", "crow", "")
    for stranger in (*strangers, str(own / "birds" / "crow" / "1.png"), "crow//1.png", "./crow/1.png", "crow/1.png\0"):
        for ask in (Folder("birds").open, Folder("birds").label):
            with pytest.raises(KeyError):
                ask(stranger)


def test_a_file_that_comes_or_goes_is_noticed(own):
    put(own / "birds" / "crow" / "1.png")
    assert len(Folder("birds").names()) == 1
    put(own / "birds" / "crow" / "2.png")
    assert len(Folder("birds").names()) == 2
    (own / "birds" / "crow" / "1.png").unlink()
    assert Folder("birds").names() == ("crow/2.png",)
    put(own / "birds" / "jay" / "1.png")
    assert len(Folder("birds").names()) == 2


def test_an_empty_folder_says_how_to_fill_it(own):
    (own / "birds").mkdir()
    said = Folder("birds").missing()
    assert ".jpg" in said and str(own / "birds") in said and said.endswith(".")


def test_a_damaged_picture_gets_a_sentence(own):
    put(own / "birds" / "crow" / "1.png")
    (own / "birds" / "crow" / "1.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="is none of PNG"):
        Folder("birds").open("crow/1.png")


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("1", 1), ("RGB", 3)])
def test_grey_pictures_are_for_grey_networks(own, mode, channels):
    put(own / "signs" / "a" / "1.png", mode, 0)
    put(own / "signs" / "b" / "1.png", mode, 0)
    assert Folder("signs").channels == channels
    put(own / "signs" / "a" / "0.png")
    assert Folder("signs").channels == 3


def test_without_own_folders_there_is_the_table_alone(monkeypatch, tmp_path):
    monkeypatch.setenv("ATTRCORE_DATA", str(tmp_path / "nowhere"))
    assert list(collections()) == list(DATASETS)
    assert all(isinstance(c, DATASETS[name]) for name, c in collections().items())


def test_a_thousand_classes_are_listed_fast_the_second_time(own):
    for i in range(1000):
        (own / "many" / f"{i:04}").mkdir(parents=True)
        (own / "many" / f"{i:04}" / "1.png").touch()
        os.utime(own / "many" / f"{i:04}", ns=(1, 1))
    seconds = []
    for _ in range(6):
        start = time.perf_counter()
        assert not Folder("many").missing() and len(Folder("many").names()) == 1000
        seconds.append(time.perf_counter() - start)
    assert min(seconds[1:]) < seconds[0]  # what was found is remembered
    assert np.median(seconds[1:]) < 0.2
