"""A scheduler that runs elsewhere."""

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from attrcore import jobs


@pytest.fixture
def elsewhere(monkeypatch):
    """A scheduler of its own with one worker, started and stopped by address."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{s.getsockname()[1]}"
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
    running = []

    def start():
        dask_command = [sys.executable, "-m", "distributed.cli"]
        parts = [["dask_scheduler", "--host", address, "--no-dashboard"], ["dask_worker", address, "--nthreads", "1"]]
        for name, *rest in parts:
            command = [*dask_command[:2], f"distributed.cli.{name}", *rest]
            running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        for _ in range(300):
            with suppress(jobs.NoAnswer):
                return jobs.knock(address)
            time.sleep(0.1)

    def stop():
        for process in running:
            process.terminate()
            process.wait(20)
        running.clear()

    yield start, stop
    stop()


def test_a_named_scheduler_answers_and_its_loss_is_a_sentence(elsewhere, monkeypatch):
    start, stop = elsewhere
    monkeypatch.setattr(jobs, "_engine", None)
    with pytest.raises(jobs.NoAnswer, match=r"The scheduler tcp://127.* does not answer"):
        jobs.engine()
    start()
    away = jobs.engine()
    assert away.cluster is None and away.ask(os.getpid) != os.getpid()
    stop()
    with pytest.raises(jobs.NoAnswer, match="gone away"):
        for _ in range(100):  # until the client has noticed
            away.begin(abs, -time.monotonic_ns())
            time.sleep(0.1)
    start()
    for _ in range(300):  # until it has found the way back
        with suppress(jobs.NoAnswer):
            assert jobs.engine().ask(abs, -8) == 8
            break
        time.sleep(0.1)
    else:
        pytest.fail("the engine never came back")
    jobs.close()
