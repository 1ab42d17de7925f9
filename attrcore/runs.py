"""A run in its worker: from the recipe in its folder to the result in its folder."""

import json
import logging
import os
import threading
import time
from contextlib import suppress
from importlib import import_module
from typing import Any

import torch
from distributed import get_worker
from torch import Tensor

from attrcore import kept
from attrcore.batches import Abandoned, wanted
from attrcore.folder import Folder, NotKept
from attrcore.kinds import Progress, Refused, Result
from attrcore.processes import me, overlook
from attrcore.recipe import Recipe
from attrcore.studies import STUDIES

LOOKS = 0.1  # seconds between two writings of progress.json
BEAT = 1.0  # seconds between two signs of life, while a step lasts
CHECKPOINT = 60.0  # seconds between two checkpoints
SNAPSHOT = 0.5  # seconds between two copies in memory, for a run that is cancelled in the middle of a step
NICE = 5  # a study leaves the cores to the maps that visitors wait for

log = logging.getLogger(__name__)


def studies() -> dict[str, type[Recipe]]:
    """What may run: STUDIES, and those of the modules that `ATTRCORE_STUDIES` names, separated by commas."""
    more = [name for name in os.environ.get("ATTRCORE_STUDIES", "").split(",") if name]
    return {**STUDIES, **{k: v for name in more for k, v in import_module(name).STUDIES.items()}}


def work(key: str, attempt: str) -> str:
    """Run what that folder says to its end, and return the state it ended in.

    Does nothing when the attempt is not the folder's latest, was cancelled, or was taken by a worker before: a
    scheduler hands a task that killed its worker to the next one.
    """
    folder = Folder(key)
    if not folder.claim(attempt):
        return folder.said().get("state", "")
    with Report(folder, attempt) as report:
        mark = wanted.set(report.wanted)
        try:
            known = studies()
            study = folder.recipe()
            if type(study) not in known.values():
                raise Refused(f"{type(study).__name__} is not a study.")
            found = drive(study, report)
            report.own()
            kept.write_result(folder, found)
            return report.end("done")
        except Abandoned:
            report.keep()
            return report.end("cancelled")
        except Refused as e:
            return report.end("failed", str(e))
        except Exception as e:
            log.exception("the run %s failed", key)
            return report.end("failed", f"{type(e).__name__}: {e}")
        finally:
            wanted.reset(mark)
            if torch.cuda.is_initialized():
                torch.cuda.empty_cache()


def drive(study: Recipe, report: "Report") -> Result:
    """Every step in turn, from the checkpoint where there is one.  Raises Abandoned when the run was cancelled."""
    report.go_on()
    n, state = kept.rewind(report.folder)
    steps = study.run(state)
    try:
        while True:
            try:
                p = next(steps)
            except StopIteration as end:
                return end.value
            report.step(n, p)
            n += 1
    finally:
        steps.close()


class Report:
    """What a run says of itself.  A thread of its own writes how far it is, so that no step waits for the disk."""

    def __init__(self, folder: Folder, attempt: str) -> None:
        self.folder, self.attempt = folder, attempt
        self.said: dict[str, Any] = {**folder.said(), "state": "running", "started": time.time(), "worker": me()}
        with suppress(ValueError):  # not in a worker: called directly
            self.said["worker"]["address"] = get_worker().address
        self.written = self.said
        self.error: NotKept | None = None
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.write_on, name=f"report of {folder.key}", daemon=True)
        self.first: tuple[float, int] | None = None  # when the first step was over, and how much was done
        self.kept = time.monotonic()  # when there was a checkpoint
        self.copy: tuple[int, int, dict[str, Tensor]] | None = None  # a step's number, what was done, its state
        self.copied = -SNAPSHOT  # when

    def __enter__(self) -> "Report":
        self.folder.put(self.said)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.hush()

    def hush(self) -> None:
        """No more writing but by who calls this."""
        self.ended.set()
        self.thread.join()

    def wanted(self) -> bool:
        """Has nobody cancelled the run, deleted it, or started it again?"""
        return self.folder.wanted() and self.folder.claimed(self.attempt)

    def own(self) -> None:
        """Raise Abandoned when the run was deleted, or started again: what is in its folder is another attempt's."""
        if not self.folder.claimed(self.attempt):
            raise Abandoned("another attempt has the folder")

    def go_on(self) -> None:
        """Raise Abandoned when the run is not wanted any more."""
        if not self.wanted():
            raise Abandoned("the run was cancelled")

    def step(self, n: int, p: Progress) -> None:
        """Keep what the step found, and say how far the run is.  Raises NotKept, Abandoned."""
        if self.error is not None:
            raise self.error
        self.own()
        now = time.monotonic()
        self.first = self.first or (now, p.done)
        since, done = now - self.first[0], p.done - self.first[1]
        if p.facts:
            line = json.dumps({"n": n, "done": p.done, "facts": p.facts}, default=lambda v: v.tolist())
            with kept.kept(), (self.folder / "facts.jsonl").open("a") as file:
                file.write(line + "\n")
        if p.frame:
            kept.write_frame(self.folder, n, p.frame)
        said = {"done": p.done, "total": p.total, "left": since / done * (p.total - p.done) if done > 0 else None}
        said |= ({"facts": p.facts} if p.facts else {}) | ({"frame": n} if p.frame else {})
        self.said = {**self.said, **said}
        wanted = self.wanted()
        due = not wanted or (now - self.kept > CHECKPOINT and p.done < p.total)
        if p.state is not None and due and self.folder.claimed(self.attempt):
            kept.write_checkpoint(self.folder, n, p.done, p.state())
            self.kept, self.copy = time.monotonic(), None
        elif p.state is not None and now - self.copied > SNAPSHOT:
            self.copy, self.copied = (n, p.done, p.state()), now
        if not wanted:
            raise Abandoned("the run was cancelled")

    def keep(self) -> None:
        """Write the latest copy, where no checkpoint is newer."""
        if self.copy is not None and self.folder.claimed(self.attempt):
            kept.write_checkpoint(self.folder, *self.copy)

    def write_on(self) -> None:
        """Write what is new, ten times a second at most; while nothing is, beat."""
        beat = time.monotonic()
        while not self.ended.wait(LOOKS):
            if (said := self.said) is not self.written and self.folder.claimed(self.attempt):
                try:
                    self.folder.put(said)
                    self.written = said
                except NotKept as e:
                    self.error = e
                except OSError as e:  # deleted meanwhile, for one
                    log.warning("how far the run %s is was not written: %s", self.folder.key, e)
            elif time.monotonic() - beat > BEAT:
                self.folder.beat()
                beat = time.monotonic()

    def end(self, state: str, error: str = "") -> str:
        """The last word.  Raises NotKept where the disk does not take it, and says nothing of what is not its own."""
        self.hush()
        if self.folder.claimed(self.attempt):
            self.folder.put({**self.said, "state": state, "error": error, "left": None, "ended": time.time()})
        return state


def dask_setup(worker: Any) -> None:
    """A starting worker of the long lane knows its studies before the first one comes."""
    overlook()
    studies()
    if not torch.cuda.is_available() and hasattr(os, "nice"):
        os.nice(NICE)
        # All cores: a study takes 12 % less time in front of its page, and maps that visitors ask for take no longer.
        torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
