"""The engine with a real embedded cluster: one worker process under a nanny."""

import os
import signal
import socket
import ssl
import threading
import time
from urllib.parse import urlsplit

import dask
import numpy as np
import pytest
import torch
from dask.utils import parse_timedelta

from attrcore import answers, jobs, quick
from attrcore.batches import go_on, wanted
from attrcore.explain import EXPLAINERS
from attrcore.kinds import NotNow, Refused
from attrcore.models import MODELS


@pytest.fixture(scope="module")
def engine():
    yield jobs.engine()
    jobs.close()


def worker_pids(engine):
    return set(engine.client.run(os.getpid).values())


def touch(path, seconds=0.0):
    """Leave a line for every time it was computed."""
    with open(path, "a") as f:  # noqa: PTH123
        f.write(f"{os.getpid()}\n")
    time.sleep(seconds)
    return os.getpid()


def test_questions_are_answered_in_another_process(engine):
    assert engine.ask(os.getpid) in worker_pids(engine) - {os.getpid()}


@pytest.mark.skipif("MALLOC_TRIM_THRESHOLD_" in os.environ, reason="glibc's threshold is set from outside")
def test_workers_have_one_thread_and_keep_the_memory_they_free(engine):
    assert engine.ask(os.getenv, "MALLOC_TRIM_THRESHOLD_") is None
    assert engine.ask(torch.get_num_threads) == 1


def test_a_map_from_the_engine_is_the_librarys_map(engine):
    digit = np.zeros((1, 28, 28), np.uint8)
    digit[:, 8:20, 12:16] = 255
    settings = EXPLAINERS["Integrated Gradients"]().to_dict()
    args = ("MNIST CNN", MODELS["MNIST CNN"].digest, digit, 1, settings)
    theirs, ours = engine.ask(quick.explain, *args), quick.explain(*args)
    np.testing.assert_allclose(theirs.attribution, ours.attribution, atol=1e-6)
    assert [c.law for c in theirs.checks] == ["finite", "completeness"]


def test_the_same_question_is_computed_once_at_the_same_time_or_later(engine, tmp_path):
    file = str(tmp_path / "calls")
    first = engine.begin(touch, file, 0.5)
    threads = [threading.Thread(target=engine.ask, args=(touch, file, 0.5)) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert engine.ask(touch, file, 0.5) == first.result() and engine.begin(touch, file, 0.5) is first
    assert len(open(file).readlines()) == 1  # noqa: PTH123, SIM115


def large(path, name):
    """A megabyte, and a line for every time it was computed."""
    touch(path)
    return {"name": name, "parts": [np.zeros(2**20, np.uint8)]}


def test_what_was_asked_before_is_known_and_looking_asks_nothing(engine, tmp_path):
    question = touch, str(tmp_path / "known"), 0.2
    assert engine.known(*question) is None
    answer = engine.begin(*question)
    assert engine.known(*question) is None  # not yet
    answer.result()
    assert engine.known(*question) is answer and answer.askers == 1
    engine.give_up([answer])
    assert engine.known(*question) is answer and len((tmp_path / "known").read_text().split()) == 1


def test_remembered_answers_have_room_for_so_many_bytes(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "MOST_BYTES", 3 * 2**20)
    path = str(tmp_path / "lines")
    for name in "abcde":
        engine.ask(large, path, name)
    assert sum(a.size for a in engine.answers.values()) <= 4 * 2**20
    engine.ask(large, path, "e")  # still there
    assert len((tmp_path / "lines").read_text().splitlines()) == 5
    engine.ask(large, path, "a")  # gone
    assert len((tmp_path / "lines").read_text().splitlines()) == 6


def test_an_error_in_the_question_reaches_the_asker(engine):
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            engine.ask(divmod, 1, 0)


def refuse(path):
    touch(path)
    raise Refused("not for this network")


def test_a_refusal_is_remembered_and_a_failure_is_not(engine, tmp_path):
    file = str(tmp_path / "calls")
    for _ in range(3):
        with pytest.raises(Refused):
            engine.ask(refuse, file)
    assert len(open(file).readlines()) == 1  # noqa: PTH123, SIM115
    answer = engine.begin(divmod, 2, 0)
    with pytest.raises(ZeroDivisionError):
        answer.result()
    again = engine.begin(divmod, 2, 0)
    assert again is not answer
    with pytest.raises(ZeroDivisionError):
        again.result()


def refuse_now(path):
    touch(path)
    raise NotNow("The pictures are not here.")


def test_a_refusal_that_may_stop_being_true_is_asked_again(engine, tmp_path):
    for _ in range(2):
        with pytest.raises(NotNow):
            engine.ask(refuse_now, str(tmp_path / "lines"))
    assert len((tmp_path / "lines").read_text().splitlines()) == 2


def test_a_killed_worker_costs_one_retry_and_no_visitor(engine, tmp_path):
    file, before = str(tmp_path / "calls"), worker_pids(engine)
    threading.Timer(1.0, lambda: [os.kill(pid, signal.SIGKILL) for pid in before]).start()
    after = engine.ask(touch, file, 2.0)
    assert after not in before and len(open(file).readlines()) == 2  # noqa: PTH123, SIM115
    assert engine.ask(abs, -3) == 3


def test_the_cluster_never_closes_a_nanny_whose_worker_died(engine):
    """By default it looks 15 s after a death, and a worker that has just died again would never come back."""
    assert parse_timedelta(dask.config.get("distributed.deploy.lost-worker-timeout")) > 1e8


def test_what_kills_every_worker_is_given_up_after_the_second_one(engine):
    with pytest.raises(jobs.NoAnswer, match="broke down twice"):
        engine.ask(os._exit, 1)
    assert engine.ask(abs, -4) == 4


def test_a_question_that_takes_too_long_gets_a_sentence(engine, monkeypatch):
    monkeypatch.setattr(answers, "PATIENCE", 0.2)
    with pytest.raises(jobs.NoAnswer, match="the server is busy"):
        engine.ask(time.sleep, 1)


def test_finished_answers_are_not_held_by_the_cluster(engine):
    engine.ask(abs, -5)
    time.sleep(0.3)
    assert not engine.client.futures


def test_what_nobody_waits_for_any_more_is_not_computed(engine, tmp_path):
    """A visitor who leafs through twenty pictures waits for the last one only."""
    file = str(tmp_path / "calls")
    blocker = engine.begin(time.sleep, 4.0)
    passed, shared = [engine.begin(touch, file, i / 1000) for i in range(20)], engine.begin(touch, file, 0.5)
    assert engine.begin(touch, file, 0.5) is shared  # somebody else waits for this one
    engine.give_up([*passed, shared])
    blocker.result()
    assert shared.result() and len(open(file).readlines()) == 1  # noqa: PTH123, SIM115
    assert engine.begin(touch, file, 0.0) is not passed[0]
    assert engine.ask(touch, file, 0.0)


def steps(path):
    """A long computation that asks before every step whether it is wanted."""
    wanted.set(quick.still_wanted)
    for _ in range(500):
        go_on()
        touch(path, 0.02)


def test_a_computation_that_nobody_waits_for_stops_at_its_next_step(engine, tmp_path):
    file = tmp_path / "calls"
    answer = engine.begin(steps, str(file))
    while not file.exists():
        time.sleep(0.01)
    engine.give_up([answer])
    assert engine.ask(abs, -7) == 7  # the worker is free again
    done = len(file.read_text().splitlines())
    time.sleep(0.3)
    assert len(file.read_text().splitlines()) == done < 400


def test_a_slow_question_does_not_hold_the_others(engine):
    engine.grow()
    engine.client.wait_for_workers(jobs.QUICK_WORKERS)
    slow = engine.begin(time.sleep, 3.0)
    time.sleep(0.2)
    start = time.monotonic()
    assert [engine.ask(abs, -i) for i in range(100, 110)] == list(range(100, 110))
    assert time.monotonic() - start < 2.0 and not slow.soon(0)
    slow.result()


def test_giving_up_an_answer_that_is_there_changes_nothing(engine):
    answer = engine.begin(abs, -6)
    assert answer.result() == 6
    engine.give_up([answer])
    assert engine.begin(abs, -6) is answer and answer.result() == 6


def test_a_key_follows_every_byte():
    a = np.zeros((3, 512, 512), np.uint8)
    b = a.copy()
    b[1, 300, 77] = 1  # Streamlit's own hash of such an array looks at a sample and may miss this
    keys = {jobs.content_key(abs, (x, k)) for x in (a, b, a.astype(np.int8), a.reshape(3, 256, 1024)) for k in (1, "1")}
    assert len(keys) == 8
    assert jobs.content_key(abs, (a, {"x": 1, "y": 2})) == jobs.content_key(abs, (a.copy(), {"y": 2, "x": 1}))


def test_waiting_can_be_broken_off(engine):
    """A visitor who clicks on something else does not sit out a slow map first."""
    answer, looks = engine.begin(time.sleep, 3.1), []

    def leave():
        looks.append(time.monotonic())
        if len(looks) == 3:
            raise InterruptedError

    start = time.monotonic()
    with pytest.raises(InterruptedError):
        answer.result(leave)
    assert time.monotonic() - start < 1.5 and not answer.soon(0)
    engine.give_up([answer])


def test_strangers_on_this_machine_cannot_reach_the_cluster(engine):
    address = urlsplit(engine.client.scheduler.address)
    assert (address.scheme, address.hostname) == ("tls", "127.0.0.1")
    unknown = ssl.create_default_context()
    unknown.check_hostname, unknown.verify_mode = False, ssl.CERT_NONE
    bare = socket.create_connection((address.hostname, address.port), timeout=10)
    with pytest.raises(ssl.SSLError, match="certificate required"), unknown.wrap_socket(bare) as stranger:
        stranger.recv(1)
