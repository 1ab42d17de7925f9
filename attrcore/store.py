"""All runs together: the shelf that finds them again, and what may be done with one.

The folders are the truth.  The index (SQLite) only remembers what they said, each row with the stamp of the file it
was read from, so that a list of a thousand runs reads the few that changed; lost or damaged it is made anew.
Only processes that serve pages open it, so the folder may be on a disk that other machines share with this one.
"""

import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from attrcore import kept
from attrcore.folder import LIVE, Folder, Look
from attrcore.kinds import Refused
from attrcore.paths import runs_folder

log = logging.getLogger(__name__)

TABLE = """CREATE TABLE IF NOT EXISTS runs (key TEXT PRIMARY KEY, kind TEXT, title TEXT, visitor TEXT, state TEXT,
           made REAL, size INTEGER, pinned INTEGER, stamp INTEGER)"""
COLUMNS = "key, kind, title, visitor, state, made, size, pinned"


class Entry(NamedTuple):
    """One run on the shelf."""

    key: str
    kind: str  # the recipe's class
    title: str  # its first sentence
    visitor: str
    state: str
    made: float  # when it was asked for, as time.time() counts
    size: int  # bytes on disk, when last looked
    pinned: bool


def look(key: str) -> Look | None:
    """How the run is; None where there is none.  Cheap: pages ask four times a second."""
    return Folder(key).look()


def sound(key: str) -> bool:
    """Is it done, and its result what was written?"""
    with suppress(kept.Damaged):
        return bool(kept.check(key))
    return False


def listed(visitor: str | None = None) -> list[Entry]:
    """The runs, those of one visitor or all, the latest first."""
    with index() as db:
        rows = db.execute(f"SELECT {COLUMNS} FROM runs WHERE ?1 IS NULL OR visitor = ?1 ORDER BY made DESC", [visitor])
        return [Entry(*row[:-1], pinned=bool(row[-1])) for row in rows]


def pin(key: str, pinned: bool = True) -> None:
    """Keep it when others are pruned, or no longer.  Raises Refused where there is none, NotKept."""
    there(key)
    try:
        with kept.kept():
            (Folder(key) / "pinned").touch() if pinned else (Folder(key) / "pinned").unlink(missing_ok=True)
    except FileNotFoundError as e:  # somebody deletes it at this moment
        raise Refused(f"There is no run {key} here.") from e


def delete(key: str) -> None:
    """Take it off the disk.  Raises Refused for one that runs or waits."""
    if there(key).live:
        raise Refused("A run that is not over cannot be deleted. Cancel it first.")
    kept.remove(Folder(key))


def prune(most: int) -> list[str]:
    """Delete what ended, the oldest first, until all together have at most `most` bytes; pinned ones stay."""
    entries, gone = listed(), []
    total = sum(entry.size for entry in entries)
    for entry in reversed(entries):
        if total > most and not entry.pinned and entry.state not in LIVE:
            with suppress(Refused):  # deleted meanwhile, or started again
                delete(entry.key)
                gone.append(entry.key)
            total -= entry.size
    for half in runs_folder().glob(".gone-*"):  # a deletion that was broken off
        shutil.rmtree(half, ignore_errors=True)
    return gone


def there(key: str) -> Look:
    """The run.  Raises Refused where there is none."""
    if (seen := look(key)) is None:
        raise Refused(f"There is no run {key} here.")
    return seen


@contextmanager
def alone() -> Iterator[None]:
    """No other process starts a run meanwhile."""
    with index() as db:
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            db.execute("ROLLBACK")


@contextmanager
def index() -> Iterator[sqlite3.Connection]:
    """The index, brought up to date.  Where the disk does not take it, one in memory."""
    root = runs_folder()
    try:
        root.mkdir(parents=True, exist_ok=True)
        db = opened(root / "index.sqlite")
        try:
            refresh(db, root)
        except sqlite3.Error:
            db.close()
            raise
    except (sqlite3.Error, OSError) as e:
        log.warning("the index of runs is kept in memory: %s", e)
        db = connected(":memory:")
        refresh(db, root)
    try:
        yield db
    finally:
        db.close()


def opened(path: Path) -> sqlite3.Connection:
    """The index in that file, an empty one where it was damaged."""
    try:
        return connected(path)
    except sqlite3.OperationalError:
        raise  # locked, read-only, full: not damaged
    except sqlite3.DatabaseError:
        log.warning("the index of runs was damaged and is made anew")
        for part in ("", "-wal", "-shm"):
            Path(f"{path}{part}").unlink(missing_ok=True)
        return connected(path)


def connected(path: Path | str) -> sqlite3.Connection:
    """A connection to a sound index.  Raises sqlite3.DatabaseError where it is damaged."""
    db = sqlite3.connect(path, timeout=30, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("quick_check")
        db.execute(TABLE)
        db.execute(f"SELECT {COLUMNS}, stamp FROM runs LIMIT 0")
    except sqlite3.OperationalError as e:
        db.close()
        if "no such column" in str(e):
            raise sqlite3.DatabaseError("another table") from e
        raise
    except sqlite3.Error:
        db.close()
        raise
    return db


def refresh(db: sqlite3.Connection, root: Path) -> None:
    """Read again the folders that changed, and those whose process may be gone."""
    names = {p.name for p in root.iterdir() if len(p.name) == 16 and p.is_dir()} if root.is_dir() else set()
    known = {key: (state, stamp) for key, state, stamp in db.execute("SELECT key, state, stamp FROM runs")}
    gone = [(key,) for key in known.keys() - names]
    new = []
    for key in names:
        state, old = known.get(key, ("", 0))
        if old != (now := stamp(root / key)) or state in LIVE:
            new.append((*row(key), now))
    if gone or new:
        with db:
            db.execute("BEGIN IMMEDIATE")
            db.executemany("DELETE FROM runs WHERE key = ?", gone)
            db.executemany("REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", [r for r in new if r[1] is not None])


def row(key: str) -> tuple:
    """What the folder says, in the order of the columns; without a kind where there is no run in it."""
    try:
        folder = Folder(key)
    except ValueError:
        return (key, *[None] * 7)
    seen, title = folder.look(), folder.said().get("title", "")
    if seen is None:
        return (key, *[None] * 7)
    return (
        key,
        seen.kind,
        title,
        seen.visitor,
        seen.state,
        seen.asked,
        size(folder.path),
        (folder / "pinned").exists(),
    )


def stamp(path: Path) -> int:
    """Changes when progress.json does, or the names in the folder."""
    with suppress(OSError):
        return max(path.stat().st_mtime_ns, (path / "progress.json").stat().st_mtime_ns)
    return 0


def size(path: Path) -> int:
    """Bytes of the files below."""
    total = 0
    for at, _, files in os.walk(path):
        for name in files:
            with suppress(OSError):
                total += os.stat(f"{at}/{name}").st_size  # noqa: PTH116 - of a thousand frames
    return total
