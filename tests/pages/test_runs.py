"""The page Runs, driven without a browser on a shelf of its own; the last tests use the real engine."""

import json
import os
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from attrcore import jobs, kept, runs, store
from attrcore.attack.ascent import Ascent
from attrcore.balls import Linf
from attrcore.evidence import measures
from attrcore.folder import Folder, NotKept
from attrcore.kinds import Result
from attrcore.studies.budget import ATTACKS, Budget
from attrcore.studies.fooling import Fooling
from pages.parts import described, entries, shelf
from tests.pages.reading import tables
from tests.rehearsals import Rehearsal
from tests.waiting import over, until

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def engine():
    yield jobs.engine()
    jobs.close()


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A shelf of this test's own."""
    monkeypatch.setenv("ATTRCORE_RUNS", str(tmp_path))
    return tmp_path


def opened(**address):
    at = AppTest.from_file(ROOT / "pages" / "frame.py", default_timeout=60).run()
    at.switch_page("attack/runs.py")
    for key, value in address.items():
        at.query_params[key] = value
    return at.run()


def done(visitor="anna", **settings):
    """A finished run's key."""
    study = Rehearsal(**settings)
    runs.work(study.key(), Folder(study.key()).queue(study, visitor))
    return study.key()


def result(study, numbers):
    """The key of a study with that result."""
    folder = Folder(study.key())
    attempt = folder.queue(study, "anna")
    kept.write_result(folder, Result(study, numbers))
    folder.end("done", attempt)
    return study.key()


def fooled(attacked, random, chance=0.125, **settings):
    """A Fooling with these likenesses."""
    likeness = [{"measure": name, "attacked": attacked, "walk": 0.75, "random": random, "chance": chance,
                 "moved": [0.0, 0.1, 0.2], "ceiling": 1.0} for name in measures(100, 28)]  # fmt: skip
    change = {"largest": 8, "mean": 4.0, "share": 0.5, "length": 1.0}
    sides = {"attacked": 0.5, "walk": 0.5, "random": random}
    return result(Fooling(**settings), {"aim": {"clean": 0.5, **sides}, "likeness": likeness, "shift": sides,
                  "chances": {"clean": 0.9, **sides},
                  "kept": {"attacked": True, "walk": True, "random": [True] * len(random)},
                  "change": dict.fromkeys(("attacked", "walk", "random"), change)})  # fmt: skip


def text(at):
    return "\n".join(e.value for e in (*at.markdown, *at.caption, *at.error, *at.info))


def keys(at):
    """Of the rows, from above."""
    return [menu.key.removeprefix("more.") for menu in at.menu_button]


def choose(at, key, action):
    return at.menu_button(key=f"more.{key}").click(action).run()


def button(at, label):
    (found,) = [b for b in at.button if b.label == label]
    return found


def test_an_empty_shelf_says_how_to_start(root):
    at = opened()
    assert not at.exception and at.title[0].value == "Runs" and "There is no run yet. Start one: open Fool" in text(at)
    assert [e.value for e in at.get("page_link") if e.value == "Open Fool"] and not at.menu_button


def test_every_visitor_sees_every_run_and_knows_their_own(root):
    first = opened()
    first.session_state["visitor"] = {"name": "f" * 32}
    mine = done("f" * 32, seed=1)
    others = done("command line", seed=2)
    first.run()
    assert keys(first) == [others, mine] and text(first).count("[yours]") == 1 and "command line" in text(first)
    second = opened()
    assert keys(second) == [others, mine] and "[yours]" not in text(second)
    first.segmented_control(key="runs.whose").set_value("mine").run()
    second.segmented_control(key="runs.whose").set_value("mine").run()
    assert keys(first) == [mine] and keys(second) == [] and "No run is as the filters ask" in text(second)


def test_filters_by_state_and_kind_are_in_the_address(root):
    fine, broken, other = done(seed=1), done(seed=2, mood="broken"), fooled(0.5, [0.8, 0.9])
    assert keys(opened()) == [other, broken, fine]
    at = opened(**{"runs.state": "failed"})
    assert keys(at) == [broken] and "ZeroDivisionError: by nothing" in text(at).replace("\\", "")
    assert keys(opened(**{"runs.kind": "Rehearsal"})) == [broken, fine]
    assert keys(opened(**{"runs.kind": "Fool"})) == [other]


def test_only_kinds_with_a_page_have_a_link_there(root):
    done(seed=1)
    links = [e.proto for e in opened().get("page_link") if e.value == "Open"]
    assert not links
    key = fooled(0.5, [0.8, 0.9])
    (link,) = [e.proto for e in opened().get("page_link") if e.value == "Open"]
    assert link.page == "fool" and f"run={key}" in link.query_string
    at = choose(opened(), key, "Link")
    assert at.code[0].value.endswith(f"fool?run={key}")


def test_deleting_asks_and_can_be_thought_over(root):
    a, b = done(seed=1), done(seed=2)
    at = choose(opened(), a, "Delete")
    assert "This cannot be undone" in text(at) and "You have not started it" in text(at) and store.look(a)
    button(at, "Keep").click().run()
    assert store.look(a) and not [e for e in at.button if e.label == "Delete it"]
    button(choose(at, a, "Delete"), "Delete it").click().run()
    assert store.look(a) is None and keys(at) == [b] and not at.exception and not at.error


def test_a_live_run_cannot_be_deleted(root):
    study = Rehearsal()
    Folder(study.key()).queue(study, "anna")
    at = opened()
    assert not at.menu_button and button(at, "Cancel") and "Waiting for a worker" in at.get("progress")[0].proto.text
    over_ = done(seed=1)
    at = choose(at.run(), over_, "Delete")
    again = Rehearsal(seed=1)
    Folder(over_).queue(again, "ben")  # started again before the first visitor has answered
    button(at, "Delete it").click().run()
    assert "A run that is not over cannot be deleted. Cancel it first." in text(at) and store.look(over_)


def test_pinned_runs_are_marked_and_outlive_a_pruning(root):
    a, b = done(seed=1), done(seed=2)
    at = choose(opened(), a, "Pin")
    assert text(at).count("[pinned]") == 1 and store.listed()[1].pinned
    button(at, "Make room").click().run()
    assert len(store.listed()) == 2
    at.number_input(key="runs.most").set_value(0.0).run()
    button(at, "Delete them").click().run()
    assert keys(at) == [a] and store.look(b) is None
    choose(at, a, "Unpin")
    assert "[pinned]" not in text(at) and not store.listed()[0].pinned


def test_two_runs_side_by_side_show_exactly_the_knobs_that_differ(root):
    a = fooled(0.25, [0.5, 0.75], attack=Ascent(steps=10))
    b = fooled(0.5, [0.75, 1.0], attack=Ascent(steps=10, ball=Linf(eps=4 / 255)), k=50)
    at = opened()
    assert "Tick two or more" in text(at)
    at.checkbox(key=f"tick.{a}.0").check().run()
    at.checkbox(key=f"tick.{b}.0").check().run()
    assert not at.exception and sorted(at.query_params["compare"]) == sorted([a, b])
    apart, numbers = tables(at)
    assert apart.values.tolist() == [["Attack, Ball, Eps", "8/255", "4/255"], ["K", "100", "50"]]
    overlap = numbers[numbers.Number == "Top-k overlap"].values.tolist()
    assert [row[1:6] for row in overlap] == [["A", "0.25", "0.75", "0.62 (0.50 to 0.75)", "0.12"],
                                             ["B", "0.50", "0.75", "0.88 (0.75 to 1.00)", "0.12"]]  # fmt: skip
    assert "Kendall" in set(numbers.Number)
    linked = opened(compare=[a, b])
    assert [t.values.tolist() for t in tables(linked)] == [t.values.tolist() for t in (apart, numbers)]
    button(at, "Untick all").click().run()
    assert not tables(at) and not any(c.value for c in at.checkbox)


def test_only_runs_of_one_kind_are_compared(root):
    other, a, b = fooled(0.5, [0.8, 0.9]), done(seed=1), done(seed=2)
    at = opened(compare=[a, other, b, "0" * 16, "<script>"])
    apart, numbers = tables(at)
    assert apart.values.tolist() == [["Seed", "1", "2"]] and set(numbers.Number) == {"sum", "worker"}
    assert at.checkbox(key=f"tick.{other}.0").disabled and not at.checkbox(key=f"tick.{a}.0").disabled


def test_a_budget_stands_beside_its_controls_and_chance(root):
    def study(levels, mean):
        one = {"mean": mean, "low": mean - 0.1, "high": mean + 0.1, "count": 4}
        curves = {"Kendall": {attack: [one, one] for attack in ATTACKS}}
        said = {"levels": [float(n) for n in levels.split()], "curves": curves, "chance": {"Kendall": 0.0}}
        return result(Budget(levels=levels), said)

    _, numbers = tables(opened(compare=[study("1 2", 0.5), study("2 4", 0.25)]))
    assert list(numbers.columns) == ["Number", "Run", *ATTACKS, "Chance level"]
    assert numbers[["Number", "Run"]].values.tolist() == [
        ["Kendall, 1/255", "A"], ["Kendall, 2/255", "A"], ["Kendall, 2/255", "B"], ["Kendall, 4/255", "B"],
    ]  # fmt: skip
    assert numbers["Random walk"][2] == "0.25 (0.15 to 0.35), 4 in all" and numbers["Chance level"][2] == "0"


def test_a_damaged_result_is_one_sentence_beside_the_others(root):
    a, b, c = done(seed=1), done(seed=2), done(seed=3)
    (root / b / "result.json").write_text("{}")
    at = opened(compare=[a, b, c])
    assert [e.value for e in at.error] == [f"The result {b} on disk is missing or damaged. Run the study again."]
    assert tables(at)[0].values.tolist() == [["Seed", "1", "3"]] and not at.exception


def test_settings_of_another_version_are_said_and_not_run_again(root):
    key = done(seed=1, mood="broken")
    (root / key / "recipe.json").write_text(json.dumps({"kind": "Rehearsal", "tempo": 3}))
    entries.described_once.cache_clear()
    at = opened()
    assert "Its settings cannot be read here" in text(at).replace("\\", "") and not at.exception
    assert "Run again" not in at.menu_button(key=f"more.{key}").options


def test_a_disk_that_takes_nothing_is_one_sentence(root, monkeypatch):
    key = done()
    at = opened()

    def full(*args):
        raise OSError(30, os.strerror(30))

    monkeypatch.setattr(Path, "touch", full)
    choose(at, key, "Pin")
    assert [e.value for e in at.error] == ["The folder that keeps the runs cannot be written to."] and not at.exception
    with pytest.raises(NotKept):
        store.pin(key)


def test_two_hundred_runs_are_a_page_at_a_time_and_quick(root, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda opened: None)
    for seed in range(200):
        done(seed=seed, steps=1)
    at = opened()
    assert len(keys(at)) == shelf.PAGE and "200 runs, 20 on a page" in text(at)
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        at.run()
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 1.0  # 0.06 s on an idle machine
    first = keys(at)
    at.get("pagination")[0].set_value(10).run()
    assert len(keys(at)) == shelf.PAGE and not set(first) & set(keys(at)) and not at.exception


def test_a_line_names_what_is_not_as_usual():
    line = described.line(Fooling(attack=Ascent(steps=7, restarts=3), k=50))
    assert "Gradient" in line and "eps 8/255" in line and "steps 7" in line and "restarts 3" in line and "k 50" in line
    assert described.line(Rehearsal(mood="busy")) == "steps 10 · mood busy"


def test_a_run_is_cancelled_and_goes_on_from_the_page(engine):
    study = Rehearsal(steps=10**5, pause=0.01, seed=77)
    engine.start(study, "anna")
    until(lambda: engine.look(study.key()).done > 3, 60)
    at = opened(**{"runs.state": "under way"})
    assert "Step " in at.get("progress")[0].proto.text and "left" in at.get("progress")[0].proto.text
    button(at, "Cancel").click().run()
    assert over(engine, study.key()).state == "cancelled"
    at = choose(opened(), study.key(), "Go on")
    assert not at.error and engine.look(study.key()).live
    engine.cancel(study.key())
    assert over(engine, study.key()).state == "cancelled"
