"""Settings of studies in words: the line that tells runs apart, and the knobs in which they differ."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from hashlib import sha256
from typing import Any, NamedTuple

from attrcore.balls import LEVELS
from attrcore.recipe import Recipe, called
from pages.parts.knobs import label_of

# What tells runs apart at a glance, in this order, wherever in a study it stands; then whatever is not as usual.
FIRST = ("model", "picture", "explainer", "attacked", "aim", "ball", "eps", "collection", "levels", "count", "steps")
PLAIN = ("model", "explainer", "aim", "ball", "collection")  # said without their name
MOST = 9  # settings in a line
LONG = 60  # letters: pictures, digests and painted regions are longer


class Setting(NamedTuple):
    """One knob of a recipe, however deep it stands."""

    path: tuple[str, ...]
    owner: str  # the class of the recipe that has it
    value: Any  # of a part, its class by name


def settings(study: Recipe) -> list[Setting]:
    """Every knob, those of parts after the part itself."""
    return list(walk(study.to_dict()))


def walk(plain: dict[str, Any], under: tuple[str, ...] = ()) -> Iterator[Setting]:
    """The same of what `to_dict` says."""
    for name, value in plain.items():
        path = (*under, name)
        if isinstance(value, dict):
            yield Setting(path, plain["kind"], value["kind"])
            yield from walk(value, path)
        elif name != "kind":
            yield Setting(path, plain["kind"], value)


def line(study: Recipe) -> str:
    """The study in a line: MNIST CNN · Gradient · Drain top pixels · Linf · eps 26/255 · steps 100."""
    every = settings(study)
    first = [s for name in FIRST for s in sorted(every, key=lambda s: len(s.path)) if s.path[-1] == name]
    said = list({s.path[-1]: s for s in reversed(first)}.values())[::-1]  # the one that stands highest
    said += [s for s in every if s.path[-1] not in FIRST and not usual(s) and len(str(s.value)) <= LONG]
    told = [words(s) if s.path[-1] in PLAIN else f"{s.path[-1].replace('_', ' ')} {words(s)}" for s in said if s.value]
    return " · ".join(told[:MOST]) + (" · …" if len(told) > MOST else "") or "all settings as usual"


def usual(setting: Setting) -> bool:
    """Is it what its recipe has where nothing else is asked for?  Of parts, only knobs tell."""
    (f,) = (f for f in fields(Recipe.kinds[setting.owner]) if f.name == setting.path[-1])
    return setting.value == f.default or isinstance(f.default, Recipe)


def words(setting: Setting) -> str:
    """A value as people read it; what is too long to be read is named by its digest."""
    value = setting.value
    if isinstance(value, bool):
        return "on" if value else "off"
    if setting.owner == "Linf" and setting.path[-1] == "eps":
        return f"{value * LEVELS:.4g}/{LEVELS}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, str) and value in Recipe.kinds:
        return called(Recipe.kinds[value])
    text = str(value)
    return text if len(text) <= LONG else f"# {sha256(text.encode()).hexdigest()[:8]}"


def differences(studies: Sequence[Recipe]) -> dict[str, list[str]]:
    """The knobs in which studies differ, by name, with each study's value; an empty word where it has no such knob."""
    each = [{s.path: s for s in settings(study)} for study in studies]
    found, seen = {}, dict.fromkeys(path for one in each for path in one)
    place = {path: i for i, path in enumerate(seen)}
    for path in sorted(seen, key=lambda path: [place[path[:n]] for n in range(1, len(path) + 1)]):  # parts with theirs
        values = [one[path].value if path in one else None for one in each]
        if any(value != values[0] for value in values):
            told = [words(one[path]) if path in one else "" for one in each]
            if len(set(told)) < len({*map(repr, values)}):  # they are alike to so many places only
                told = ["" if value is None else repr(value) for value in values]
            found[", ".join(label_of(name) for name in path)] = told
    return found
