import os

import numpy as np
import pytest
from PIL import Image

from attrcore.data.photos import DemoImages, Flowers17, Fundus, ImageNetPhotos
from attrcore.paths import data_folder
from tests.conftest import needs

LISTED = [ImageNetPhotos, DemoImages, Flowers17, Fundus]


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("ATTRCORE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def lay(cls, folder, table, files):
    """A collection with this table and these pictures, each with a red left half."""
    picture = Image.new("RGB", (40, 20), "white")
    picture.paste("red", (0, 0, 20, 20))
    (folder / cls.folder).mkdir(parents=True)
    (folder / cls.table).write_text(table)
    for file in files:
        (folder / cls.folder / file).parent.mkdir(parents=True, exist_ok=True)
        picture.save(folder / cls.folder / file, "PNG")
    return cls()


@pytest.mark.parametrize("cls", LISTED)
def test_without_a_data_folder_they_say_so_and_do_not_fail(cls, folder):
    assert str(folder) in cls().missing() and cls().missing().endswith(".") and cls().names() == ()


def test_a_picture_is_listed_where_table_and_folder_agree(folder):
    photos = lay(
        Flowers17, folder, "file,class_name\njpg/1/a.jpg,wild_rose\njpg/1/b.jpg,iris\n", ["jpg/1/a.jpg", "c.jpg"]
    )
    assert not photos.missing() and photos.names() == ("jpg/1/a.jpg",) and photos.label("jpg/1/a.jpg") == "wild rose"
    assert photos.open("jpg/1/a.jpg").getpixel((3, 3)) == (255, 0, 0)
    for stranger in ("jpg/1/b.jpg", "c.jpg", "jpg/1/../1/a.jpg", "labels.csv", str(folder / "flowers17/jpg/1/a.jpg")):
        with pytest.raises(KeyError):
            photos.open(stranger)


def test_a_table_that_points_out_of_its_folder_is_not_followed(folder):
    table = f"file,class_name\na.png,a\n../secret.png,b\n{folder}/imagenet/secret.png,c\n"
    photos = lay(ImageNetPhotos, folder, table, ["a.png", "../secret.png"])
    assert photos.names() == ("a.png",)


@pytest.mark.parametrize(
    "table", ["", "nonsense", "file\n\0\n", "class_name\nx\n", "file,class_name\n" + "x" * 200_000]
)
def test_a_damaged_table_hides_its_pictures_and_breaks_nothing(folder, table):
    photos = lay(ImageNetPhotos, folder, table, ["a.png"])
    assert photos.names() == () and "There are no pictures" in photos.missing()


def test_a_table_that_changes_is_read_again(folder):
    photos = lay(ImageNetPhotos, folder, "file,class_name\na.png,a\n", ["a.png", "b.png"])
    assert photos.names() == ("a.png",)
    (folder / photos.table).write_text("file,class_name\nb.png,b\n")
    os.utime(folder / photos.table, ns=(1, 1))
    assert photos.names() == ("b.png",) and photos.label("b.png") == "b"


def test_a_damaged_picture_gets_a_sentence(folder):
    photos = lay(ImageNetPhotos, folder, "file,class_name\na.png,a\n", ["a.png"])
    (folder / photos.folder / "a.png").write_bytes(b"<html>not found</html>")
    with pytest.raises(ValueError, match="is none of PNG"):
        photos.open("a.png")


def test_a_demo_image_says_who_labelled_it(folder):
    rows = "a.png,ear,prediction only (p=0.9)\nb.png,beacon,from the file name\nc.png,,not an ILSVRC image\n"
    photos = lay(DemoImages, folder, "file,class_name,basis\n" + rows, ["a.png", "b.png", "c.png"])
    assert [photos.label(n) for n in photos.names()] == ["ear (predicted)", "beacon", "not labelled"]


def test_a_retina_is_listed_once_with_its_kinds_of_lesion(folder):
    boxes = "a.png,optic_disc\na.png,hard_exudates\na.png,haemorrhage\na.png,hard_exudates\nb.png,optic_disc\n"
    photos = lay(Fundus, folder, "file,class\n" + boxes, ["a.png", "b.png"])
    assert [photos.label(n) for n in photos.names()] == ["haemorrhage, hard exudates", "no lesion boxed"]
    assert "CC BY 4.0" in photos.credit and "CC BY-SA 4.0" in photos.credit and "Porwal" in photos.credit


@needs("imagenet/photos")
def test_a_photo_has_the_pixels_that_pillow_reads():
    photos = ImageNetPhotos()
    name = photos.names()[3]
    theirs = Image.open(data_folder() / photos.folder / name).convert("RGB")
    assert np.array_equal(np.asarray(photos.open(name)), np.asarray(theirs))


@needs("flowers17")
def test_there_are_eighty_photos_of_each_of_seventeen_flowers():
    flowers = Flowers17()
    counts = np.unique([flowers.label(n) for n in flowers.names()], return_counts=True)[1]
    assert counts.tolist() == [80] * 17
