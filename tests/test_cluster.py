"""A scheduler that runs elsewhere."""

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from attrcore import jobs, kept, store
from attrcore.studies.running import finish
from tests.rehearsals import Rehearsal
from tests.waiting import over, until

SLOW = 60.0  # seconds: workers of a scheduler elsewhere import everything first


@pytest.fixture
def elsewhere(monkeypatch):
    """A scheduler of its own with workers, started with their options and stopped by address."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{s.getsockname()[1]}"
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
    running = []

    def start(*workers):
        dask_command = [sys.executable, "-m", "distributed.cli"]
        parts = [["dask_scheduler", "--host", address, "--no-dashboard"]]
        parts += [["dask_worker", address, "--nthreads", "1", *options] for options in workers or [[]]]
        for name, *rest in parts:
            command = [*dask_command[:2], f"distributed.cli.{name}", *rest]
            running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        for _ in range(300):
            with suppress(jobs.NoAnswer):
                return jobs.knock(address)
            time.sleep(0.1)

    def stop():
        for process in reversed(running):  # workers first: without a scheduler they take long to take their leave
            process.terminate()
        for process in reversed(running):
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
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


def where(seconds=0.05):
    """The process that answers."""
    time.sleep(seconds)
    return os.getpid()


@pytest.fixture
def away(elsewhere, monkeypatch):
    """An engine on such a scheduler, once its workers are there."""
    monkeypatch.setattr(jobs, "_engine", None)

    def engine(*workers):
        elsewhere[0](*workers)
        jobs.engine().client.wait_for_workers(len(workers))
        return jobs.engine()

    yield engine
    jobs.close()


def test_a_sweep_runs_on_all_workers_of_a_scheduler_elsewhere_and_outlives_the_app(away):
    engine = away([], [])
    sweep = [Rehearsal(steps=40, pause=0.02, seed=10**6 + i) for i in range(6)]
    keys = [engine.start(study, f"visitor {i % 2}") for i, study in enumerate(sweep)]
    until(lambda: sum(engine.look(k).state == "running" for k in keys) == 2, SLOW)
    assert engine.ask(where) != os.getpid()  # plain workers serve both lanes
    assert {over(jobs.engine(), key, SLOW).state for key in keys} == {"done"}
    assert len({kept.result(key).numbers["worker"] for key in keys}) == 2 and engine.long.cluster is None
    for study, key in zip(sweep, keys, strict=True):
        assert kept.result(key).numbers["sum"] == finish(Rehearsal(40, seed=study.seed).run()).numbers["sum"]
    lasting = Rehearsal(steps=300, pause=0.02, seed=10**6 + 9)
    key = engine.start(lasting, "anna")
    until(lambda: engine.look(key).done > 5, SLOW)
    attempt = engine.look(key).attempt
    jobs.close()
    assert store.look(key).state == "running"
    assert jobs.engine().start(lasting, "anna") == key and jobs.engine().look(key).attempt == attempt
    assert over(jobs.engine(), key, SLOW).state == "done" and [f.n for f in kept.facts(key)[0]] == list(range(300))


def test_workers_that_offer_to_take_studies_take_all_of_them_and_no_question(away):
    engine = away([], ["--resources", "long=1"])
    keys = [engine.start(Rehearsal(steps=5, pause=0.02, seed=2 * 10**6 + i), "anna") for i in range(6)]
    asked = [engine.begin(where, i / 1000) for i in range(12)]
    assert {over(jobs.engine(), key, SLOW).state for key in keys} == {"done"}
    (long,) = {kept.result(key).numbers["worker"] for key in keys}
    assert len({a.result() for a in asked}) == 1 and long not in {a.result() for a in asked}
    deaf = engine.start(Rehearsal(mood="deaf", seed=2 * 10**6 + 9), "anna")
    until(lambda: engine.look(deaf).done == 3, SLOW)
    engine.cancel(deaf)
    assert over(jobs.engine(), deaf, SLOW).state == "cancelled" and engine.ask(where, 0.01) != long
