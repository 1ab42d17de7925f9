"""What a disk may give back: nothing of it may take more down than the run that it belongs to."""

import json
import shutil

import pytest

from attrcore import kept, runs, store
from attrcore.folder import Folder
from attrcore.kinds import Refused
from attrcore.processes import host
from tests.rehearsals import Rehearsal


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTRCORE_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def done(**settings):
    """A run that is over."""
    study = Rehearsal(**settings)
    attempt = Folder(study.key()).queue(study, "anna")
    runs.work(study.key(), attempt)
    return Folder(study.key())


@pytest.mark.parametrize(
    "said",
    [None, 5, [], {}, {"state": ["x"]}, {"state": "asleep"}, {"state": "done", "title": []},
     {"state": "running", "worker": None}, {"state": "running", "worker": {"host": host()}},
     {"state": "running", "worker": {"host": host(), "pid": "x", "born": None}}, {"state": "done", "asked": "now"}],
    ids=repr,
)  # fmt: skip
def test_a_damaged_progress_takes_no_other_run_off_the_shelf(said):
    good, bad = done(seed=1), done(seed=2)
    (bad / "progress.json").write_text(json.dumps(said))
    states = {entry.key: entry.state for entry in store.listed()}
    assert states[good.key] == "done" and states[bad.key] in ("done", "interrupted")
    assert not store.look(bad.key).live
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


def test_pruning_finishes_deletions_that_were_broken_off_and_passes_over_those_of_others(root, monkeypatch):
    folders = [done(seed=i) for i in range(3)]
    left = root / ".gone-0123456789abcdef"
    left.mkdir()
    (left / "frame").write_bytes(bytes(1000))
    delete = store.delete

    def meanwhile(key):
        if key == folders[1].key:  # somebody else was faster
            shutil.rmtree(folders[1].path)
        delete(key)

    monkeypatch.setattr(store, "delete", meanwhile)
    assert set(store.prune(0)) == {folders[0].key, folders[2].key}
    assert not left.exists() and not store.listed()


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
