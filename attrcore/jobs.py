"""The engine: work runs in dask.distributed workers, never in the process that serves the pages.

One lane so far, *quick*: processes with one thread each under a nanny, which starts them anew when they die.  With
`DASK_SCHEDULER_ADDRESS` set, the same questions go to that scheduler.
"""

import json
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import dask
import numpy as np
from cachetools import LRUCache
from distributed import Client, Future, Nanny, Scheduler, SpecCluster
from distributed.gc import disable_gc_diagnosis
from distributed.security import Security

from attrcore.answers import Answer, NoAnswer

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
        self.cluster = None if address else cluster()
        self.client = Client(address or self.cluster, set_as_default=False)
        self.answers: LRUCache[str, Answer] = LRUCache(REMEMBERED)
        self.lock = threading.RLock()

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
            raise NoAnswer("The scheduler has gone away. Reload the page in a moment.")
        return self.client.submit(function, *args, pure=False)

    @property
    def lost(self) -> bool:
        """Has the scheduler gone away for good?  A client looks for it for half a minute before it gives up."""
        return self.client.status in ("closing", "closed")

    def grow(self) -> None:
        """Bring in the workers beyond the first, once that one is there: the first visitor need not wait for all."""
        if self.cluster is not None:
            self.client.wait_for_workers(1)
            self.cluster.scale(QUICK_WORKERS)

    def close(self) -> None:
        """End the workers."""
        self.client.close(timeout=2)
        if self.cluster is not None:
            with suppress(TimeoutError):  # a busy worker does not answer; it dies with this process
                self.cluster.close(timeout=5)


def knock(address: str) -> None:
    """Is somebody there?  A Client that fails to start is best never made: it may block the next one."""
    try:
        parts = urlsplit(address)
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5).close()
    except (OSError, ValueError) as e:
        raise NoAnswer(f"The scheduler {address}, which DASK_SCHEDULER_ADDRESS names, does not answer.") from e


def cluster() -> SpecCluster:
    """A scheduler in this process and the first worker of the quick lane; `Engine.grow` adds the others.

    On the loopback interface only, and with certificates made for this run: a scheduler computes whatever it is sent,
    and other people on this machine must not send it anything.
    """
    dask.config.set({
        # A question that kills its worker is not handed to the next one behind our back: `Answer.wait` counts.
        "distributed.scheduler.allowed-failures": 0,
        # Nannies restart their workers.  By default the cluster looks 15 s after a death, and when by chance the
        # worker has just died again it closes the nanny for good.
        "distributed.deploy.lost-worker-timeout": "10000 days",
        # Two torch threads beside a busy page process are slower than one.  Dask's default also has glibc give every
        # freed block back to the system; all are then faulted in anew, and SqueezeNet's passes take 1.9 times as long.
        "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": "1"},
    })  # fmt: skip
    security = Security.temporary()
    local = {"host": "127.0.0.1", "protocol": "tls://", "security": security}
    local["dashboard_address"] = "127.0.0.1:0"  # workers insist on a status server; keep it to this machine
    options = {
        **local,
        "nthreads": 1,
        "memory_limit": 0,
        "preload": ["attrcore.quick"],  # imports torch and loads the first model before the first visitor asks
        "silence_logs": logging.ERROR,
    }
    worker = {"cls": Nanny, "options": options}
    started = SpecCluster(
        scheduler={"cls": Scheduler, "options": {**local, "port": 0}},
        workers={0: worker},
        worker=worker,
        security=security,
        silence_logs=logging.ERROR,
    )
    disable_gc_diagnosis()  # it reads this process's memory at each of the collections that Streamlit asks for
    return started


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
