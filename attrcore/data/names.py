"""Does a network know what a collection shows?  Both have only names, and write them in their own ways."""

import re
from collections.abc import Iterable

FILLERS = frozenset({"a", "an", "the", "of", "on", "its", "predicted"})


def known(labels: Iterable[str], classes: Iterable[str]) -> bool:
    """Is one of the labels one of the classes?  “a tabby cat” is “tabby”, “cat” is in “Egyptian cat”.

    True too where nothing can be said: no labels, or classes that have only numbers for names (“class 3”).
    """
    shown, names = {*map(words, labels)} - {frozenset()}, {*map(words, classes)} - {frozenset()}
    if not shown or all(re.fullmatch(r"class \d+", name) for name in classes):
        return True
    return any(label <= name or name <= label for label in shown for name in names)


def numbered(labels: Iterable[str], classes: Iterable[str]) -> list[int]:
    """The class of each label, where exactly one class has just its words; -1 elsewhere."""
    places: dict[frozenset[str], list[int]] = {}
    for i, name in enumerate(classes):
        places.setdefault(words(name), []).append(i)
    found = (places.get(words(label), []) for label in labels)
    return [one[0] if len(one) == 1 else -1 for one in found]


def words(name: str) -> frozenset[str]:
    """The words of a name that mean something, in small letters."""
    return frozenset(re.findall(r"[^\W_]+", name.lower())) - FILLERS
