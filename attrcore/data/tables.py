"""The .csv tables beside pictures."""

import csv
from functools import lru_cache
from pathlib import Path


def rows(table: Path) -> list[dict[str, str]]:
    """The rows of a table with a head line, read once for as long as the file stays as it is; none where it is absent.

    What is damaged ends the table: a page that lists every collection must not fail for one of them.
    """
    try:
        return read(table, table.stat().st_mtime_ns)
    except OSError:
        return []


@lru_cache(maxsize=64)
def read(table: Path, changed: int) -> list[dict[str, str]]:
    """The same, by what decides it."""
    found = []
    with table.open(newline="", encoding="utf-8-sig", errors="replace") as f:
        try:
            found.extend(csv.DictReader(f))
        except csv.Error:
            return found
    return found
