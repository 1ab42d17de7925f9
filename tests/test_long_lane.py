"""Studies on the long lane, with a real embedded cluster."""

import os
import subprocess
import threading
import time
from contextlib import suppress

import pytest
import torch

from attrcore import jobs, kept, long_lane, store
from attrcore.folder import Folder
from attrcore.kinds import NotNow
from attrcore.studies.running import finish
from tests.lane import free, fresh, running
from tests.rehearsals import Rehearsal
from tests.waiting import over, until


def test_a_study_runs_in_a_worker_of_its_own_and_a_question_in_another(engine):
    key = engine.start(fresh(), "anna")
    assert over(engine, key).state == "done"
    worker = kept.result(key).numbers["worker"]
    quick = set(engine.client.run(os.getpid).values())
    long = set(engine.long.client.run(os.getpid).values())
    assert worker in long and not long & quick and os.getpid() not in long | quick
    assert engine.ask(os.getpid) in quick


def test_the_lane_may_use_every_core_gives_way_to_questions_and_sees_its_gpu_only(engine, monkeypatch):
    assert list(engine.long.client.run(torch.get_num_threads).values()) == [len(os.sched_getaffinity(0))]
    if not torch.cuda.is_available():
        assert list(engine.long.client.run(os.nice, 0).values()) == [os.nice(0) + 5]
    from attrcore import lanes

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert lanes.gpus() == ["0", "1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,GPU-abc")
    assert lanes.gpus() == ["3", "GPU-abc"]


def test_the_same_study_asked_by_many_is_one_run(engine):
    study, found = fresh(steps=20, pause=0.02), []
    threads = [threading.Thread(target=lambda v=str(i): found.append(engine.start(study, v))) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert set(found) == {study.key()}
    attempt = engine.look(study.key()).attempt
    assert over(engine, study.key()).state == "done"
    assert engine.start(study, "late") == study.key() and engine.look(study.key()).attempt == attempt
    assert [f.n for f in kept.facts(study.key())[0]] == list(range(20))


def test_what_is_done_is_run_again_only_when_its_result_is_damaged(engine):
    study = fresh()
    over(engine, engine.start(study, "anna"))
    (Folder(study.key()) / "result.safetensors").write_bytes(b"rust")
    engine.start(study, "anna")
    assert over(engine, study.key()).state == "done" and store.sound(study.key())


@pytest.mark.parametrize("mood, state", [("broken", "failed"), ("refusing", "failed"), ("deadly", "interrupted")])
def test_what_goes_wrong_is_a_sentence_and_the_lane_goes_on(engine, mood, state):
    key = engine.start(fresh(mood=mood), "anna")
    seen = over(engine, key)
    assert seen.state == state and seen.error.endswith((".", "nothing")) and free(engine)


def test_ten_studies_of_one_visitor_do_not_hold_up_the_one_of_another(engine):
    many = [engine.start(fresh(steps=10, pause=0.02), "anna") for _ in range(10)]
    one = engine.start(fresh(steps=10, pause=0.02), "ben")
    assert engine.look(one).ahead <= 1
    over(engine, one)
    assert sum(engine.look(key).state == "done" for key in many) <= 2
    two = engine.start(fresh(steps=1), "ben")
    over(engine, two)
    assert sum(engine.look(key).state == "done" for key in many) <= 4
    for key in many:
        engine.cancel(key)
    for key in many:
        over(engine, key)


def test_the_queue_has_an_end(engine, monkeypatch):
    monkeypatch.setattr(long_lane, "MOST", 5)
    monkeypatch.setattr(long_lane, "MOST_EACH", 3)
    until(lambda: not engine.long.tasks)  # a run that is over still counts for a moment
    mine = [engine.start(fresh(steps=10**5, pause=0.01), "anna") for _ in range(3)]
    with pytest.raises(NotNow, match="3 of your studies wait or run"):
        engine.start(fresh(), "anna")
    others = [engine.start(fresh(), "ben"), engine.start(fresh(), "eve")]
    refused = fresh()
    with pytest.raises(NotNow, match="5 studies wait or run"):
        engine.start(refused, "ben")
    assert engine.look(refused.key()) is None
    for key in (*others, *reversed(mine)):
        engine.cancel(key)
        over(engine, key)
    assert free(engine)


def test_nothing_is_held_of_runs_that_are_over(engine):
    over(engine, engine.start(fresh(), "anna"))
    until(lambda: not engine.long.tasks and not engine.long.client.futures and not engine.long.doomed)


def move(runs):
    """Let this process keep its runs elsewhere."""
    os.environ["ATTRCORE_RUNS"] = runs


def test_a_worker_with_another_folder_is_told_apart_from_one_that_died(engine, tmp_path):
    engine.long.client.run(move, str(tmp_path))
    try:
        key = engine.start(fresh(), "anna")
        until(lambda: Folder(key).said()["state"] != "queued")
        assert engine.look(key).state == "failed" and "ATTRCORE_RUNS" in engine.look(key).error
    finally:
        engine.long.client.run(move, os.environ["ATTRCORE_RUNS"])


def test_a_full_disk_is_a_sentence_also_when_the_run_could_not_write_it(tmp_path, monkeypatch, engine):
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1M", "tmpfs", str(small)]
    with suppress(FileNotFoundError):
        if subprocess.run(mount, capture_output=True).returncode == 0:
            monkeypatch.setenv("ATTRCORE_RUNS", str(small))
            engine.long.client.run(move, str(small))
            try:
                hungry = fresh(mood="hungry", steps=100)
                seen = over(engine, engine.start(hungry, "anna"))
                assert seen.state == "failed" and "no room left" in seen.error, seen
                with (small / "rest").open("wb", 0) as rest, suppress(OSError):
                    while True:
                        rest.write(b"0" * 512)
                with pytest.raises(NotNow, match="no room left"):
                    for _ in range(100):
                        over(engine, engine.start(fresh(), "anna"))
                (small / "rest").unlink()
                store.delete(hungry.key())
                assert over(engine, engine.start(fresh(), "anna")).state == "done"
            finally:
                monkeypatch.undo()
                engine.long.client.run(move, os.environ["ATTRCORE_RUNS"])
                subprocess.run(["umount", "-l", str(small)], check=True)
            return
    pytest.skip("this user may not mount a small file system")


def test_an_app_that_is_closed_and_opened_again_finds_its_runs(engine):
    """The last test: it closes the engine."""
    finished, study = engine.start(fresh(), "anna"), fresh(steps=200, pause=0.01)
    over(engine, finished)
    key = engine.start(study, "anna")
    running(engine, key, 20)
    engine.cancel(key)
    over(engine, key)
    waits = [engine.start(s, "anna") for s in (study, fresh())]
    running(engine, key, 40)
    start = time.monotonic()
    jobs.close()
    assert time.monotonic() - start < 8
    assert [jobs.store.look(k).state for k in (finished, *waits)] == ["done", "interrupted", "interrupted"]
    again = jobs.engine()
    attempt = again.look(finished).attempt
    assert again.start(Rehearsal(seed=study.seed - 1), "anna") == finished and again.look(finished).attempt == attempt
    assert {e.key: e.state for e in store.listed()}[key] == Folder(key).said()["state"] == "interrupted"
    again.start(study, "anna")
    assert over(again, key, 60).state == "done"
    assert torch.equal(kept.result(key).tensors["x"], finish(Rehearsal(200, seed=study.seed).run()).tensors["x"])
