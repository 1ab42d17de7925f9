"""What a link asked for in vain, and what an address does not hold."""

import pytest

from attrcore import jobs
from pages.parts.address import same, sentence
from tests.pages.test_see import opened, text


@pytest.fixture(scope="module", autouse=True)
def engine():
    yield jobs.engine()
    jobs.close()


def told(at):
    return [e.value for e in at.info if "The link asked" in e.value]


def test_a_link_that_cannot_be_honoured_says_so():
    at = opened(**{"model": "own:ffffffffffffffff", "pictures1": "Flowers", "maps": ["Gradient", "Foo"],
                   "no.Packaged digits": "99999999", "class10": "twelve"})  # fmt: skip
    (said,) = told(at)
    assert "the model “own\\:ffffffffffffffff”, which is not here; this is “MNIST CNN”" in said
    assert "the collection “Flowers”, which is not here; this is “Packaged digits”" in said
    assert "the map “Foo”, which is not here; shown: “Gradient”" in said
    assert "the picture number “99999999”" in said and "the class “twelve”" in said and not at.exception
    at.selectbox(key="model").set_value("MNIST MLP").run()
    assert "the model" not in told(at)[0] and "Flowers" in told(at)[0]  # what was changed by hand is no more spoken of


def test_a_link_is_told_of_where_the_page_ends_early():
    at = opened(model="NoSuchNet", pictures1="A digit you draw")
    assert "the model “NoSuchNet”" in told(at)[0] and not at.exception


def test_a_link_that_is_honoured_says_nothing():
    at = opened(**{"model": "MNIST MLP", "maps": ["Gradient"], "no.Packaged digits": "3", "Look.opacity": "0.50",
                   "Look.one_scale": "TRUE", "class10": "7", "utm": "x"})  # fmt: skip
    assert not told(at) and "it holds every choice." in text(at)


@pytest.mark.parametrize(
    ("asked", "got", "alike"),
    [(["2"], 2.0, True), (["true"], True, True), (["a", "b"], ["b", "a"], True), (["a"], None, False),
     ([""], None, True), ([""], [], True), (["nan"], 1.0, False), (["7"], "7", True), (["a", "b"], ["a"], False)],
)  # fmt: skip
def test_link_and_widget_are_compared_as_people_would(asked, got, alike):
    assert same(asked, got) is alike


def test_a_links_own_words_are_short_and_no_markdown():
    assert sentence("model", ["[x](http://y)" + "z" * 999], "MNIST CNN").count("z") < 60
    assert r"\[x\]\(http" in sentence("model", ["[x](http://y)"], "MNIST CNN")
