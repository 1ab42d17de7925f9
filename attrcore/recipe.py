"""Recipes: frozen settings you can call, print, compare and save.

Knobs live in the constructor, data comes in the call.  One `knob` line holds a setting's
default, its range or choices and its help text, so that a page draws the widget and the
constructor refuses a bad value from the same source.
"""

import json
import math
import re
from dataclasses import dataclass, field, fields
from functools import cache
from hashlib import sha256
from typing import Any, ClassVar, Self, get_type_hints

MEANING = 5  # to be raised whenever the same settings come to mean something else: old results are not those asked for


def knob(
    default: Any,
    lo: float | None = None,
    hi: float | None = None,
    help: str = "",
    choices: tuple[str, ...] = (),
    label: str = "",
    when: dict[str, tuple[Any, ...]] | None = None,
) -> Any:
    """A dataclass field with a range [lo, hi] or a tuple of choices, and a sentence of help.

    A page calls it by its `label`, or by its field's name where there is none.  `when` says for which values of knobs
    before it (name -> values) it does anything; without, it always does.

    Raises TypeError for a number without its range: a page could not draw it.
    """
    if type(default) in (int, float) and (lo is None or hi is None):
        raise TypeError(f"a knob that holds a number must have a range, got {default!r} with [{lo}, {hi}]")
    about = {"lo": lo, "hi": hi, "help": help, "choices": choices, "label": label, "when": when or {}}
    return field(default=default, metadata=about)


def part(default: "Recipe", help: str, choices: dict[str, type["Recipe"]] | None = None) -> Any:
    """A dataclass field that holds a recipe, which a page lets one choose from `choices` (menu name -> class).

    Without `choices` these are the family of the field's type: see `family`.
    """
    return field(default=default, metadata={"help": help, "part": True, "of": choices or {}})


@dataclass(frozen=True)
class Recipe:
    """Base of everything with knobs.  Checks every knob once, when built.

    Raises TypeError for a value of another type than the field's, ValueError for one outside
    its range or choices.  A whole number given to a float knob becomes a float, so that equal
    settings have equal keys.
    """

    kinds: ClassVar[dict[str, type["Recipe"]]] = {}

    def __init_subclass__(cls) -> None:
        """Remember the class by its name, so that saved settings find it again."""
        known = Recipe.kinds.get(cls.__name__)
        if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise TypeError(f"two recipes are named {cls.__name__}: {known.__module__} and {cls.__module__}")
        Recipe.kinds[cls.__name__] = cls

    def __post_init__(self) -> None:
        """Check every knob."""
        for f in fields(self):
            value, where = getattr(self, f.name), f"{type(self).__name__}.{f.name}"
            kind = types(type(self))[f.name]
            if kind is float and type(value) in (int, float):
                value = value + 0.0  # 1 and 1.0, and 0.0 and -0.0, are equal settings and must have equal keys
                object.__setattr__(self, f.name, value)
            if not fits(value, kind):
                raise TypeError(f"{where} must be of type {kind.__name__}, got {value!r}")
            if f.metadata.get("of") and type(value) not in f.metadata["of"].values():
                names = ", ".join(c.__name__ for c in f.metadata["of"].values())
                raise ValueError(f"{where} must be one of {names}, got {value!r}")
            lo, hi, choices = (f.metadata.get(k) for k in ("lo", "hi", "choices"))
            if lo is not None and not (lo <= value <= hi and math.isfinite(value)):
                raise ValueError(f"{where} must be in [{lo}, {hi}], got {value!r}")
            if choices and value not in choices:
                raise ValueError(f"{where} must be one of {', '.join(choices)}, got {value!r}")

    @classmethod
    def title(cls) -> str:
        """First line of the docstring: what it is and where it comes from."""
        return (cls.__doc__ or cls.__name__).partition("\n")[0]

    @classmethod
    def story(cls) -> str:
        """The docstring after its first line, unwrapped: the equation, the caveat."""
        rest = (cls.__doc__ or "").partition("\n")[2]
        return "\n\n".join(" ".join(block.split()) for block in rest.split("\n\n") if block.strip())

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able settings, recipes inside recipes included."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        plain = {k: v.to_dict() if isinstance(v, Recipe) else v for k, v in values.items()}
        return {"kind": type(self).__name__, **plain}

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> Self:
        """The recipe that `to_dict` described.  Builds only recipes already imported, nothing else.

        Raises ValueError when the kind is unknown, is no `cls`, or has other knobs.
        """
        kind = settings.get("kind") if isinstance(settings, dict) else None
        found = Recipe.kinds.get(kind) if isinstance(kind, str) else None
        if found is None or not issubclass(found, cls):
            raise ValueError(f"kind must name a {cls.__name__}, got {kind!r}")
        strange = sorted(settings.keys() - {f.name for f in fields(found)} - {"kind"})
        if strange:
            raise ValueError(f"{kind} has no knob {', '.join(map(repr, strange))}")
        values = {k: Recipe.from_dict(v) if isinstance(v, dict) else v for k, v in settings.items()}
        del values["kind"]
        return found(**values)

    def key(self) -> str:
        """Sixteen hex digits that change when any setting does, or what settings mean: the name of the result."""
        return sha256(f"{MEANING} {json.dumps(self.to_dict(), sort_keys=True)}".encode()).hexdigest()[:16]


def parts(cls: type[Recipe], name: str) -> dict[str, type[Recipe]]:
    """What the part `name` of a recipe may be, by menu name."""
    (f,) = (f for f in fields(cls) if f.name == name)
    return f.metadata["of"] or family(types(cls)[name])


def family(kind: type[Recipe]) -> dict[str, type[Recipe]]:
    """Every recipe known so far that is a `kind`, by menu name: MeanColour is "Mean colour"."""
    return {called(cls): cls for cls in Recipe.kinds.values() if issubclass(cls, kind) and cls is not kind}


_names: dict[type, str] = {}


def menu(kinds: dict[str, type[Any]]) -> dict[str, type[Any]]:
    """A menu of classes; from here on `called` tells them by their names in it."""
    _names.update({cls: name for name, cls in kinds.items()})
    return kinds


def called(cls: type[Recipe]) -> str:
    """A class of recipes as people read it: its name in a menu, or MeanColour is "Mean colour"."""
    return _names.get(cls) or re.sub("(?<=[a-z])(?=[A-Z])", " ", cls.__name__).capitalize()


@cache
def types(cls: type[Recipe]) -> dict[str, Any]:
    """The type of each knob, also where the module writes its annotations as strings."""
    return get_type_hints(cls)


def fits(value: Any, kind: Any) -> bool:
    """May a knob of type `kind` hold `value`?  Protocols are left to those who call them."""
    if kind in (int, float, bool, str):
        return type(value) is kind  # not isinstance: True is an int to Python, and no number of steps to us
    return isinstance(value, kind) if isinstance(kind, type) and issubclass(kind, Recipe) else True
