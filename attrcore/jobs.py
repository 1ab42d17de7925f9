"""The engine: work runs in dask.distributed workers, never in the process that serves the pages.

One lane so far, *quick*: one process with one thread under a nanny, which starts it anew when it dies.  With
`DASK_SCHEDULER_ADDRESS` set, the same questions go to that scheduler, whose workers need the resource `quick`.
"""

import json
import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import Any

import dask
import numpy as np
from distributed import Client, KilledWorker, Nanny, Scheduler, SpecCluster
from distributed.client import FutureCancelledError

LANES = ("quick",)
PATIENCE = 120.0  # seconds that a visitor waits for an answer at most


class NoAnswer(RuntimeError):
    """The engine did not answer.  The message is fit for a page."""


_lock = threading.Lock()
_engine: "Engine | None" = None


class Engine:
    """A client, and the embedded cluster it talks to unless one was named."""

    def __init__(self) -> None:
        address = os.environ.get("DASK_SCHEDULER_ADDRESS")
        self.cluster = None if address else cluster()
        self.client = Client(address or self.cluster, set_as_default=False)

    def ask(self, function: Callable[..., Any], *args: Any) -> Any:
        """What `function(*args)` returns or raises, computed in the quick lane.

        Questions that are the same at the same time are computed once.  If the worker dies the question is put once
        more, to the worker that takes its place.  Raises NoAnswer when that one dies too, or after `PATIENCE` seconds.
        """
        key = content_key(function, args)
        for attempt in (1, 2):
            future = self.client.submit(function, *args, key=f"{key}-{attempt}", resources={"quick": 1})
            try:
                return future.result(timeout=PATIENCE)
            except (KilledWorker, FutureCancelledError) as e:
                if attempt == 2:
                    raise NoAnswer("The computation broke down twice; the server's log says why.") from e
            except TimeoutError as e:
                raise NoAnswer(f"No answer within {PATIENCE:.0f} seconds: the server is busy. Try again later.") from e
            finally:
                future.release()  # a held future would be computed again when its worker dies later

    def close(self) -> None:
        """End the workers."""
        self.client.close(timeout=2)
        if self.cluster is not None:
            with suppress(TimeoutError):  # a busy worker does not answer; it dies with this process
                self.cluster.close(timeout=5)


def cluster() -> SpecCluster:
    """A scheduler in this process and one worker process per lane, on the loopback interface only."""
    # A question that kills its worker is not handed to the next worker behind our back: `ask` counts.
    dask.config.set({"distributed.scheduler.allowed-failures": 0})
    lane = {
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
        workers={name: {"cls": Nanny, "options": {**lane, "resources": {name: 1}}} for name in LANES},
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
    return f"{function.__name__}-{seen.hexdigest()}"
