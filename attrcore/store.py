"""All runs together: the shelf that finds them again, and what may be done with one.

The folders are the truth.  The index (SQLite) only remembers what those said that are over, each row with the stamp of
what it was read from, so that a list of a thousand runs reads the few that changed; lost or damaged it is made anew.
A list waits for nobody: what the index cannot take just now it is told the next time.
Only processes that serve pages open it, so the folder may be on a disk that other machines share with this one.
"""

import logging
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from attrcore import kept
from attrcore.folder import KEY, LIVE, Folder, Look, NotKept
from attrcore.kinds import NotNow, Refused
from attrcore.paths import runs_folder

log = logging.getLogger(__name__)

TABLE = """CREATE TABLE IF NOT EXISTS runs (key TEXT PRIMARY KEY, kind TEXT, title TEXT, visitor TEXT, state TEXT,
           made REAL, size INTEGER, pinned INTEGER, stamp INTEGER)"""
PATIENCE = 30.0  # seconds that who starts a study waits for others who do
LISTS = 0.2  # seconds that a list does


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


COLUMNS = (*Entry._fields, "stamp")


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
    with ExitStack() as stack:
        try:
            db = stack.enter_context(index(LISTS))
            known = {row[0]: (Entry(*row[:-1]), row[-1]) for row in db.execute("SELECT * FROM runs")}
        except (sqlite3.Error, OSError) as e:  # a disk that takes nothing, for one
            log.warning("the runs are listed without their index: %s", e)
            db, known = None, {}
        now = {key: read for key in names() if (read := latest(key, known.get(key))) is not None}
        if db is not None:
            remember(db, known, {key: read for key, read in now.items() if read[0].state not in LIVE})
    entries = [entry._replace(pinned=bool(entry.pinned)) for entry, _ in now.values()]
    return sorted((e for e in entries if visitor in (None, e.visitor)), key=lambda e: e.made, reverse=True)


def pin(key: str, pinned: bool = True) -> None:
    """Keep it when others are pruned, or no longer.  Raises Refused where there is none, NotKept."""
    there(key)
    try:
        with kept.kept():
            (Folder(key) / "pinned").touch() if pinned else (Folder(key) / "pinned").unlink(missing_ok=True)
    except FileNotFoundError as e:  # somebody deletes it at this moment
        raise Refused(f"There is no run {key} here.") from e


def delete(key: str) -> None:
    """Take it off the disk.  Raises Refused for one that runs or waits and where there is none, NotKept."""
    if there(key).live:
        raise Refused("A run that is not over cannot be deleted. Cancel it first.")
    kept.remove(Folder(key))


def prune(most: int) -> list[str]:
    """Delete what ended, the oldest first, until all together have at most `most` bytes; pinned ones stay.

    Deletions that were broken off are finished.  Raises NotKept, once all is tried, where the disk kept something.
    """
    entries, gone, failure = listed(), [], None
    total = sum(entry.size for entry in entries)
    for entry in reversed(entries):
        if total > most and not entry.pinned and entry.state not in LIVE:
            try:
                delete(entry.key)
                gone.append(entry.key)
            except NotKept as e:
                failure = e
            except Refused:  # deleted meanwhile, or started again
                pass
            if look(entry.key) is None:
                total -= entry.size
    for half in runs_folder().glob(f"{kept.GONE}*"):
        try:
            kept.clear(half)
        except NotKept as e:
            failure = e
    if failure is not None:
        raise failure
    return gone


def there(key: str) -> Look:
    """The run.  Raises Refused where there is none."""
    if (seen := look(key)) is None:
        raise Refused(f"There is no run {key} here.")
    return seen


@contextmanager
def alone() -> Iterator[None]:
    """No other process starts a run meanwhile.  Raises NotNow where others do so for long."""
    with ExitStack() as stack:
        try:
            db = stack.enter_context(index(PATIENCE))
            db.execute("BEGIN IMMEDIATE")  # ends with the connection
        except (sqlite3.Error, OSError) as e:
            if getattr(e, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:  # the rest of it says why
                raise NotNow("Another study is being started, and that takes long. Try again in a moment.") from e
            log.warning("nobody is kept from starting a run at the same time: %s", e)
        yield


@contextmanager
def index(patience: float) -> Iterator[sqlite3.Connection]:
    """The index, an empty one where it was damaged.  Raises sqlite3.Error, OSError where the disk does not take it."""
    path = runs_folder() / "index.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        db = connected(path, patience)
    except sqlite3.OperationalError:
        raise  # locked, read-only, full: not damaged
    except sqlite3.DatabaseError:
        log.warning("the index of runs was damaged and is made anew")
        for part in ("", "-wal", "-shm"):
            Path(f"{path}{part}").unlink(missing_ok=True)
        db = connected(path, patience)
    try:
        yield db
    finally:
        db.close()


def connected(path: Path, patience: float) -> sqlite3.Connection:
    """A connection to a sound index.  Raises sqlite3.DatabaseError where it is damaged, or of another version."""
    db = sqlite3.connect(path, timeout=patience, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("quick_check")
        db.execute(TABLE)
        if tuple(column[0] for column in db.execute("SELECT * FROM runs LIMIT 0").description) != COLUMNS:
            raise sqlite3.DatabaseError("another table")
    except sqlite3.Error:
        db.close()
        raise
    return db


def names() -> list[str]:
    """The folders that may hold a run."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(runs_folder()) as found:
        return [entry.name for entry in found if re.fullmatch(KEY, entry.name) and entry.is_dir()]
    return []


def latest(key: str, known: tuple[Entry, int] | None) -> tuple[Entry, int] | None:
    """What the folder says, and its stamp: as it is known, where it is over and unchanged; None without a run."""
    folder = Folder(key)
    now = stamp(folder.path)
    if known is not None and known[1] == now and known[0].state not in LIVE:
        return known
    if (seen := folder.look()) is None:
        return None
    title, pinned = folder.said().get("title", ""), (folder / "pinned").exists()
    return Entry(key, seen.kind, title, seen.visitor, seen.state, seen.asked, size(folder.path), pinned), now


def remember(db: sqlite3.Connection, known: dict[str, tuple[Entry, int]], over: dict[str, tuple[Entry, int]]) -> None:
    """Have the index say what is over and nothing else.  Writes only what is not as it is known."""
    gone = [(key,) for key in known.keys() - over.keys()]
    new = [(*entry, at) for key, (entry, at) in over.items() if known.get(key) != (entry, at)]
    if not gone and not new:
        return
    try:
        with db:
            db.execute("BEGIN IMMEDIATE")
            db.executemany("DELETE FROM runs WHERE key = ?", gone)
            db.executemany("REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", new)
    except sqlite3.Error as e:  # locked, for one: somebody starts a study
        log.info("the index of runs is brought up to date the next time: %s", e)


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
