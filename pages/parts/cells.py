"""What a study of transfer knows of each cell, and what follows from it: in marks, in words, in a file."""

import csv
from io import StringIO
from typing import Any, NamedTuple

from attrcore.studies.matrix import Row
from attrcore.studies.transfer import Transfer
from pages.parts.crossing import CONTROLS

FEW = 10  # pictures
LUCK = 0.025  # of unmoved cells lie below zero by a 95 % interval


class Spread(NamedTuple):
    """A mean over pictures with its 95 % interval; None where it is not known."""

    mean: float | None
    low: float | None
    high: float | None
    count: int

    @property
    def beyond(self) -> int:
        """On which side of zero the interval lies: -1, 1, or 0 where it holds zero or there is none."""
        if self.low is None or self.high is None:
            return 0
        return -1 if self.high < 0 else 1 if self.low > 0 else 0


class Reach(NamedTuple):
    """What one attack does beyond the random change."""

    method: str
    own: Spread | None  # to its own map, where that is looked at
    reached: dict[str, Spread]  # other methods whose interval lies below zero
    missed: dict[str, Spread]  # other methods
    controls: list[str]  # maps made without the network that lie below zero


def spread(facts: dict[str, Any], table: str, measure: str, i: int, j: int) -> Spread:
    """Of a cell of "likeness" or of "difference"."""
    return Spread(*(facts[table][measure][part][i][j] for part in Spread._fields))


def called(row: Row) -> str:
    """A row as the menu has it."""
    return {"attack": f"Attack on {row.method}", "walk": f"Random walk, best by {row.method}",
            "random": "One random change"}[row.kind]  # fmt: skip


def reaches(facts: dict[str, Any], measure: str) -> list[Reach]:
    """Of every attack that is measured by now."""
    found, columns = [], [column["method"] for column in facts["columns"]]
    for i, row in enumerate(facts["rows"]):
        if row["kind"] != "attack" or not facts["kept"][i]["count"]:
            continue
        cells = {name: spread(facts, "difference", measure, i, j) for j, name in enumerate(columns)}
        known = {name: cell for name, cell in cells.items() if cell.count}
        other = {name: cell for name, cell in known.items() if name not in (row["method"], *CONTROLS)}
        found.append(Reach(
            row["method"], known.get(row["method"]),
            {name: cell for name, cell in other.items() if cell.beyond < 0},
            {name: cell for name, cell in other.items() if cell.beyond >= 0},
            [name for name, cell in known.items() if name in CONTROLS and cell.beyond < 0],
        ))  # fmt: skip
    return found


def verdict(facts: dict[str, Any], measure: str) -> str:
    """What transfers to what, as Markdown; nothing before an attack and the random change are measured."""
    found = reaches(facts, measure)
    if not found:
        return ""
    if facts["pictures"] == 1:
        return (
            f"**One picture has no interval**: by {measure} nothing here tells what transfers from luck. Draw several "
            f"pictures for that. Less alike than under the random change, on this picture: {lower(found)}"
        )
    few = f" {facts['pictures']} pictures are few: intervals are wide, and rest on differences that are about normal."
    lines = "\n".join(f"- {line(reach)}" for reach in found)
    tested = sum(len(reach.reached) + len(reach.missed) for reach in found)
    cells = "1 cell" if tested == 1 else f"{tested} cells"
    luck = (
        f"Of {cells} off the diagonal each is tested at 5 %: were attacks no worse for other methods than the random "
        f"change, about {LUCK * tested:.1f} of them would still seem reached, by luck."
    )
    return (
        f"By **{measure}**, an attack *reaches* another method when that method's map is less like its clean one than "
        "under the random change, and the 95 % interval of this difference, over the same pictures, lies below "
        f"zero:\n\n{lines}\n\n{luck}{few if facts['pictures'] < FEW else ''}"
    )


def lower(found: list[Reach]) -> str:
    """Of one picture: which other maps each attack lowers more than the random change."""
    said = []
    for reach in found:
        below = [f"{name} ({numbers(cell)})" for name, cell in reach.missed.items() if (cell.mean or 0.0) < 0]
        said.append(f"attack on {reach.method}: {', '.join(below) or 'none'}")
    return f"{'; '.join(said)}."


def line(reach: Reach) -> str:
    """One attack in a sentence."""
    told = [f"{name} ({numbers(cell)})" for name, cell in reach.reached.items()]
    hit = f"reaches {', '.join(told)}" if told else "reaches no other method"
    miss = f"; not {', '.join(reach.missed)}" if told and reach.missed else ""
    own = ""
    if reach.own is not None:
        how = "its own map" if reach.own.beyond < 0 else "not even its own map"
        own = f"; {how} ({numbers(reach.own)})"
    edges = f". So it does {', '.join(reach.controls)}: the image's own change" if reach.controls else ""
    return f"The attack on **{reach.method}** {hit}{miss}{own}{edges}."


def figure(value: float | None) -> str:
    """To two decimals; nothing where there is none."""
    return "" if value is None else f"{round(value, 2) + 0.0:.2f}"


def signed(value: float | None) -> str:
    """The same with its sign."""
    return "" if value is None else f"{round(value, 2) + 0.0:+.2f}"


def numbers(cell: Spread) -> str:
    """A difference with its interval."""
    if cell.mean is None:
        return "no number"
    return signed(cell.mean) if cell.low is None else f"{signed(cell.mean)}, {signed(cell.low)} to {signed(cell.high)}"


def written(study: Transfer, facts: dict[str, Any]) -> bytes:
    """Every cell by every measure, comma-separated; what is not known is empty."""
    file = StringIO()
    writer = csv.writer(file)
    ends = ("mean", "low", "high")
    writer.writerow(["kind", "attacked", "seen by", "measure", "k", "pictures", *(f"likeness {e}" for e in ends),
                     *(f"difference {e}" for e in ends), "chance", "ceiling", "class kept", "reason"])  # fmt: skip
    for i, row in enumerate(facts["rows"]):
        for j, column in enumerate(facts["columns"]):
            for measure in facts["likeness"]:
                like, off = (spread(facts, table, measure, i, j) for table in ("likeness", "difference"))
                writer.writerow([
                    row["kind"], row["method"], column["method"], measure, study.k, like.count, *like[:3], *off[:3],
                    facts["chance"][measure][j], facts["ceiling"][measure][j], facts["kept"][i]["share"],
                    row["reason"] or column["reason"],
                ])  # fmt: skip
    return file.getvalue().encode()
