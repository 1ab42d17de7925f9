"""What the validity gate found, in words and colours for people, and what follows from it."""

import math
import re
from dataclasses import fields
from typing import NamedTuple

from attrcore.explain.validity import Check
from attrcore.recipe import Recipe

MUCH = 0.2  # the share of chance from which a map is marked
NUMBER = re.compile(r"(?:below |over )?-?[\d.]+ %")

# law -> what a kept one is called, what a broken one is called, what is checked, and what that does not say
LAWS = {
    "completeness": (
        "sum kept, {} off",
        "sum broken, {} off",
        "Do the map's values add up to the change of the score from the baseline to the image, as the method promises?",
        "A kept sum says nothing about whether the map shows the network's reasons: many maps have the same sum.",
    ),
    "conservation": (
        "score kept, {} arrives",
        "score not kept, {} arrives",
        "Do the map's values add up to the score, as the method promises?",
        "A kept score says nothing about whether the map shows the network's reasons: many maps have the same sum.",
    ),
    "differs from the gradient": (
        "differs from the gradient",
        "same as the gradient",
        "The method changes the gradient's rules. Was the change applied, so that the map is another one?",
        "That a map differs makes it neither better nor truer.",
    ),
    "settled": (
        "random part {}",
        "mostly random, {}",
        "The method draws at random. How much of the map would other draws change?",
        "A map without a random part may still be wrong: it only stays the same when it is drawn again.",
    ),
}


class Badge(NamedTuple):
    """One finding, as it stands below a map."""

    words: str
    colour: str  # of Streamlit's badges: red broken, orange to be taken with care, blue and gray neutral
    help: str


def found(checks: list[Check], method: Recipe | None = None) -> list[Badge]:
    """One badge per law; or one that says why there is none."""
    first, *laws = checks
    if not first.holds:
        return [Badge(f"broken: {first.figure}", "red", first.says)]
    if laws:
        return [badge(check) for check in laws]
    if method is not None and not method.passes:
        says = "This picture never asks the network. A map that looks like it may owe its looks to the image alone."
        return [Badge("control map", "gray", says)]
    says = "This method promises no law that could be checked here. That says nothing for or against its map."
    return [Badge("nothing to check", "gray", f"{says}\n\n{first.says}")]


def badge(check: Check) -> Badge:
    """A law's badge.  No colour says "trust this map": a kept law only says that the method did what it promises."""
    kept, broken, asked, unsaid = LAWS[check.law]
    number = NUMBER.search(check.figure)
    words = (kept if check.holds else broken).format(number[0] if number else "")
    if not check.holds and not number and not check.figure.startswith("cosine"):
        words = f"broken: {check.figure}"  # a case of its own, such as an image that is its own baseline
    careful = check.law == "settled" and share(check) > MUCH
    colour = "red" if not check.holds else "orange" if careful else "blue"
    return Badge(words, colour, f"**What is checked:** {asked}\n\n{check.says}\n\n**What this does not say:** {unsaid}")


def share(check: Check) -> float:
    """The part of a map that is chance, off the figure of the law of settling."""
    digits = re.search(r"[\d.]+", check.figure)
    return float(digits[0]) / 100 if digits else 0.0


def advice(checks: list[Check], method: Recipe) -> str:
    """How to have less chance in a map, where there is much of it; empty where not.

    A mean's squared error falls as one over the number of its draws.  The share is that error in the squared length of
    a map which holds the error too, so its odds fall so.
    """
    (part, *_) = [share(check) for check in checks if check.law == "settled"] or [0.0]
    if part <= MUCH:
        return ""
    of, name = method, "samples"
    if hasattr(getattr(method, "background", None), "seed"):
        of, name = method.background, "count"
    drawn = {"samples": "samples", "count": "background images"}[name]
    if of is not method and hasattr(method, "samples"):
        return "More samples, and more background images, lower it."
    if not hasattr(of, name):
        return "Another seed gives another map."
    if not getattr(method, "a_mean", True) or part >= 1:
        return f"More {drawn} lower it."
    now, most = getattr(of, name), next(f.metadata["hi"] for f in fields(of) if f.name == name)
    odds = part / (1 - part)
    enough = now * odds / (MUCH / (1 - MUCH))
    if enough <= most:
        return f"{100 * MUCH:.0f} % takes about {rounded(enough)} {drawn}."
    left = odds * now / most
    return f"Even {most} {drawn} leave about {100 * left / (1 + left):.0f} %."


def rounded(number: float) -> int:
    """Upwards, to two digits."""
    unit = 10 ** max(0, math.floor(math.log10(number)) - 1)
    return math.ceil(number / unit) * unit
