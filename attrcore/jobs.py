"""The engine: work runs in dask.distributed workers, never in the process that serves the pages.

One lane so far, *quick*: processes with one thread each under a nanny, which starts them anew when they die.  With
`DASK_SCHEDULER_ADDRESS` set, the same questions go to that scheduler.
"""

import json
import logging
import os
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from hashlib import sha256
from typing import Any

import dask
import numpy as np
from cachetools import LRUCache
from distributed import Client, Future, KilledWorker, Nanny, Scheduler, SpecCluster
from distributed.client import FutureCancelledError

from attrcore.kinds import Refused

QUICK_WORKERS = max(1, min(4, (os.cpu_count() or 2) // 2))  # half the cores; each takes about 1 GB of memory
REMEMBERED = 400  # answers; a photo's map has 0.6 MB
PATIENCE = 120.0  # seconds that a visitor waits for an answer at most


class NoAnswer(RuntimeError):
    """The engine did not answer.  The message is fit for a page."""


_lock = threading.Lock()
_engine: "Engine | None" = None


class Answer:
    """What a question gives, once it is known.  Shared by all who ask the same."""

    def __init__(self, submit: Callable[[], Future], forget: Callable[["Answer"], None]) -> None:
        self.submit, self.forget = submit, forget
        self.future: Future | None = submit()
        self.askers = 0
        self.lock = threading.Lock()
        self.value: Any = None
        self.error: Exception | None = None

    def result(self) -> Any:
        """Wait for it.  Raises what the question raised, or NoAnswer."""
        with self.lock:
            if self.future is not None:
                try:
                    self.value = self.wait()
                except Exception as e:
                    self.error = e
                    if not isinstance(e, Refused):  # a refusal stays true; the next visitor may try the rest again
                        self.forget(self)
                self.future.release()  # a held future would be computed again when its worker dies later
                self.future = None
        if self.error is not None:
            raise self.error.with_traceback(None)  # else it would grow by a frame with every asker
        return self.value

    def give_up(self) -> None:
        """One asker less.  What nobody waits for any more is not computed, unless it has begun."""
        self.askers -= 1
        if self.askers == 0 and (future := self.future) is not None:
            self.forget(self)
            future.cancel()

    def wait(self) -> Any:
        """The result of the first try, or of a second one when the first one's worker died."""
        for attempt in (1, 2):
            try:
                return self.future.result(timeout=PATIENCE)
            except (KilledWorker, FutureCancelledError) as e:
                self.future.release()
                if attempt == 2:
                    raise NoAnswer("The computation broke down twice; the server's log says why.") from e
                self.future = self.submit()
            except TimeoutError as e:
                raise NoAnswer(f"No answer within {PATIENCE:.0f} seconds: the server is busy. Try again later.") from e


class Engine:
    """A client, the embedded cluster it talks to unless one was named, and the latest answers."""

    def __init__(self) -> None:
        address = os.environ.get("DASK_SCHEDULER_ADDRESS")
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
                self.answers[key] = Answer(partial(self.submit, function, args), partial(self.forget, key))
            answer = self.answers[key]
            answer.askers += 1
            return answer

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
        return self.begin(function, *args).result()

    def submit(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Future:
        """Hand one try to the cluster."""
        return self.client.submit(function, *args, pure=False)

    def close(self) -> None:
        """End the workers."""
        self.client.close(timeout=2)
        if self.cluster is not None:
            with suppress(TimeoutError):  # a busy worker does not answer; it dies with this process
                self.cluster.close(timeout=5)


def cluster() -> SpecCluster:
    """A scheduler in this process and the workers of the quick lane, on the loopback interface only."""
    dask.config.set({
        # A question that kills its worker is not handed to the next one behind our back: `Answer.wait` counts.
        "distributed.scheduler.allowed-failures": 0,
        # Nannies restart their workers.  By default the cluster looks 15 s after a death, and when by chance the
        # worker has just died again it closes the nanny for good.
        "distributed.deploy.lost-worker-timeout": "10000 days",
    })  # fmt: skip
    options = {
        "nthreads": 1,
        "memory_limit": 0,
        "dashboard_address": "127.0.0.1:0",  # workers insist on a status server; keep it to this machine
        "preload": ["attrcore.quick"],  # imports torch and loads the first model before the first visitor asks
        "env": {"OMP_NUM_THREADS": "1"},  # two torch threads beside a busy page process are slower than one
        "host": "127.0.0.1",
        "silence_logs": logging.ERROR,
    }
    return SpecCluster(
        scheduler={"cls": Scheduler, "options": {"host": "127.0.0.1", "port": 0, "dashboard_address": "127.0.0.1:0"}},
        workers={f"quick-{i}": {"cls": Nanny, "options": options} for i in range(QUICK_WORKERS)},
        silence_logs=logging.ERROR,
    )


def engine() -> Engine:
    """The one engine of this process, started when first asked for."""
    global _engine
    with _lock:
        if _engine is None:
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
