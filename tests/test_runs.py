"""What a worker does with a run, in this process."""

import json
import random
import threading
import time
from itertools import pairwise

import pytest
import torch

from attrcore import kept, runs, store
from attrcore.folder import ABSENT, Folder, NotKept
from attrcore.recipe import Recipe
from attrcore.studies.running import finish
from tests.rehearsals import Rehearsal
from tests.waiting import until


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTRCORE_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def begin(study):
    return Folder(study.key()), Folder(study.key()).queue(study, "anna")


def run(study):
    """From the queue to the end, here."""
    folder, attempt = begin(study)
    runs.work(folder.key, attempt)
    return store.look(folder.key)


def cancel(key):
    (Folder(key) / "cancel").touch()


def test_a_run_leaves_facts_frames_and_a_result_that_are_those_of_the_library():
    study, direct = Rehearsal(steps=12), []
    expected = finish(study.run(), direct.append)
    seen = run(study)
    assert (seen.state, seen.done, seen.total, seen.error, seen.resumable) == ("done", 12, 12, "", False)
    found = kept.result(study.key())
    assert found.recipe == study and found.numbers["sum"] == expected.numbers["sum"]
    assert torch.equal(found.tensors["x"], expected.tensors["x"]) and found.made_by == {"device": "cpu"}
    said, _ = kept.facts(study.key())
    assert [(f.n, f.done, f.facts["sum"]) for f in said] == [
        (i, p.done, float(p.facts["sum"])) for i, p in enumerate(direct)
    ]
    assert kept.frames(study.key()) == [4, 9] and kept.frames(study.key(), 5) == [9] and seen.frame == 9
    assert torch.equal(torch.tensor(kept.frame(study.key(), 9)["x"]), direct[9].frame["x"])
    assert kept.frame(study.key(), 5) == {}


def test_facts_are_read_from_where_one_was_and_never_half_a_line():
    study = Rehearsal(steps=3)
    run(study)
    (first, *rest), since = kept.facts(study.key())
    assert kept.facts(study.key(), since) == ([], since)
    with (Folder(study.key()) / "facts.jsonl").open("a") as file:
        file.write('{"n": 3, "done": 4, "fac')
        file.flush()
        assert kept.facts(study.key(), since) == ([], since)
        file.write('ts": {}}\n')
    (new,), _ = kept.facts(study.key(), since)
    assert new == kept.Fact(3, 4, {}) and first.n == 0 and len(rest) == 2


def test_only_the_tensors_asked_for_are_read():
    study = Rehearsal()
    run(study)
    assert list(kept.result(study.key(), ["x"]).tensors) == ["x"] and not kept.result(study.key(), []).tensors
    with pytest.raises(KeyError, match="no tensor 'y'"):
        kept.result(study.key(), ["y"])


@pytest.mark.parametrize("mood, sentence", [("broken", "ZeroDivisionError: by nothing"),
                                            ("refusing", "This network has no gradient.")])  # fmt: skip
def test_a_failure_is_a_sentence_and_a_bug_has_its_traceback_in_the_log(mood, sentence, caplog):
    seen = run(Rehearsal(mood=mood))
    assert (seen.state, seen.error, seen.done) == ("failed", sentence, 3)
    assert ("Traceback" in caplog.text) == (mood == "broken")


def test_only_studies_run():
    from attrcore.balls import Linf

    seen = run(Linf())
    assert (seen.state, seen.error) == ("failed", "Linf is not a study.")


def test_a_recipe_nobody_knows_fails_with_a_sentence():
    folder, attempt = begin(Rehearsal())
    (folder / "recipe.json").write_text('{"kind": "Missing"}')
    assert runs.work(folder.key, attempt) == "failed"
    assert "must name a Recipe, got 'Missing'" in store.look(folder.key).error


@pytest.mark.parametrize("mood", ["good", "absorbed"])
def test_a_run_ends_when_it_is_cancelled_within_a_step_too(mood):
    study = Rehearsal(steps=10**6, pause=0.01, mood=mood)
    threading.Timer(0.3, cancel, [study.key()]).start()
    start = time.monotonic()
    seen = run(study)
    assert seen.state == "cancelled" and time.monotonic() - start < 1.5
    assert seen.resumable  # also within a step: from a copy of the state before it


def test_a_run_cancelled_anywhere_and_taken_up_again_gives_the_bits_of_one_that_never_stopped(monkeypatch):
    monkeypatch.setattr(runs, "CHECKPOINT", 0.01)
    study, direct = Rehearsal(steps=60, pause=0.002), []
    expected = finish(study.run(), direct.append)
    draw = random.Random(0)
    for _ in range(6):
        timer = threading.Timer(draw.uniform(0.0, 0.06), cancel, [study.key()])
        timer.start()
        seen = run(study)
        timer.join()
        assert seen.state in ("cancelled", "done")
    seen = run(study) if seen.state == "cancelled" else seen
    assert seen.state == "done" and not seen.resumable
    assert torch.equal(kept.result(study.key()).tensors["x"], expected.tensors["x"])
    said, _ = kept.facts(study.key())
    assert [f.n for f in said] == list(range(60)) and [f.done for f in said] == list(range(1, 61))
    assert [f.facts["sum"] for f in said] == [float(p.facts["sum"]) for p in direct]
    assert kept.frames(study.key()) == list(range(4, 60, 5))


def test_what_came_after_the_checkpoint_is_dropped_before_it_is_said_again():
    study = Rehearsal(steps=20)
    g = study.run()
    steps = [next(g) for _ in range(8)]
    folder, attempt = begin(study)
    kept.write_checkpoint(folder, 7, 8, steps[-1].state())
    for n, p in enumerate([*steps, *(next(g) for _ in range(6))]):
        kept.write_frame(folder, n, p.frame or {"x": torch.zeros(1)})
        with (folder / "facts.jsonl").open("a") as file:
            file.write(json.dumps({"n": n, "done": p.done, "facts": {"before": True}}) + "\n")
    with (folder / "facts.jsonl").open("a") as file:
        file.write('{"n": 14, "do')  # where the process was killed
    runs.work(folder.key, attempt)
    said, _ = kept.facts(study.key())
    assert [f.n for f in said] == list(range(20))
    assert [("before" in f.facts) for f in said] == [True] * 8 + [False] * 12
    assert kept.frames(study.key()) == [*range(8), 9, 14, 19]


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\xff" * 200])
def test_a_checkpoint_that_is_no_good_means_a_start_from_the_beginning(damage):
    study = Rehearsal()
    folder, attempt = begin(study)
    (folder / "checkpoint.safetensors").write_bytes(damage)
    assert runs.work(folder.key, attempt) == "done" and len(kept.facts(study.key())[0]) == 10


def test_progress_is_written_often_enough_and_not_too_often(monkeypatch):
    written, put = [], Folder.put
    monkeypatch.setattr(Folder, "put", lambda self, said: written.append(time.monotonic()) or put(self, said))
    run(Rehearsal(steps=1000, pause=0.001))
    gaps = [b - a for a, b in pairwise(written[1:-1])]
    assert len(gaps) > 5 and max(gaps) < 0.5 and min(gaps) > 0.09


def test_a_long_step_still_shows_that_somebody_works(monkeypatch):
    monkeypatch.setattr(runs, "BEAT", 0.2)
    study = Rehearsal(steps=2, pause=0.8)
    folder, attempt = begin(study)
    thread = threading.Thread(target=runs.work, args=(folder.key, attempt))
    thread.start()
    time.sleep(0.3)
    stamps = set()
    while thread.is_alive():
        stamps.add((folder / "progress.json").stat().st_mtime_ns)
        time.sleep(0.02)
    assert len(stamps) > 5


def test_the_time_left_is_that_of_the_steps_left():
    study, seen = Rehearsal(steps=40, pause=0.05), []
    folder, attempt = begin(study)
    thread = threading.Thread(target=runs.work, args=(folder.key, attempt))
    thread.start()
    while thread.is_alive():
        seen.append((time.monotonic(), folder.look()))
        time.sleep(0.02)
    end = time.monotonic()
    (when, middle) = next((t, look) for t, look in seen if look.done >= 20)
    assert abs(middle.left - (end - when)) < 0.5 and folder.look().left is None


def test_an_attempt_runs_once_whoever_takes_it():
    study = Rehearsal(pause=0.02)
    folder, attempt = begin(study)
    threads = [threading.Thread(target=runs.work, args=(folder.key, attempt)) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert [f.n for f in kept.facts(study.key())[0]] == list(range(10))


def test_an_old_attempt_leaves_a_newer_one_alone():
    study = Rehearsal(steps=200, pause=0.01)
    folder, old = begin(study)
    thread = threading.Thread(target=runs.work, args=(folder.key, old))
    thread.start()
    time.sleep(0.2)
    new = folder.queue(study, "ben")
    thread.join(2)
    assert not thread.is_alive()
    assert folder.look().state == "queued" and folder.look().attempt == new
    assert runs.work(folder.key, old) == "queued" and folder.look().attempt == new


def test_a_run_that_is_deleted_meanwhile_ends_and_leaves_nothing(root):
    study = Rehearsal(steps=200, pause=0.01)
    folder, attempt = begin(study)
    thread = threading.Thread(target=runs.work, args=(folder.key, attempt))
    thread.start()
    time.sleep(0.2)
    kept.remove(folder)
    thread.join(2)
    assert not thread.is_alive() and not folder.path.exists()


def test_a_study_without_a_state_begins_anew():
    study = Rehearsal(steps=200, pause=0.01, mood="stateless")
    threading.Timer(0.2, cancel, [study.key()]).start()
    seen = run(study)
    assert seen.state == "cancelled" and not seen.resumable
    assert run(study).done == 200 and [f.n for f in kept.facts(study.key())[0]] == list(range(200))


def test_absent_words_are_those_of_a_look():
    from attrcore.folder import Look

    assert ABSENT.keys() <= set(Look._fields) and Recipe.kinds["Rehearsal"] is Rehearsal
    assert NotKept.__mro__[1].__name__ == "NotNow"


def test_one_that_is_cancelled_in_the_middle_of_a_step_goes_on_from_the_latest_copy(monkeypatch):
    monkeypatch.setattr(runs, "SNAPSHOT", 0.0)
    study = Rehearsal(mood="absorbed", at=4)
    folder, attempt = begin(study)
    worker = threading.Thread(target=runs.work, args=(folder.key, attempt))
    worker.start()
    until(lambda: store.look(folder.key).done == 4)
    cancel(folder.key)
    worker.join(10)
    seen = store.look(folder.key)
    assert (seen.state, seen.done, seen.resumable) == ("cancelled", 4, True)
    n, state = kept.rewind(folder)
    assert n == 4 and int(state["n"]) == 4  # the next one is the fifth
