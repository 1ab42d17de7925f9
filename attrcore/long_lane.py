"""The long lane: which study waits, which runs, and how it ends when its worker cannot say so itself.

Order, fairness and restarts of workers are dask's; what a run says of itself lies in its folder.
"""

import logging
import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from distributed import Client, Future, SpecCluster

from attrcore import runs, store
from attrcore.answers import BROKEN, LOST, NoAnswer
from attrcore.folder import LIVE, Folder, Look, NotKept, kept
from attrcore.kinds import NotNow
from attrcore.lanes import LONG, shut, sides
from attrcore.processes import host, running
from attrcore.recipe import Recipe

MOST = 50  # studies that wait or run
MOST_EACH = 20  # of one visitor
PATIENCE = 5.0  # seconds from the wish to end until the worker is ended
TRIES = 3  # times that a study may lose its worker before it has begun
ELSEWHERE = "Its worker knows no such run: ATTRCORE_RUNS must name a folder that all machines share."
DIED = "Its worker process ended: it was killed, or memory ran out."

log = logging.getLogger(__name__)


@dataclass(eq=False)
class Task:
    """A run in dask's hands."""

    key: str
    attempt: str
    visitor: str
    rank: int  # how many studies its visitor had before it: the fewer, the sooner
    number: int  # in order of asking
    tries: int = 0
    future: Future | None = None


class LongLane:
    """Studies on the workers of a cluster of their own, or of the scheduler that runs elsewhere."""

    def __init__(self, client: Client, cluster: SpecCluster | None) -> None:
        self.client, self.cluster = client, cluster
        self.tasks: dict[str, Task] = {}
        self.doomed: dict[str, tuple[str, float]] = {}  # key -> attempt that was cancelled, when its worker is ended
        self.unsaid: dict[str, tuple[str, str, str]] = {}  # key -> attempt, state, error that the disk did not take
        self.lock = threading.RLock()
        self.number = 0
        self.closed = threading.Event()
        for entry in store.listed():  # what ran in processes that are gone
            if entry.state not in LIVE and (said := Folder(entry.key).said()).get("state") in LIVE:
                self.say(entry.key, said["attempt"], "interrupted", "The app was closed before it was over.")
        threading.Thread(target=self.watch, name="long lane", daemon=True).start()

    def start(self, study: Recipe, visitor: str) -> str:
        """Have the study run, and return its key.

        One that waits, runs or is done is not run twice, whoever asks.  One that was broken off goes on from its
        checkpoint, if it has one.  Raises NotNow when too many wait, NotKept when the disk takes nothing, NoAnswer.
        """
        key = study.key()
        with self.lock, store.alone():
            seen = self.look(key)
            if seen is not None and (seen.live or (seen.state == "done" and store.sound(key))):
                return key
            if self.client.status != "running":
                raise NoAnswer(LOST)
            rank = sum(task.visitor == visitor for task in self.tasks.values())
            if len(self.tasks) >= MOST:
                raise NotNow(f"{MOST} studies wait or run, and no more may. Try again when some are over.")
            if rank >= MOST_EACH:
                raise NotNow(
                    f"{MOST_EACH} of your studies wait or run, and no more may. Wait for some, or cancel them."
                )
            self.number += 1
            attempt = Folder(key).queue(study, visitor)
            self.put(Task(key, attempt, visitor, rank, self.number))
        return key

    def put(self, task: Task) -> None:
        """Hand the task to dask: behind questions, and behind studies of visitors who have fewer.  Raises NoAnswer."""
        task.tries += 1
        try:
            long = LONG if self.cluster is not None or sides(self.client).long else None
            task.future = self.client.submit(
                runs.work,
                task.key,
                task.attempt,
                key=f"study-{task.key}-{task.attempt}-{task.tries}",
                priority=-1 - task.rank,
                resources=long,
                retries=0,
            )
        except Exception as e:  # whatever a client raises that is closed at this moment
            self.tasks.pop(task.key, None)
            self.say(task.key, task.attempt, "interrupted", "The scheduler went away before its turn.")
            raise NoAnswer(LOST) from e
        self.tasks[task.key] = task
        task.future.add_done_callback(partial(self.over, task))

    def over(self, task: Task, future: Future) -> None:
        """Dask has nothing more to do for the task.  Its worker has said how it ended, unless it could not."""
        found = future.result() if future.status == "finished" else None  # the state it ended in
        error = future.exception() if future.status == "error" else None
        with self.lock:
            folder = Folder(task.key)
            said = folder.said()
            waits = said.get("attempt") == task.attempt and said["state"] == "queued"
            innocent = isinstance(error, BROKEN) and waits and not folder.claimed(task.attempt)
            if innocent and task.tries < TRIES and not self.closed.is_set():
                with suppress(NoAnswer):  # then it has ended, and says so
                    self.put(task)  # it waited behind the one that killed their worker
                return
            if self.tasks.get(task.key) is task:
                del self.tasks[task.key]
            future.release()  # a held future would be computed again when its worker dies later
            if isinstance(error, NotKept):
                self.say(task.key, task.attempt, "failed", str(error))
            elif isinstance(error, BROKEN):
                self.say(task.key, task.attempt, "interrupted", DIED)
            elif error is not None:
                log.error("the run %s failed", task.key, exc_info=error)
                self.say(task.key, task.attempt, "failed", f"{type(error).__name__}: {error}")
            elif found == "":
                self.say(task.key, task.attempt, "failed", ELSEWHERE)
            elif found is not None:  # where a first worker died of it, the second leaves it
                self.say(task.key, task.attempt, "interrupted", DIED)
            elif waits:
                self.say(task.key, task.attempt, "interrupted", "The engine was closed before its turn.")

    def say(self, key: str, attempt: str, state: str, error: str) -> None:
        """Write how an attempt ended, unless its worker did; what somebody cancelled is cancelled."""
        if state == "interrupted" and (not Folder(key).wanted() or self.doomed.get(key, ("",))[0] == attempt):
            state, error = "cancelled", ""
        try:
            Folder(key).end(state, attempt, error)
        except NotKept:
            self.unsaid[key] = attempt, state, error

    def look(self, key: str) -> Look | None:
        """How the run is, with its place in the queue; None where there is none."""
        seen = store.look(key)
        if seen is None:
            return None
        attempt, state, error = self.unsaid.get(key, ("", "", ""))
        if attempt == seen.attempt and attempt and seen.state not in ("done", "failed"):
            resumable = state != "done" and (Folder(key) / "checkpoint.safetensors").exists()
            return seen._replace(state=state, error=error, left=None, resumable=resumable)
        return seen._replace(ahead=self.ahead(key)) if seen.state == "queued" else seen

    def ahead(self, key: str) -> int:
        """How many studies wait before it."""
        with self.lock:
            if (mine := self.tasks.get(key)) is None:
                return 0
            before = [t.key for t in self.tasks.values() if (t.rank, t.number) < (mine.rank, mine.number)]
        return sum(Folder(k).said().get("state") == "queued" for k in before)

    def cancel(self, key: str) -> None:
        """End the run: at once when it waits, within its next step when it runs, by its worker's end after `PATIENCE`.

        One that runs without a browser is only told: its process may be somebody's.
        Raises Refused where there is none.
        """
        seen, folder = store.there(key), Folder(key)
        if not seen.live:
            return
        patience = PATIENCE
        try:
            with kept():
                (folder / "cancel").touch()
        except NotKept:
            patience = 0.0  # it will never know
        with self.lock:
            self.doomed[key] = seen.attempt, time.monotonic() + patience
            with suppress(OSError):
                if seen.state == "queued" and folder.claim(seen.attempt):
                    self.say(key, seen.attempt, "interrupted", "")
                    if (task := self.tasks.pop(key, None)) is not None and task.future is not None:
                        task.future.cancel()

    def watch(self) -> None:
        """Show that those who wait are still waited for, and end the workers of those that do not end."""
        while not self.closed.wait(0.25):
            with suppress(Exception):
                self.tick()

    def tick(self) -> None:
        """One look at all."""
        with self.lock:
            doomed, waiting = list(self.doomed.items()), list(self.tasks)
        for key in waiting:
            if Folder(key).said().get("state") == "queued":
                Folder(key).beat()
        for key, (attempt, deadline) in doomed:
            said = Folder(key).said()
            seen = self.look(key)
            if seen is None or seen.attempt != attempt or not seen.live:
                if said.get("state") in LIVE and said["attempt"] == attempt:
                    self.say(key, attempt, "interrupted", "")
                with self.lock:
                    if self.doomed.get(key) == (attempt, deadline):
                        del self.doomed[key]
            elif said["state"] == "running" and said["worker"].get("address") and time.monotonic() > deadline:
                log.warning("the run %s did not look at its cancel flag; its worker is ended", key)
                self.kill(said["worker"])

    def kill(self, worker: dict[str, Any]) -> None:
        """End that one worker; its nanny starts another."""
        if worker["host"] == host():
            if (process := running(worker)) is not None:
                process.kill()
        else:
            with suppress(Exception):  # it cannot answer any more
                self.client.run(os._exit, 1, workers=[worker["address"]])

    def close(self) -> None:
        """End the workers of the embedded cluster; a scheduler elsewhere goes on with what runs."""
        self.closed.set()
        if self.cluster is not None:
            self.client.close(timeout=2)
            shut(self.cluster)
