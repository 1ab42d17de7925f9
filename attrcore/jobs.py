"""The engine: work runs in dask.distributed workers, never in the process that serves the pages.

Two lanes of processes with one thread each, under a nanny, which starts them anew when they die: *quick* for what a
visitor waits for, *long* for studies.  With `DASK_SCHEDULER_ADDRESS` set, both go to that scheduler; its workers must
have the same folder of runs (see attrcore.paths.runs_folder).
"""

import json
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from typing import Any

import numpy as np
from cachetools import LRUCache
from distributed import Client, Future

from attrcore import store
from attrcore.answers import LOST, Answer, NoAnswer
from attrcore.folder import Look
from attrcore.lanes import LongCluster, knock, quick_cluster, shut, sides
from attrcore.long_lane import LongLane
from attrcore.recipe import Recipe

# Half the cores; but two at least, so that one visitor's slow map does not hold all others.  Each takes 1 GB of memory.
QUICK_WORKERS = max(2, min(4, (os.cpu_count() or 2) // 2))
REMEMBERED = 400  # answers; a photo's map has 0.6 MB, its path 13
MOST_BYTES = 2**30  # of all remembered answers together

_lock = threading.Lock()
_engine: "Engine | None" = None


class Engine:
    """A client, the embedded cluster it talks to unless one was named, and the latest answers."""

    def __init__(self) -> None:
        address = os.environ.get("DASK_SCHEDULER_ADDRESS")
        if address:
            knock(address)
        self.cluster = None if address else quick_cluster()
        self.client = Client(address or self.cluster, set_as_default=False)
        self.answers: LRUCache[str, Answer] = LRUCache(REMEMBERED)
        self.lock = threading.RLock()
        self.studies: LongLane | None = None
        self.studies_lock = threading.Lock()

    def begin(self, function: Callable[..., Any], *args: Any) -> Answer:
        """Have `function(*args)` computed in the quick lane, unless the same was asked before; does not wait.

        If the worker dies the question is put once more, to the worker that takes its place.
        """
        key = content_key(function, args)
        with self.lock:
            if key not in self.answers:
                self.make_room()
                self.answers[key] = Answer(partial(self.submit, function, args), partial(self.forget, key))
            answer = self.answers[key]
            answer.askers += 1
            return answer

    def known(self, function: Callable[..., Any], *args: Any) -> Answer | None:
        """The answer to a question that was asked before, if it is there; asks nothing."""
        with self.lock:
            answer = self.answers.get(content_key(function, args))
        return answer if answer is not None and answer.soon(0) else None

    def make_room(self) -> None:
        """Drop the answers that were asked for longest ago, while all together are too large."""
        total = sum(answer.size for answer in self.answers.values())
        while total > MOST_BYTES:
            total -= self.answers.popitem()[1].size

    def forget(self, key: str, answer: Answer) -> None:
        """Let the next one who asks try anew."""
        with self.lock:
            if self.answers.get(key) is answer:
                del self.answers[key]

    def give_up(self, answers: Iterable[Answer]) -> None:
        """Take back questions whose asker has gone; answers that are there stay."""
        with self.lock:
            for answer in answers:
                answer.give_up()

    def ask(self, function: Callable[..., Any], *args: Any) -> Any:
        """What `function(*args)` returns or raises; NoAnswer when two workers die of it, or after `PATIENCE`."""
        answer = self.begin(function, *args)
        try:
            return answer.result()
        finally:
            self.give_up([answer])

    def submit(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Future:
        """Hand one try to the cluster.  Raises NoAnswer when it is gone."""
        if self.client.status != "running":
            raise NoAnswer(LOST)
        if self.cluster is not None:
            return self.client.submit(function, *args, pure=False)
        # No others may take it: dask lets idle ones steal what they may, and behind a study it would wait for hours.
        return self.client.submit(function, *args, pure=False, workers=sides(self.client).plain or None)

    @property
    def long(self) -> LongLane:
        """The long lane, started when first asked for."""
        with self.studies_lock:
            if self.studies is None:
                self.studies = LongLane(self.client, None) if self.cluster is None else embedded_long_lane()
            return self.studies

    def start(self, study: Recipe, visitor: str) -> str:
        """Have the study run, unless it does, waits or is done: see `LongLane.start`.  Returns its key."""
        return self.long.start(study, visitor)

    def look(self, key: str) -> Look | None:
        """How the run is; None where there is none.  Cheap: pages ask four times a second."""
        return store.look(key) if self.studies is None else self.studies.look(key)

    def cancel(self, key: str) -> None:
        """End the run: see `LongLane.cancel`."""
        self.long.cancel(key)

    @property
    def lost(self) -> bool:
        """Has the scheduler gone away for good?  A client looks for it for half a minute before it gives up."""
        return self.client.status in ("closing", "closed")

    def grow(self) -> None:
        """Bring in the workers beyond the first, once that one is there: the first visitor need not wait for all."""
        if self.cluster is not None:
            self.client.wait_for_workers(1)
            self.cluster.scale(QUICK_WORKERS)
        _ = self.long

    def close(self) -> None:
        """End the workers of both lanes, side by side."""
        with self.studies_lock:
            ends = [self.end] if self.studies is None else [self.end, self.studies.close]
        with ThreadPoolExecutor() as pool:
            for ended in [pool.submit(end) for end in ends]:
                ended.result()

    def end(self) -> None:
        """End the quick lane."""
        self.client.close(timeout=2)
        if self.cluster is not None:
            shut(self.cluster)


def embedded_long_lane() -> LongLane:
    """A cluster of its own, so that no question lands among the studies and no study among the questions."""
    cluster = LongCluster()
    return LongLane(Client(cluster, set_as_default=False), cluster)


def engine() -> Engine:
    """The one engine of this process, started when first asked for, and again when its scheduler was lost."""
    global _engine
    with _lock:
        if _engine is None or _engine.lost:
            _engine = Engine()
        return _engine


def close() -> None:
    """Stop the engine, if it runs."""
    global _engine
    with _lock:
        if _engine is not None:
            _engine.close()
            _engine = None


def content_key(function: Callable[..., Any], args: tuple[Any, ...]) -> str:
    """The same for the same question: the function's name and a digest of every byte of its arguments."""
    seen = sha256()
    for arg in args:
        if isinstance(arg, np.ndarray):
            seen.update(f"{arg.dtype}{arg.shape}".encode() + np.ascontiguousarray(arg).tobytes())
        else:
            seen.update(json.dumps(arg, sort_keys=True).encode())
        seen.update(b"\0")
    return f"{function.__module__}.{function.__qualname__}-{seen.hexdigest()}"
