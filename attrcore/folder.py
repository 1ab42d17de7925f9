"""One run on disk: a folder named by its recipe's key.  What lies in it is the truth; nobody else need remember.

recipe.json, progress.json (how far it is, who works on it), `cancel` (somebody wants it to end), `claim-...` (a worker
has taken it), `pinned`, and what `attrcore.kept` writes.  Every file is replaced in one step.
"""

import errno
import json
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from cachetools import LRUCache

from attrcore.kinds import NotNow
from attrcore.paths import replacing, runs_folder
from attrcore.processes import host, me, running
from attrcore.recipe import Recipe

LIVE = ("queued", "running")
KEY = "[0-9a-f]{16}"  # the name of a run's folder
STALE = 15.0  # seconds without a beat until a process on another machine counts as gone; it beats every second


class NotKept(NotNow):
    """The disk takes no more, or nothing at all.  The message is fit for a page."""


class Seen(NamedTuple):
    """What progress.json said, and when this process first saw it so."""

    stamp: tuple[int, int]  # of the file: it changes when the file does
    since: float  # monotonic: clocks of two machines differ
    said: dict[str, Any]


_seen: LRUCache[Path, Seen] = LRUCache(1000)
_lock = threading.Lock()


class Look(NamedTuple):
    """How a run is, from outside."""

    key: str
    kind: str  # the recipe's class
    state: str  # queued, running, done, cancelled, failed or interrupted
    done: int
    total: int  # 0: not known yet
    facts: dict[str, Any]  # of the latest step that had some
    frame: int | None  # number of the latest frame
    left: float | None  # seconds, of a running one, about
    asked: float  # when, as time.time() counts
    ended: float | None
    error: str  # why it did not get done, in a sentence
    resumable: bool  # would it go on from a checkpoint?
    visitor: str
    attempt: str  # changes when it is started again
    ahead: int = 0  # runs before it in the queue

    @property
    def live(self) -> bool:
        """May it still change?"""
        return self.state in LIVE


@dataclass(frozen=True)
class Folder:
    """The folder of a run.  Raises ValueError for a key that is not sixteen hex digits: it becomes part of a path."""

    key: str

    def __post_init__(self) -> None:
        if not re.fullmatch(KEY, self.key):
            raise ValueError(f"a run's key must be sixteen hex digits, got {self.key!r}")

    @property
    def path(self) -> Path:
        """Where it lies.  It may not exist."""
        return runs_folder() / self.key

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def queue(self, study: Recipe, visitor: str) -> str:
        """Make it a run that waits for a worker, and give this attempt its name.  Raises NotKept."""
        attempt = uuid4().hex
        with kept():
            self.path.mkdir(parents=True, exist_ok=True)
            write(self / "recipe.json", study.to_dict())
            for old in (*self.path.glob("claim-*"), *self.path.glob("*.part"), self / "cancel"):
                old.unlink(missing_ok=True)
            self.put({"state": "queued", "kind": type(study).__name__, "title": study.title(), "visitor": visitor,
                      "attempt": attempt, "asked": time.time(), "worker": me()})  # fmt: skip
        return attempt

    def claim(self, attempt: str) -> bool:
        """Take it: true for one caller only, be it a worker, a second worker, or who cancels before any has come."""
        try:
            with kept():
                (self / f"claim-{attempt}").touch(exist_ok=False)
        except (FileExistsError, FileNotFoundError):  # taken, or deleted
            return False
        if self.said().get("attempt") == attempt:
            return True
        (self / f"claim-{attempt}").unlink(missing_ok=True)  # a task of long ago, which nobody waits for
        return False

    def claimed(self, attempt: str) -> bool:
        """Does the worker of `attempt` still have it?  Not when it was deleted, or started again."""
        return os.path.exists(f"{self.path}/claim-{attempt}")  # noqa: PTH110 - asked at every step

    def wanted(self) -> bool:
        """Has nobody cancelled it?"""
        return not os.path.exists(f"{self.path}/cancel")  # noqa: PTH110

    def recipe(self) -> Recipe:
        """What it computes.  Raises ValueError where no such recipe is known here."""
        return Recipe.from_dict(json.loads((self / "recipe.json").read_text()))

    def put(self, said: dict[str, Any]) -> None:
        """Write progress.json.  Raises NotKept."""
        with kept():
            write(self / "progress.json", said)

    def beat(self) -> None:
        """Somebody still works on it."""
        with suppress(OSError):
            os.utime(self / "progress.json")

    def end(self, state: str, attempt: str, error: str = "") -> None:
        """Say how `attempt` ended, where no worker could: unless it has said so itself, or another attempt runs."""
        said = self.said()
        if said.get("attempt") == attempt and said["state"] in LIVE:
            with suppress(FileNotFoundError):  # deleted at this moment
                self.put({**said, "state": state, "error": error, "left": None, "ended": time.time()})

    def seen(self) -> Seen | None:
        """What progress.json says, read again only when it has changed; None where there is no run."""
        path = self / "progress.json"
        try:
            about = path.stat()
            with _lock:
                old = _seen.get(path)
            if old is not None and old.stamp == (about.st_mtime_ns, about.st_ino):
                return old
            stamp, said = (about.st_mtime_ns, about.st_ino), sound(json.loads(path.read_text()))
        except (OSError, ValueError):
            if not (self / "recipe.json").exists():
                return None
            state = "done" if (self / "result.json").exists() else "interrupted"
            stamp, said = (0, 0), {"state": state, "attempt": ""}  # the rest of it is lost
        with _lock:
            _seen[path] = new = Seen(stamp, time.monotonic(), said)
        return new

    def said(self) -> dict[str, Any]:
        """What progress.json says, true or not; nothing where there is no run."""
        seen = self.seen()
        return seen.said if seen else {}

    def look(self) -> Look | None:
        """How the run is; None where there is none.  Live with a process that is gone is "interrupted"."""
        seen = self.seen()
        if seen is None:
            return None
        said, state, error = seen.said, seen.said["state"], seen.said.get("error", "")
        if state in LIVE and gone(seen):
            state = "interrupted" if self.wanted() else "cancelled"
            error = "The process that worked on it has ended." if state == "interrupted" else ""
        again = state not in (*LIVE, "done") and (self / "checkpoint.safetensors").exists()
        known = {name: said.get(name, default) for name, default in ABSENT.items()}
        return Look(self.key, state=state, error=error, resumable=again, **known)


ABSENT = {"kind": "", "done": 0, "total": 0, "facts": {}, "frame": None, "left": None, "asked": 0.0, "ended": None,
          "visitor": "", "attempt": ""}  # fmt: skip


STATES = (*LIVE, "done", "cancelled", "failed", "interrupted")
KINDS = {"kind": str, "title": str, "visitor": str, "attempt": str, "error": str, "worker": dict, "facts": dict,
         "done": int, "total": int, "asked": float, "frame": int | None, "left": float | None,
         "ended": float | None}  # fmt: skip
NEEDED = ("attempt", "worker")  # of a live one: who works on it, under which name
LATEST = 1e11  # seconds, about the year 5000: no clock says more, and no calendar takes any number


def sound(said: Any) -> dict[str, Any]:
    """What progress.json said, if it can be what was written; else raises ValueError: a disk may give anything."""
    if not isinstance(said, dict) or said.get("state") not in STATES:
        raise ValueError("progress.json must say the state")
    for name in KINDS.keys() & said.keys():
        if not isinstance(said[name], KINDS[name]):
            raise ValueError(f"{name} in progress.json must be of type {KINDS[name]}, got {said[name]!r}")
        if isinstance(said[name], str):
            said[name].encode()  # half a surrogate pair is JSON, and no text that an index takes
    if said["state"] in LIVE and not (said.keys() >= set(NEEDED) and said["worker"].keys() >= me().keys()):
        raise ValueError(f"progress.json must say {' and '.join(NEEDED)} of a run that is {said['state']}")
    if not 0 <= said.get("asked", 0.0) < LATEST:
        raise ValueError(f"asked in progress.json must be in [0, {LATEST:g}), got {said['asked']!r}")
    return said


def gone(seen: Seen) -> bool:
    """Is who works on it no more?  Of another machine only the beats are known."""
    who = seen.said.get("worker", {})
    if who.get("host") == host():
        return running(who) is None
    return time.monotonic() - seen.since > STALE


def write(path: Path, plain: Any) -> None:
    """JSON, replaced in one step."""
    with replacing(path) as part:
        part.write_text(json.dumps(plain, indent=1, default=lambda v: v.tolist()) + "\n")


@contextmanager
def kept() -> Iterator[None]:
    """Say in a sentence that the disk does not take it."""
    try:
        yield
    except OSError as e:
        if e.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NotKept("There is no room left on the disk that keeps the runs. Delete some, then try again.") from e
        if e.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise NotKept("The folder that keeps the runs cannot be written to.") from e
        raise
