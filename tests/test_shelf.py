"""The list of runs and its index, and deletions, where disks and other visitors interfere."""

import errno
import os
import shutil
import sqlite3
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from attrcore import store
from attrcore.folder import Folder, NotKept
from attrcore.kinds import NotNow
from tests.rehearsals import Rehearsal, done


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTRCORE_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


@contextmanager
def starting(root):
    """Another process starts a study and takes its time."""
    db = sqlite3.connect(root / "index.sqlite", isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        db.close()


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


def refusing(monkeypatch, code, name):
    """The disk refuses to remove files of that name."""
    unlink = os.unlink

    def refuse(path, **more):
        if Path(path).name == name:
            raise OSError(code, os.strerror(code), name)
        unlink(path, **more)

    monkeypatch.setattr(os, "unlink", refuse)


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO])
def test_a_deletion_that_the_disk_does_not_finish_is_said_and_finished_later(root, monkeypatch, code):
    folder = done()
    with monkeypatch.context() as patch:
        refusing(patch, code, "result.safetensors")
        with pytest.raises(NotKept):
            store.delete(folder.key)
        assert not store.listed() and list(root.glob(".gone-*"))
        with pytest.raises(NotKept):
            store.prune(10**9)
    assert store.prune(10**9) == [] and not list(root.glob(".gone-*"))


def test_a_run_that_cannot_be_deleted_is_said_after_the_others_were(monkeypatch):
    first, stuck, last = (done(seed=i) for i in range(3))
    replace = Path.replace

    def refuse(path, target):
        if path == stuck.path:
            raise PermissionError(errno.EACCES, "Permission denied")
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refuse)
        with pytest.raises(NotKept, match="cannot be written to"):
            store.prune(0)
    assert [entry.key for entry in store.listed()] == [stuck.key] and not store.look(first.key)
    assert store.prune(0) == [stuck.key] and not store.look(last.key)


def test_pruning_makes_room_also_where_a_run_was_started_again_meanwhile(monkeypatch):
    oldest, newer = done(seed=1), done(seed=2)
    newest = done(seed=3)
    size = {entry.key: entry.size for entry in store.listed()}
    delete = store.delete

    def meanwhile(key):
        if key == oldest.key:
            oldest.queue(Rehearsal(seed=1), "bert")
        delete(key)

    monkeypatch.setattr(store, "delete", meanwhile)
    assert store.prune(sum(size.values()) - 1) == [newer.key]
    assert {entry.key for entry in store.listed()} == {oldest.key, newest.key}


def test_two_may_finish_the_same_deletion(root, monkeypatch):
    half = root / ".gone-0123456789abcdef"
    half.mkdir(parents=True)
    for name in "abc":
        (half / name).touch()
    unlink, others = os.unlink, []

    def race(path, **more):
        if not others:
            others.append(path)
            shutil.rmtree(half)
        unlink(path, **more)

    monkeypatch.setattr(os, "unlink", race)
    assert store.prune(0) == [] and not half.exists()


def test_an_index_of_another_version_is_made_anew(root, caplog):
    done(seed=1)
    store.listed()
    db = sqlite3.connect(root / "index.sqlite")
    db.execute("ALTER TABLE runs ADD COLUMN later TEXT")
    db.close()
    key = done(seed=2).key
    assert store.listed()[0].key == key and "made anew" in caplog.text
    caplog.clear()
    assert store.listed()[0].key == key and not caplog.text


def test_the_list_waits_for_nobody_and_misses_nothing(root):
    first, gone = done(seed=1), done(seed=2)
    store.listed()
    with starting(root):
        shutil.rmtree(gone.path)
        new = done(seed=3)
        start = time.monotonic()
        assert [entry.key for entry in store.listed()] == [new.key, first.key]
        assert time.monotonic() - start < 1.0
    assert [entry.key for entry in store.listed()] == [new.key, first.key]


def test_the_index_is_written_only_when_something_changed(root):
    done(seed=1)
    study = Rehearsal(seed=2)
    live = Folder(study.key())
    live.queue(study, "anna")
    (root / ("a" * 16)).mkdir()
    (root / ("z" * 16)).mkdir()
    db = sqlite3.connect(root / "index.sqlite")
    store.listed()
    before = db.execute("PRAGMA data_version").fetchone()
    for n in range(3):
        live.put({**live.said(), "done": n})
        (live / f"frame {n}").write_bytes(bytes(1000))
        assert len(store.listed()) == 2
    assert db.execute("PRAGMA data_version").fetchone() == before  # it changes when another connection writes
    done(seed=3)
    store.listed()
    assert db.execute("PRAGMA data_version").fetchone() != before
    db.close()


def test_who_starts_a_study_beside_another_waits_and_then_hears_a_sentence(root, monkeypatch):
    monkeypatch.setattr(store, "PATIENCE", 0.2)
    store.listed()
    with starting(root), pytest.raises(NotNow, match="Another study is being started"), store.alone():
        pass
    with store.alone():
        pass
