"""Lanes whose workers come back."""

import os
import signal

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
