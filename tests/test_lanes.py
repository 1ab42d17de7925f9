"""Lanes whose workers come back."""

import gc
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
from distributed import Client

from attrcore.lanes import LongCluster, shut
from tests.waiting import until


@pytest.fixture
def lane():
    cluster = LongCluster()
    yield cluster
    shut(cluster)


def process(lane):
    """The process of the first worker, awake or not; None before there is one."""
    nannies = [n for n in lane._created if n.process is not None and n.process.process is not None]
    return nannies[-1].process.process.pid if nannies else None


def test_a_worker_that_dies_while_it_wakes_up_is_replaced(lane):
    first = until(lambda: process(lane), 60)
    os.kill(first, signal.SIGKILL)
    until(lambda: lane.scheduler_info["workers"], 120)
    assert process(lane) != first
    with Client(lane, set_as_default=False) as client:
        assert client.submit(os.getpid).result(30) not in (first, os.getpid())


def test_and_leaves_no_word_in_the_log_also_when_somebody_waits_for_it(lane, caplog):
    with ThreadPoolExecutor() as pool:
        waits = pool.submit(Client, lane, set_as_default=False)  # as the engine does, before there is a worker
        os.kill(until(lambda: process(lane), 60), signal.SIGKILL)
        with waits.result(60):
            until(lambda: lane.scheduler_info["workers"], 120)
    gc.collect()
    assert "never retrieved" not in caplog.text
