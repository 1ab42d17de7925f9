"""What a sanity check says of a method, in a sentence: what changes, at which layer, and against which null."""

from typing import Any

STILL = 0.99  # of its likeness to itself a map keeps as much if nothing changed, where no other seed says what is usual
SMALL = 0.02  # a difference in likeness that intervals may tell from none, and nobody sees
FEW = 3  # blocks that are named
NAMES = {"random map": "a random map", "input mask": "the input alone", "edges": "an edge detector"}
Point = dict[str, Any]  # mean, low and high over seeds, `pictures` [low, high], count


def verdict(steps: list[str], points: list[Point], nulls: dict[str, Point], order: str) -> str:
    """Of one method by one measure; nothing before a layer was lost, or of one picture and one draw of weights.

    A claim is made only beyond both intervals; where they are too wide for one, that is said.
    """
    known = [(name, p) for name, p in zip(steps[1:], points[1:], strict=True) if p["mean"] is not None]
    if not known or not bounded(known[-1][1]):
        return ""
    again, itself = nulls["another seed"], points[0]["mean"]
    usual = STILL * (1 if itself is None else itself) if again["mean"] is None else ends(again)[0]
    changed = next((name for name, p in known if ends(p)[1] < usual), None)
    changes = "changes" if all(ends(p)[0] >= usual for _, p in known) else "surely changes"
    if order == "independent":
        name, p = min(known, key=lambda pair: pair[1]["mean"])
        rest = also([other for other, q in known if other != name and ends(q)[0] <= ends(p)[1]])
        if changed:
            return f"It changes most when {name} alone is random: {told(p)}{rest}."
        least = f"it is least like itself when {name} is random: {told(p)}{rest}"
        return f"No layer alone {changes} it{blind(nulls, usual)}; {least}."
    says = [f"It changes from {changed} on" if changed else f"No layer {changes} it{blind(nulls, usual)}"]
    last, p = known[-1]
    all_ = "with all layers random" if last == steps[-1] else f"up to {last}"
    says.append(f"{all_} it keeps {told(p)}")
    return f"{'; '.join(says)}{beside(p, nulls)}."


def also(others: list[str]) -> str:
    """Blocks of which it is not sure that they count for less."""
    named = joined(others) if len(others) <= FEW else f"{len(others)} others"
    return f"; perhaps {named} {'counts' if len(others) == 1 else 'count'} as much" if others else ""


def blind(nulls: dict[str, Point], usual: float) -> str:
    """Where a map that asks no model is as like as one that has not changed, a change cannot be seen."""
    as_like = {name: null for name, null in mindless(nulls).items() if null["mean"] >= usual - SMALL}
    return f", and this measure could hardly show it: as much is scored by {listed(as_like)}" if as_like else ""


def class_verdict(points: list[Point], nulls: dict[str, Point]) -> str:
    """Of one method by one measure: what its map keeps when the runner-up is explained, and the least probable class.

    Nothing before both are known, and where one picture gives no interval.
    """
    if len(points) < 2 or any(p["mean"] is None for p in points):
        return ""
    if not bounded(points[1]):
        return ""
    last = f"; for the class of the lowest score {told(points[-1])}" if len(points) > 2 else ""
    return f"Explaining the runner-up it keeps {told(points[1])}{beside(points[1], nulls, 'class')}{last}."


def bounded(p: Point) -> bool:
    """Has it an interval of any kind?"""
    return any(v is not None for v in (p["low"], p["high"], *p.get("pictures", ())))


def labels_verdict(permuted: Point, other: Point, difference: Point, nulls: dict[str, Point]) -> str:
    """Of one method by one measure: do its maps tell a network that learned permuted labels from one of true labels?

    `difference` is the first likeness less the second, picture by picture.
    """
    if permuted["mean"] is None or other["mean"] is None or difference["low"] is None:
        return ""
    if difference["high"] < 0:
        hardly = "hardly " if difference["mean"] > -SMALL else ""
        says = f"Its maps {hardly}tell permuted labels from true ones"
    elif difference["low"] > 0:
        says = "Permuted labels change its maps less than other first weights do"
    elif max(difference["high"], -difference["low"]) < SMALL:
        says = "Its maps do not tell permuted labels from true ones"
    else:
        says = "Whether its maps tell permuted labels from true ones is not sure"
    apart = f"{difference['mean']:+.2g} ({difference['low']:+.2g} to {difference['high']:+.2g})"
    return (
        f"{says}: likeness {told(permuted)}{beside(permuted, nulls, 'labels')}; between two true-label networks "
        f"{told(other)}; difference {apart}."
    )


def beside(p: Point, nulls: dict[str, Point], what: str = "weights") -> str:
    """A likeness beside the nulls that ask no model: which it exceeds, and if not all, which it does not.

    `what` was lost: what a likeness has beyond them does not come from there.  Where the intervals overlap by more
    than anybody sees, nothing is known.
    """
    there = mindless(nulls)
    if not there:
        return ""
    others = {
        name: null for name, null in there.items() if ends(p)[0] <= ends(null)[1] or p["mean"] <= null["mean"] + SMALL
    }
    if not others:
        return f", more than {listed(there)}: part of it does not come from the {what}"
    reached = {name: null for name, null in others.items() if ends(p)[1] <= ends(null)[0] + SMALL}
    unsure = {name: null for name, null in others.items() if name not in reached}
    says = [f"no more than {listed(reached)}"] if reached else []
    return "".join(f", {one}" for one in (*says, *([f"not surely more than {listed(unsure)}"] if unsure else [])))


def mindless(nulls: dict[str, Point]) -> dict[str, Point]:
    """Those that ask no model, as far as they are known."""
    return {name: null for name, null in nulls.items() if name in NAMES and null["mean"] is not None}


def ends(p: Point) -> tuple[float, float]:
    """The widest of the intervals over seeds and over pictures; the mean itself where there is neither."""
    found = [v for v in (p["mean"], p["low"], p["high"], *p.get("pictures", ())) if v is not None]
    return min(found), max(found)


def told(p: Point) -> str:
    """A likeness with its widest interval, cut to what a likeness can be."""
    low, high = ends(p)
    return f"{p['mean']:z.2f}" if low == high else f"{p['mean']:z.2f} ({max(low, -1):z.2f} to {min(high, 1):z.2f})"


def listed(nulls: dict[str, Point]) -> str:
    """Nulls with what they score."""
    return joined([f"{NAMES[name]} ({null['mean']:z.2f})" for name, null in nulls.items()])


def joined(said: list[str]) -> str:
    """One, two and three."""
    return " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)
