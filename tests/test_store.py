"""The shelf of runs: found again, pinned, pruned; what a full, read-only or damaged disk does not do to it."""

import errno
import os
import shutil
import socket
import subprocess
import sys
import threading
import time

import pytest

from attrcore import folder as folders
from attrcore import kept, processes, runs, store
from attrcore.folder import Folder, NotKept
from attrcore.kinds import Refused
from tests.rehearsals import Rehearsal


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTRCORE_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def done(seed=0, visitor="anna", **more):
    """A finished run's key."""
    study = Rehearsal(seed=seed, **more)
    runs.work(study.key(), Folder(study.key()).queue(study, visitor))
    return study.key()


def queued(seed=0):
    study = Rehearsal(seed=seed)
    Folder(study.key()).queue(study, "anna")
    return study.key()


def keys(**more):
    return [entry.key for entry in store.listed(**more)]


def test_runs_are_listed_the_latest_first_with_what_they_are():
    first, second, third = done(1), done(2, "ben"), queued(3)
    assert keys() == [third, second, first] and keys(visitor="anna") == [third, first] and not keys(visitor="eve")
    entry = store.listed()[-1]
    assert (entry.kind, entry.title, entry.state, entry.pinned) == ("Rehearsal", Rehearsal.title(), "done", False)
    here = [p for p in Folder(first).path.rglob("*") if p.is_file()]
    assert entry.size == sum(p.stat().st_size for p in here) > 1000
    assert time.time() - entry.made < 60


def test_a_run_that_ended_a_moment_ago_is_listed_so():
    study = Rehearsal()
    attempt = Folder(study.key()).queue(study, "anna")
    assert store.listed()[0].state == "queued"
    runs.work(study.key(), attempt)
    assert store.listed()[0].state == "done"


def test_nothing_is_no_run():
    assert store.listed() == [] and store.look("0" * 16) is None
    with pytest.raises(Refused, match="There is no run 0000000000000000 here"):
        store.delete("0" * 16)
    with pytest.raises(ValueError, match="sixteen hex digits"):
        store.look("../../etc/passwd")


@pytest.mark.parametrize("damage", ["missing", "nonsense", "cut", "other table", "scratched"])
def test_a_lost_or_damaged_index_is_made_anew_from_the_folders(root, damage):
    for seed in range(30):
        queued(seed)
    store.pin(queued(99))
    before, index = store.listed(), root / "index.sqlite"
    if damage == "missing":
        index.unlink()
    elif damage == "nonsense":
        index.write_bytes(b"no database " * 1000)
    elif damage == "cut":
        index.write_bytes(index.read_bytes()[:5000])
    elif damage == "scratched":
        data = bytearray(index.read_bytes())
        data[4096:] = os.urandom(len(data) - 4096)
        index.write_bytes(data)
    else:
        import sqlite3

        index.unlink()
        with sqlite3.connect(index) as db:
            db.execute("CREATE TABLE runs (something TEXT)")
    assert store.listed() == before and sum(e.pinned for e in before) == 1
    assert store.listed() == before


def test_folders_that_come_and_go_by_hand_are_seen(root):
    a, b = done(1), done(2)
    assert keys() == [b, a]
    shutil.move(root / a, root.parent / a)
    assert keys() == [b]
    shutil.move(root.parent / a, root / a)
    (root / "not-a-run-of-us").mkdir()
    (root / "zzzzzzzzzzzzzzzz").mkdir()
    assert keys() == [b, a]


def test_a_live_run_is_not_deleted_and_an_ended_one_is_gone(root):
    a, b = done(1), queued(2)
    with pytest.raises(Refused, match="Cancel it first"):
        store.delete(b)
    store.delete(a)
    assert keys() == [b] and store.look(a) is None and not kept.frames(a) and not (root / a).exists()
    assert not list(root.glob(".gone-*"))


def test_pruning_takes_the_oldest_that_ended_and_is_not_pinned():
    oldest, pinned, live, newer, newest = done(1), done(2), queued(3), done(4), done(5)
    store.pin(pinned)
    size = {entry.key: entry.size for entry in store.listed()}
    assert store.prune(sum(size.values())) == []
    assert store.prune(sum(size.values()) - 1) == [oldest]
    assert store.prune(0) == [newer, newest] and set(keys()) == {pinned, live}
    store.pin(pinned, False)
    assert store.prune(0) == [pinned]


@pytest.mark.parametrize("file", ["result.safetensors", "result.json"])
@pytest.mark.parametrize("damage", ["bit", "cut", "gone"])
def test_a_damaged_result_is_one_clear_error_and_counts_as_absent(file, damage):
    key = done()
    assert store.sound(key) and kept.result(key)
    path = Folder(key) / file
    data = bytearray(path.read_bytes())
    if damage == "bit":
        at = data.index(b'"sum": ') + 8 if file.endswith("json") else len(data) - 3
        data[at] ^= 1
    path.write_bytes(data[: len(data) // 2] if damage == "cut" else data)
    if damage == "gone":
        path.unlink()
    with pytest.raises(kept.Damaged, match=rf"The result {key} on disk is missing or damaged\. Run the study again"):
        kept.result(key)
    assert not store.sound(key)
    assert done() == key and store.sound(key) and kept.result(key)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b'{"a": 1}'])
def test_damaged_progress_loses_no_result(data):
    key, waits = done(), queued(1)
    for each in (key, waits):
        (Folder(each) / "progress.json").write_bytes(data)
    assert store.look(key).state == "done" and store.sound(key) and store.look(waits).state == "interrupted"
    assert {e.key: e.state for e in store.listed()} == {key: "done", waits: "interrupted"}


def tmpfs(path, size):
    """A file system of `size` bytes, or None where this machine lets us have none."""
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], capture_output=True)
    return path if mounted.returncode == 0 else None


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A disk of a megabyte that keeps the runs."""
    path = tmp_path / "small"
    if shutil.which("mount") is None or tmpfs(path, 2**20) is None:
        pytest.skip("this user may not mount a small file system")
    monkeypatch.setenv("ATTRCORE_RUNS", str(path))
    yield path
    subprocess.run(["umount", "-l", path], check=True)


def test_a_full_disk_fails_one_run_with_a_sentence_and_harms_no_other(small):
    before, hungry = done(1), Rehearsal(mood="hungry", steps=100, pause=0.01)
    attempt = Folder(hungry.key()).queue(hungry, "anna")
    try:
        assert runs.work(hungry.key(), attempt) == "failed"
        assert "no room left" in store.look(hungry.key()).error
    except NotKept as e:  # not even this could be written
        assert "no room left" in str(e)
    n = kept.frames(hungry.key())
    assert 2 <= len(n) < 8 and all(kept.frame(hungry.key(), i)["x"].shape == (50_000,) for i in n)
    with (small / "rest").open("wb", 0) as rest, pytest.raises(OSError, match="No space"):
        while True:
            rest.write(b"0" * 512)
    with pytest.raises(NotKept, match="no room left"):
        for seed in range(2, 200):
            queued(seed)
    assert kept.result(before) and before in keys() and hungry.key() in keys()
    (small / "rest").unlink()
    Folder(hungry.key()).end("failed", attempt, "full")
    store.delete(hungry.key())
    assert store.sound(done(300))


def test_a_read_only_disk_is_read_and_says_so_when_written_to(small):
    a, live = done(1), queued(2)
    listed = store.listed()
    subprocess.run(["mount", "-o", "remount,ro", small], check=True)
    assert store.listed() == listed and kept.result(a) and store.look(live).state == "queued"
    for act in (lambda: queued(3), lambda: store.pin(a), lambda: store.delete(a), lambda: Folder(live).put({})):
        with pytest.raises(NotKept, match="cannot be written to"):
            act()
    subprocess.run(["mount", "-o", "remount,rw", small], check=True)
    assert store.listed() == listed


@pytest.mark.parametrize("name, code", [("no room left", errno.ENOSPC), ("cannot be written", errno.EROFS)])
@pytest.mark.parametrize("fails_at", range(5))
def test_a_disk_that_fails_at_any_write_leaves_what_was_there(monkeypatch, name, code, fails_at):
    """Also where no small disk can be mounted."""
    key, before = done(1), Rehearsal(seed=2)
    old = (Folder(key) / "progress.json").read_bytes()
    fsync, calls = os.fsync, []

    def full(opened):
        calls.append(opened)
        if len(calls) > fails_at:
            raise OSError(code, os.strerror(code))
        fsync(opened)

    attempt = Folder(before.key()).queue(before, "anna")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(NotKept, match=name):
            runs.work(before.key(), attempt)
        with pytest.raises(NotKept, match=name):
            Folder(key).put({"state": "nonsense"})
    assert (Folder(key) / "progress.json").read_bytes() == old and kept.result(key)
    assert store.look(before.key()).state in ("queued", "running", "done")
    assert not list(Folder(key).path.glob("*.part"))


WAITS = """
import sys, time
from attrcore.folder import Folder
from attrcore import runs
from tests.rehearsals import Rehearsal
study = Rehearsal(steps=10**6, pause=0.01)
attempt = Folder(study.key()).queue(study, "anna")
print(study.key(), flush=True)
runs.work(study.key(), attempt)
"""


@pytest.fixture
def other():
    """A run in another process: its key and the process."""
    process = subprocess.Popen([sys.executable, "-c", WAITS], stdout=subprocess.PIPE, text=True)
    key = process.stdout.readline().strip()
    while store.look(key).done < 5:
        time.sleep(0.01)
    yield key, process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_run_of_another_process_is_seen_live_and_as_interrupted_once_that_is_killed(other):
    key, process = other
    first = store.look(key)
    time.sleep(0.5)
    second = store.look(key)
    assert first.state == second.state == "running" and second.done > first.done and keys() == [key]
    process.kill()  # not reaped: it is a zombie now
    end = time.monotonic() + 1
    while store.look(key).live:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert store.look(key).state == store.listed()[0].state == "interrupted"
    assert "has ended" in store.look(key).error


def test_a_process_number_that_is_used_again_is_another_process():
    me = processes.me()
    assert processes.running(me) and not processes.running({**me, "born": me["born"] - 60})
    assert not processes.running({**me, "pid": 2**22 + 1})


def test_a_run_on_another_machine_lives_as_long_as_it_beats(monkeypatch):
    monkeypatch.setattr(folders, "STALE", 0.4)
    key = queued()
    folder = Folder(key)
    folder.put({**folder.said(), "state": "running", "worker": {**processes.me(), "host": "another"}})
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        folder.beat()
        assert store.look(key).state == "running"
        time.sleep(0.05)
    time.sleep(0.5)
    assert store.look(key).state == "interrupted"
    assert socket.gethostname() in processes.host()


def test_looking_is_cheap():
    """A page with twenty runs looks eighty times a second."""
    key = done()
    store.look(key)
    start = time.perf_counter()
    for _ in range(1000):
        store.look(key)
    assert time.perf_counter() - start < 1.0


def test_whoever_reads_while_others_write_never_finds_half_a_file():
    key = queued()
    folder, stop, bad = Folder(key), threading.Event(), []

    def write():
        n = 0
        while not stop.is_set():
            n += 1
            folder.put({**said, "done": n, "facts": {"x": [n] * 2000}})

    def read():
        while not stop.is_set():
            seen = folder.look()
            if seen is None or seen.state != "queued" or (seen.done and set(seen.facts["x"]) != {seen.done}):
                bad.append(seen)
            store.listed()

    said = folder.said()
    threads = [threading.Thread(target=f) for f in (write, read, read)]
    for t in threads:
        t.start()
    time.sleep(1)
    stop.set()
    for t in threads:
        t.join()
    assert not bad
