"""The lanes' workers: an embedded cluster for each lane, or those of a scheduler that runs elsewhere."""

import asyncio
import logging
import os
import socket
from collections.abc import Generator
from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

import dask
import torch
from cachetools import TTLCache, cached
from distributed import Client, Nanny, Scheduler, SpecCluster
from distributed.core import Status
from distributed.gc import disable_gc_diagnosis
from distributed.security import Security
from tornado.ioloop import PeriodicCallback

from attrcore.answers import NoAnswer

LONG = {"long": 1}  # what a worker for studies offers and a study takes
MENDED = 2000  # milliseconds between two looks at nannies
ENOUGH = 1.0  # seconds, about, that a worker has to end by itself; by default 4

log = logging.getLogger(__name__)


def knock(address: str) -> None:
    """Is somebody there?  A Client that fails to start is best never made: it may block the next one."""
    try:
        parts = urlsplit(address)
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5).close()
    except (OSError, ValueError) as e:
        raise NoAnswer(f"The scheduler {address}, which DASK_SCHEDULER_ADDRESS names, does not answer.") from e


class Lane(SpecCluster):
    """A scheduler in this process whose workers come back, also those whose nanny has given up.

    A nanny starts its worker anew when that dies, but not one that dies while it wakes up.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, **surroundings())
        self.mending = PeriodicCallback(self.mend, MENDED)
        self.loop.add_callback(self.mending.start)

    def __await__(self) -> Generator[Any, Any, Self]:
        """As it was, less a last look at the workers: it leaves word in the log of one that died while it woke up."""

        async def started() -> Self:
            if self.status == Status.created:
                await self._start()
            await self._correct_state()
            return self

        return started().__await__()

    async def mend(self) -> None:
        """Replace nannies that ended by themselves."""
        if self.status != Status.running:
            return
        gone = [name for name, one in self.workers.items() if one.status in (Status.closed, Status.failed)]
        for name in gone:
            del self.workers[name]
        if gone:
            await self._correct_state()

    async def _correct_state_internal(self) -> None:
        """Start what is wanted.  What does not start is looked after by `mend`, or is not wanted any more."""
        try:
            await super()._correct_state_internal()
        except Exception as e:
            log.info("a worker did not start: %s", e)

    async def end(self) -> None:
        """End all workers, and start none any more."""
        self.mending.stop()
        await asyncio.gather(*(nanny.close(timeout=ENOUGH) for nanny in self.workers.values()))


def quick_cluster() -> Lane:
    """The quick lane with its first worker; `Engine.grow` adds the others."""
    # The preload imports torch and loads the first model before the first visitor asks.
    worker = nanny(preload=["attrcore.quick"])
    return Lane(workers={0: worker}, worker=worker)


class LongCluster(Lane):
    """The long lane with one worker per GPU, or one on the CPU.  It does not wait for them.

    Which GPU is in the worker's specification, so that a worker that was restarted has the same.
    """

    def __init__(self) -> None:
        self.places = [{"env": {"CUDA_VISIBLE_DEVICES": gpu}} for gpu in gpus()] or [{}]
        super().__init__()
        self.scale(len(self.places))

    def new_worker_spec(self) -> dict[str, Any]:
        """The next worker: its name and how it is started."""
        i = len(self.worker_spec)
        return {f"long-{i}": nanny(preload=["attrcore.runs"], resources=LONG, **self.places[i])}


def gpus() -> list[str]:
    """What CUDA_VISIBLE_DEVICES may be to see each GPU alone."""
    named = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
    return (named or [str(i) for i in range(torch.cuda.device_count())])[: torch.cuda.device_count()]


@cache
def security() -> Security:
    """Certificates made for this run, for both clusters."""
    return Security.temporary()


def local() -> dict[str, Any]:
    """Where schedulers and workers listen.

    On the loopback interface only, and with certificates: a scheduler computes whatever it is sent, and other people
    on this machine must not send it anything.
    """
    place = {"host": "127.0.0.1", "protocol": "tls://", "security": security()}
    return {**place, "dashboard_address": "127.0.0.1:0"}  # workers insist on a status server; keep it to this machine


def nanny(**more: Any) -> dict[str, Any]:
    """How a worker of one thread is started, under a nanny that starts it anew when it dies."""
    options = {**local(), "nthreads": 1, "memory_limit": 0, "silence_logs": logging.ERROR, **more}
    return {"cls": Nanny, "options": options}


def surroundings() -> dict[str, Any]:
    """What a cluster has beside its workers; sets what all workers and schedulers of this process go by."""
    dask.config.set({
        # What kills its worker is not handed to the next one behind our back: `Answer.wait` and `LongLane` count.
        "distributed.scheduler.allowed-failures": 0,
        # Nannies restart their workers.  By default the cluster looks 15 s after a death, and when by chance the
        # worker has just died again it closes the nanny for good.
        "distributed.deploy.lost-worker-timeout": "10000 days",
        # Two torch threads beside a busy page process are slower than one.  Dask's default also has glibc give every
        # freed block back to the system; all are then faulted in anew, and SqueezeNet's passes take 1.9 times as long.
        "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": "1"},
    })  # fmt: skip
    for handler in logging.getLogger("distributed").handlers:  # not `silence_logs`: it ends with the first cluster
        handler.setLevel(logging.ERROR)
    disable_gc_diagnosis()  # it reads this process's memory at each of the collections that Streamlit asks for
    scheduler = {"cls": Scheduler, "options": {**local(), "port": 0}}
    return {"scheduler": scheduler, "security": security()}


def shut(cluster: Lane) -> None:
    """End its workers, also those that are busy: what they wrote is whole at any moment."""
    with suppress(TimeoutError):  # then they die with this process
        cluster.sync(cluster.end, callback_timeout=5)
        cluster.close(timeout=5)


class Sides(NamedTuple):
    """The workers of a scheduler elsewhere, by address: those that offer to take studies, and the others."""

    long: list[str]
    plain: list[str]


@cached(TTLCache(1, ttl=2.0), key=lambda client: client.id)
def sides(client: Client) -> Sides:
    """Who of the scheduler's workers takes what, as of some seconds ago."""
    found: dict[str, Any] = client.scheduler_info()["workers"]
    long = [address for address, worker in found.items() if worker["resources"].get("long")]
    return Sides(long, [address for address in found if address not in long] if long else [])
