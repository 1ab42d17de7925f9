"""How runs on the long lane end before they are over: cancelled, or their worker gone."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress

import torch

from attrcore import kept, long_lane, store
from attrcore.folder import Folder
from attrcore.studies.running import finish
from tests.lane import free, fresh, running
from tests.rehearsals import Rehearsal
from tests.waiting import over, until


def test_a_run_ends_within_a_step_of_being_cancelled_and_goes_on_where_it_was(engine):
    study = fresh(steps=300, pause=0.01)
    key = engine.start(study, "anna")
    running(engine, key, 20)
    start = time.monotonic()
    engine.cancel(key)
    seen = over(engine, key)
    assert seen.state == "cancelled" and seen.resumable and time.monotonic() - start < 2.0
    engine.start(study, "anna")
    assert over(engine, key).state == "done"
    assert torch.equal(kept.result(key).tensors["x"], finish(Rehearsal(300, seed=study.seed).run()).tensors["x"])
    assert [f.n for f in kept.facts(key)[0]] == list(range(300))


def test_one_that_waits_is_cancelled_at_once_and_never_runs(engine):
    first, second, third = (engine.start(fresh(steps=10**5, pause=0.01), "anna") for _ in range(3))
    running(engine, first)
    assert [engine.look(k).ahead for k in (first, second, third)] == [0, 0, 1]
    engine.cancel(second)
    assert engine.look(second).state == "cancelled" and engine.look(third).ahead == 0
    engine.cancel(first)
    running(engine, third)
    engine.cancel(third)
    over(engine, third)
    assert kept.facts(second) == ([], 0) and free(engine)


def test_fifty_cancels_at_any_moment_leave_readable_folders_and_a_free_lane(engine):
    draw, ended = random.Random(0), []
    for i in range(50):
        study = fresh(steps=30, pause=0.004)
        key = engine.start(study, f"visitor {i % 7}")
        time.sleep(draw.choice([0.0, draw.uniform(0, 0.3)]))
        engine.cancel(key)
        ended.append(over(engine, key))
        assert [f.n for f in kept.facts(key)[0]] == list(range(len(kept.facts(key)[0])))
        assert all(kept.frame(key, n) for n in kept.frames(key))
        if ended[-1].state == "done":
            assert kept.result(key)
    assert {seen.state for seen in ended} >= {"cancelled"} and {seen.state for seen in ended} <= {"cancelled", "done"}
    assert free(engine)
    until(lambda: not engine.long.tasks)


def test_one_that_will_not_look_costs_its_worker_and_no_other(engine, monkeypatch):
    monkeypatch.setattr(long_lane, "PATIENCE", 0.5)
    deaf, waits = engine.start(fresh(mood="deaf"), "anna"), engine.start(fresh(), "ben")
    pid, quick = running(engine, deaf, 3), set(engine.client.run(os.getpid).values())
    engine.cancel(deaf)
    seen = over(engine, deaf, 5)
    assert (seen.state, seen.error) == ("cancelled", "")
    assert over(engine, waits).state == "done" and kept.result(waits).numbers["worker"] != pid
    assert set(engine.client.run(os.getpid).values()) == quick


def test_one_without_a_browser_is_told_and_never_killed(engine, monkeypatch, tmp_path, caplog):
    monkeypatch.setattr(long_lane, "PATIENCE", 0.2)
    study, file = fresh(mood="deaf"), tmp_path / "deaf.json"
    file.write_text(json.dumps({"study": study.to_dict()}))
    process = subprocess.Popen([sys.executable, "-m", "attrcore", "run", str(file)], stdout=subprocess.DEVNULL)
    try:
        until(lambda: (seen := store.look(study.key())) and seen.done >= 3, 60)
        engine.cancel(study.key())
        time.sleep(1.5)
        assert process.poll() is None and not (Folder(study.key()).wanted() or caplog.records)
        assert free(engine)
    finally:
        process.kill()
        process.wait()
    assert over(engine, study.key()).state == "cancelled"


def test_a_killed_worker_is_seen_soon_while_questions_are_answered_and_the_run_can_go_on(engine, monkeypatch):
    study = fresh(steps=120, pause=0.01)
    key, waits = engine.start(study, "anna"), engine.start(fresh(), "ben")
    running(engine, key, 40)
    engine.cancel(key)  # leaves a checkpoint, as a minute would
    over(engine, key)
    over(engine, waits)
    engine.start(study, "anna")
    waits = engine.start(fresh(), "ben")
    pid = running(engine, key, 60)
    os.kill(pid, signal.SIGKILL)
    start = time.monotonic()
    assert engine.ask(abs, -random.random()) > 0 and time.monotonic() - start < 5
    seen = over(engine, key, 5)
    assert seen.state == "interrupted" and seen.resumable and "process" in seen.error
    assert over(engine, waits).state == "done"  # it stood behind the dead one
    until(lambda: Folder(key).said()["state"] == "interrupted")
    assert "killed" in engine.look(key).error
    engine.start(study, "anna")
    assert over(engine, key).state == "done"
    assert torch.equal(kept.result(key).tensors["x"], finish(Rehearsal(120, seed=study.seed).run()).tensors["x"])
    assert [f.n for f in kept.facts(key)[0]] == list(range(120))
    assert kept.frames(key) == list(range(4, 120, 5))


def test_lanes_stay_apart_when_their_workers_were_killed(engine):
    for lane in (engine.client, engine.long.client):
        before = set(lane.run(os.getpid).values())
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        until(lambda lane=lane, before=before: (now := set(pids(lane))) and not now & before)
    engine.cluster.scale(2)
    key = engine.start(fresh(), "anna")
    assert over(engine, key).state == "done"
    assert kept.result(key).numbers["worker"] in pids(engine.long.client)
    asked = [engine.begin(quick_pid, i) for i in range(12)]
    assert not {a.result() for a in asked} & set(pids(engine.long.client))


def pids(client):
    with suppress(Exception):  # one is dying just now
        return list(client.run(os.getpid).values())
    return []


def quick_pid(_):
    time.sleep(0.05)
    return os.getpid()
