"""What a disk may give back: nothing of it may take more down than the run that it belongs to."""

import errno
import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
import safetensors.torch
import torch
from streamlit.testing.v1 import AppTest

from attrcore import kept, runs, store
from attrcore.answers import NoAnswer
from attrcore.folder import Folder, NotKept
from attrcore.kinds import Refused
from attrcore.long_lane import LongLane
from attrcore.processes import host, me
from tests.rehearsals import Rehearsal, done


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTRCORE_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


@contextmanager
def lane(client=None):
    """The long lane before it has asked its scheduler anything."""
    long = LongLane(client, None)
    try:
        yield long
    finally:
        long.closed.set()


@pytest.mark.parametrize(
    "said",
    [None, 5, [], {}, {"state": ["x"]}, {"state": "asleep"}, {"state": "done", "title": []},
     {"state": "running", "worker": None}, {"state": "running", "worker": {"host": host()}},
     {"state": "running", "worker": {"host": host(), "pid": "x", "born": None}}, {"state": "done", "asked": "now"},
     {"state": "running", "worker": {"host": "x", "pid": 1, "born": 0.0}}, {"state": "running", "attempt": "a"},
     {"state": "done", "left": "long"},
     {"state": "done", "asked": float("nan")}, {"state": "done", "asked": 1e300}, {"state": "done", "title": "\ud800"},
     {"state": "done", "frame": []}, {"state": "done", "ended": "late"}],
    ids=repr,
)  # fmt: skip
def test_a_damaged_progress_takes_no_other_run_off_the_shelf(said):
    good, bad = done(seed=1), done(seed=2)
    (bad / "progress.json").write_text(json.dumps(said))
    states = {entry.key: entry.state for entry in store.listed()}
    assert states[good.key] == "done" and states[bad.key] in ("done", "interrupted")
    seen = store.look(bad.key)
    assert not seen.live and seen.left is seen.ended is seen.frame is None
    assert all(0 <= entry.made < 1e10 for entry in store.listed())  # a date can be made of it
    with lane() as long:  # which reads all of them when it starts
        assert not long.look(bad.key).live
    store.delete(bad.key)
    assert [entry.key for entry in store.listed()] == [good.key]


def test_a_damaged_line_of_facts_is_left_out_and_the_run_can_be_repeated():
    folder = done(steps=4)
    with (folder / "facts.jsonl").open("ab") as file:
        file.write(b"\0" * 10 + b'\n[1]\n{"n": "x", "done": 1, "facts": {}}\n\xff\n')
    assert [f.n for f in kept.facts(folder.key)[0]] == [0, 1, 2, 3]
    (folder / "result.json").unlink()
    assert runs.work(folder.key, folder.queue(Rehearsal(steps=4), "anna")) == "done"
    assert [f.n for f in kept.facts(folder.key)[0]] == [0, 1, 2, 3] and store.sound(folder.key)


@pytest.mark.parametrize("said", ["[]", "5", "null", "{", '{"seal": 1}'])
def test_a_damaged_result_is_called_damaged(said):
    folder = done()
    (folder / "result.json").write_text(said)
    assert not store.sound(folder.key)
    with pytest.raises(kept.Damaged):
        kept.check(folder.key)


def test_what_two_do_at_once_is_refused_with_a_sentence(monkeypatch):
    folder = done()
    seen = store.look(folder.key)
    monkeypatch.setattr(store, "there", lambda key: seen)
    shutil.rmtree(folder.path)
    for act in (store.delete, store.pin):
        with pytest.raises(Refused, match="There is no run"):
            act(folder.key)


def test_an_attempt_that_was_overtaken_leaves_the_new_ones_checkpoint():
    study = Rehearsal(steps=3)
    folder = Folder(study.key())
    old = folder.queue(study, "anna")
    drive = runs.drive

    def overtaken(*args):
        found = drive(*args)
        folder.claim(folder.queue(study, "bert"))
        (folder / "checkpoint.safetensors").write_bytes(b"new")
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "drive", overtaken)
        runs.work(study.key(), old)
    assert (folder / "checkpoint.safetensors").read_bytes() == b"new" and not (folder / "result.json").exists()


def test_a_checkpoint_whose_number_is_damaged_means_a_start_from_the_beginning():
    study = Rehearsal(steps=3)
    folder = Folder(study.key())
    attempt = folder.queue(study, "anna")
    about = {"n": "1x", "done": "2", "key": folder.key}
    safetensors.torch.save_file({"x": torch.zeros(1)}, folder / "checkpoint.safetensors", about)
    assert runs.work(folder.key, attempt) == "done" and len(kept.facts(folder.key)[0]) == 3


def test_an_attempt_that_was_overtaken_says_nothing_of_its_later_steps():
    study = Rehearsal(steps=3)
    folder = Folder(study.key())
    old = folder.queue(study, "anna")
    assert folder.claim(old)
    report = runs.Report(folder, old)
    folder.claim(folder.queue(study, "bert"))
    step = next(Rehearsal(steps=5, mood="hungry", at=0).run())
    with pytest.raises(runs.Abandoned):
        report.step(0, step)
    assert kept.facts(folder.key) == ([], 0) and not kept.frames(folder.key)


@pytest.mark.parametrize("code, sentence", [(errno.ENOSPC, "no room left"), (errno.EROFS, "cannot be written to")])
def test_a_disk_that_does_not_take_the_claim_is_a_sentence(monkeypatch, code, sentence):
    study = Rehearsal()
    attempt = Folder(study.key()).queue(study, "anna")

    def refuse(*args, **more):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(NotKept, match=sentence):
        runs.work(study.key(), attempt)


def test_the_lane_starts_also_when_a_run_is_deleted_meanwhile(monkeypatch):
    study = Rehearsal()
    folder = Folder(study.key())
    folder.queue(study, "anna")
    folder.put({**folder.said(), "state": "running", "worker": {**me(), "born": 0.0}})  # its process is gone
    found = store.listed()
    assert [entry.state for entry in found] == ["interrupted"]

    def stale(visitor=None):
        shutil.rmtree(folder.path)
        return found

    monkeypatch.setattr(store, "listed", stale)
    with lane() as long:
        assert long.look(folder.key) is None


def test_a_run_that_is_deleted_while_its_end_is_written_has_none():
    study = Rehearsal()
    folder = Folder(study.key())
    attempt = folder.queue(study, "anna")
    put = Folder.put

    def late(self, said):
        shutil.rmtree(self.path)
        put(self, said)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Folder, "put", late)
        folder.end("failed", attempt, "by nothing")
    assert store.look(folder.key) is None


class Lost:
    """A scheduler that goes away at the moment it is asked."""

    status, id = "running", "lost"

    def scheduler_info(self):
        return {"workers": {}}

    def submit(self, *args, **more):
        raise ConnectionError("Client is closed.")


def test_a_study_that_the_scheduler_did_not_take_does_not_wait_for_ever():
    study = Rehearsal()
    with lane(Lost()) as long:
        with pytest.raises(NoAnswer, match="scheduler has gone away"):
            long.start(study, "anna")
        seen = long.look(study.key())
        assert seen.state == "interrupted" and "scheduler" in seen.error and not long.tasks
        with pytest.raises(NoAnswer):  # and may be asked for again
            long.start(study, "anna")


def test_a_link_to_a_run_whose_settings_are_damaged_is_a_sentence():
    folder = done()
    (folder / "recipe.json").write_text('{"kind": "Rehearsal", "steps": "ten"}')
    page = "from attrcore.recipe import Recipe\nfrom pages.parts import watch\nassert watch.opened(Recipe) is None"
    at = AppTest.from_string(page, default_timeout=60)
    at.query_params["run"] = folder.key
    at.run()
    assert not at.exception and "which is not here" in at.info[0].value
