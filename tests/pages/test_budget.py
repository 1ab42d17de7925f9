"""The page Budget, driven without a browser but with the real engine."""

import csv
import json
import shutil
import time
from io import StringIO
from pathlib import Path

import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from attrcore import jobs, kept, studyfile
from attrcore.attack.climbs import Signed
from attrcore.balls import LEVELS
from attrcore.folder import Folder
from attrcore.kinds import Refused
from attrcore.models import MODELS
from attrcore.published import FRAGILITY
from attrcore.runs import Report
from attrcore.studies.budget import ATTACKS, Budget
from pages.parts import fragility, points, sweep
from tests.conftest import needs
from tests.pages.reading import tables

ROOT = Path(__file__).parents[2]
ABOUT = {
    "model": "MNIST CNN",
    "digest": MODELS["MNIST CNN"].digest,
    "k": 100,
    "steps": 2,
    "climb": Signed(size=20 / 255),
}
STUDY = Budget(levels="4 40", count=3, **ABOUT)
THEIRS = {"Random walk": "Random sign", "Top-k": "Top-k", "Mass centre": "Mass centre"}  # ours -> as published


@pytest.fixture(scope="module", autouse=True)
def engine():
    yield jobs.engine()
    jobs.close()


@pytest.fixture(scope="module")
def done(engine):
    """The study, run to its end: its numbers."""
    engine.start(STUDY, "somebody")
    assert ended(STUDY.key()) == "done"
    return kept.result(STUDY.key()).numbers


def ended(key):
    end = time.monotonic() + 90
    while (seen := jobs.engine().look(key)).live and time.monotonic() < end:
        time.sleep(0.1)
    return seen.state


def opened(**address):
    at = AppTest.from_file(ROOT / "pages" / "attack" / "budget.py", default_timeout=120)
    for key, value in address.items():
        at.query_params[key] = value
    return at.run()


def text(at):
    said = [e.value for e in (*at.markdown, *at.caption, *at.error, *at.info, *at.warning)]
    return "\n".join([*said, *(e.proto.body for e in at.get("html"))])


def charts(at):
    """The traces of every chart, by measure and name."""
    found = {}
    for element in at.get("plotly_chart"):
        traces = json.loads(element.proto.spec)["data"]
        found[element.proto.alt.partition(" by size")[0]] = {t["name"]: t for t in traces}
    return found


def test_points_and_bars_of_the_charts_are_the_numbers_of_the_study(done):
    drawn = charts(opened(run=STUDY.key()))
    assert drawn.keys() == done["curves"].keys()
    for measure, curves in done["curves"].items():
        for attack in ATTACKS:
            trace, rows = drawn[measure][attack], curves[attack]
            assert trace["x"] == [4, 40] and trace["y"] == [p["mean"] for p in rows]
            bars = trace["error_y"]
            assert bars["array"] == pytest.approx([p["high"] - p["mean"] for p in rows])
            assert bars["arrayminus"] == pytest.approx([p["mean"] - p["low"] for p in rows])
    assert all("error_y" not in t for traces in drawn.values() for name, t in traces.items() if "theirs" in name)


def test_chance_is_a_line_at_the_level_of_the_study_where_there_is_one(done):
    at = opened(run=STUDY.key())
    for element in at.get("plotly_chart"):
        lines = json.loads(element.proto.spec)["layout"].get("shapes", [])
        level = done["chance"][element.proto.alt.partition(" by size")[0]]
        assert [line["y0"] for line in lines] == ([] if level is None else [level])


def test_beside_them_stands_exactly_what_is_published_if_it_is_wanted(done):
    at = opened(run=STUDY.key())
    assert not any("theirs" in name for traces in charts(at).values() for name in traces)
    assert all("Theirs" not in table for table in tables(at))
    at.toggle(key="budget.theirs").set_value(True).run()
    for measure, traces in charts(at).items():
        beside = {name.removeprefix("theirs: "): t for name, t in traces.items() if name.startswith("theirs: ")}
        curves = {c.attack: c for c in FRAGILITY.of(measure, "Gradient") if measure != "Centre shift"}
        assert beside.keys() == {ours for ours, theirs in THEIRS.items() if theirs in curves}
        for ours, trace in beside.items():
            assert tuple(trace["y"]) == curves[THEIRS[ours]].values
            assert [x / LEVELS for x in trace["x"]] == pytest.approx(list(curves[THEIRS[ours]].eps))
    assert "worst of 300 points of a random walk" in text(at) and FRAGILITY.protocol in text(at)
    assert "centre shift is left out" in text(at)


def test_pictures_as_wide_as_theirs_have_their_shifts_beside_them_and_other_methods_nothing():
    photos = Budget(model="SqueezeNet 1.0", digest=MODELS["SqueezeNet 1.0"].digest)
    assert fragility.near(photos, 224 * 224) and not fragility.near(STUDY, 28 * 28)
    assert set(fragility.published(photos, 224 * 224)) == {"Top-k overlap", "Spearman", "Centre shift"}
    assert "Centre shift" not in fragility.published(photos, 28 * 28)
    assert not fragility.published(Budget(explainer=sweep.SMOOTH["SmoothGrad"]()), 224 * 224)


def test_there_are_bars_only_where_there_is_more_than_one_picture():
    one = {"mean": 0.5, "low": None, "high": None, "count": 1}
    more = {"mean": 0.5, "low": 0.25, "high": 0.75, "count": 2}
    figure = go.Figure()
    fragility.curve_of(figure, "Top-k", {1.0: one, 2.0: one})
    fragility.curve_of(figure, "Top-k", {1.0: one, 2.0: more})
    assert figure.data[0].error_y.array is None
    assert tuple(figure.data[1].error_y.array) == tuple(figure.data[1].error_y.arrayminus) == (None, 0.25)


def test_an_interrupted_study_shows_what_there_is_and_a_new_attempt_nothing_of_it():
    study = Budget(levels="4 40", count=2, **ABOUT)
    folder = Folder(study.key())
    attempt = folder.queue(study, "somebody")
    assert folder.claim(attempt)
    summaries = []
    with Report(folder, attempt) as report:
        for n, p in enumerate(study.run()):
            report.step(n, p)
            if len(summaries) == 3 and "attack" in p.facts:
                break  # its latest facts say nothing but what is under way
            summaries += [p.facts] * ("curves" in p.facts)
        report.end("cancelled")
    at = opened(run=study.key())
    assert not at.exception and "It was cancelled." in text(at)
    found = {name: t["y"] for name, t in charts(at)["Kendall"].items()}
    curves = summaries[-1]["curves"]["Kendall"]
    assert found == {attack: [curves[attack][0]["mean"]] for attack in ATTACKS[:3]}
    assert list(tables(at)[0]["Attack"]) == list(ATTACKS[:3])
    folder.queue(study, "somebody")
    folder.end("interrupted", folder.said()["attempt"])
    (folder / "facts.jsonl").unlink()
    at.run()
    assert not at.exception and "Kendall" not in charts(at) and not tables(at)


def test_the_table_has_every_number_and_marks_what_differs_much():
    theirs = {c.attack: c for c in FRAGILITY.of("Top-k overlap", "DeepLIFT")}
    off = {"Random walk": 0.07, "Top-k": 0.09, "Mass centre": -0.09, "Random sign": 0.0}
    curves = {
        attack: [{"mean": theirs[THEIRS.get(attack, "Top-k")].values[i] + by, "low": None, "high": None, "count": 1}
                 for i in range(4)]
        for attack, by in off.items()
    }  # fmt: skip
    numbers = {"levels": [1.0, 2.0, 4.0, 8.0], "curves": {"Top-k overlap": curves}, "chance": {}, "pixels": 224**2}
    rows = points.points(numbers, {"Top-k overlap": tuple(theirs.values())})
    assert len(rows) == 16
    assert {row.attack for row in rows if row.far} == {"Top-k", "Mass centre"}
    assert {points.difference(row) for row in rows} == {"", "+0.07", "✗ +0.09", "✗ -0.09"}


def test_files_hold_every_number_and_a_study_that_runs_again(done, tmp_path):
    rows = points.points(done, fragility.published(STUDY, 784))
    read = list(csv.DictReader(StringIO(points.written(rows).decode())))
    assert len(read) == 7 * 4 * 2
    for row in read:
        at = done["levels"].index(float(row["level"]))
        found = done["curves"][row["measure"]][row["attack"]][at]
        assert float(row["mean"]) == found["mean"] and int(row["pictures"]) == found["count"]
        assert float(row["low"]) == found["low"] and float(row["high"]) == found["high"]
    (tmp_path / "again.json").write_bytes(studyfile.written(STUDY, "Again"))
    assert studyfile.read(tmp_path / "again.json").study == STUDY


def test_a_study_put_together_is_started_and_shown():
    at = opened(**{"budget.count": "1", "budget.levels": "30", "budget.steps": "1", "budget.size": "30"})
    assert not at.exception and "Every number" not in [h.value for h in at.header]
    assert "about 12 passes" in text(at)  # 2 attacks of 5 and a walk of 2
    at.button(key="start.Budget").click().run()
    end = time.monotonic() + 90
    while "Made by" not in text(at) and time.monotonic() < end:
        time.sleep(0.2)
        at.run()
    assert not at.exception and "Points: means over 1 picture;" in text(at)
    assert all("error_y" not in t for traces in charts(at).values() for t in traces.values())


def test_only_what_suits_is_offered():
    at = opened(method="LIME")
    assert not at.exception and at.selectbox(key="method").value == "Gradient"
    assert "LIME" not in at.selectbox(key="method").options
    offered = at.selectbox(key="collection1").options
    assert "Packaged digits" in offered and not {"Fashion-MNIST test", "Sample photos"} & set(offered)
    at = opened(**{"budget.levels": "8", "budget.steps": "2", "budget.size": "1"})
    assert "come no further than 2 levels" in text(at)


def test_levels_that_are_none_are_refused():
    with pytest.raises(Refused, match="Levels must be"):
        sweep.cost(Budget(levels="1 300", **ABOUT))


@pytest.mark.parametrize("name", [n for n, f in studyfile.shipped().items() if isinstance(f.study, Budget)])
def test_a_study_that_ships_says_what_it_is_and_why_it_cannot_run(name, monkeypatch, tmp_path):
    monkeypatch.setenv("ATTRCORE_DATA", str(tmp_path))
    monkeypatch.setattr(studyfile.StudyFile, "result", lambda self: None)
    file = studyfile.shipped()[name]
    at = opened(**{"reproduce.Budget": file.title})
    assert not at.exception and file.about in text(at) and "It cannot run here: " in text(at)
    assert "start.Budget" not in {b.key for b in at.button}
    drawn = charts(at)["Spearman"]
    assert {len(t["y"]) for t in drawn.values()} == {4} and len(drawn) == 3  # theirs alone


@needs("imagenet")
def test_a_study_that_ships_can_be_started_where_all_is_here(monkeypatch):
    monkeypatch.setattr(studyfile.StudyFile, "result", lambda self: None)
    at = opened(**{"reproduce.Budget": studyfile.shipped()["figure-3-gradient"].title})
    assert not at.exception and at.button(key="start.Budget").label == "Start"
    assert "in the background, for hours" in text(at)


def test_a_result_that_ships_is_shown(done, monkeypatch, tmp_path):
    shutil.copytree(Folder(STUDY.key()).path, tmp_path / "mine")
    (tmp_path / "mine.json").write_text(json.dumps({"title": "Mine", "about": "Of mine.", "study": STUDY.to_dict()}))
    monkeypatch.setattr(studyfile, "FOLDER", tmp_path)
    at = opened(**{"reproduce.Budget": "Mine"})
    assert not at.exception and "This result comes with the project" in text(at) and "start.Budget" not in at.button
    curves = done["curves"]["Cosine"]
    assert {n: t["y"] for n, t in charts(at)["Cosine"].items()} == {
        attack: [p["mean"] for p in curves[attack]] for attack in ATTACKS
    }


@pytest.mark.parametrize("name", ["figure-3-deeplift", "figure-3-gradient-300-steps"])
def test_what_came_out_is_said_with_its_controls_chance_and_theirs(name):
    file = studyfile.shipped()[name]
    n, most = file.result().numbers, file.study.sizes()[-1]
    method = {"figure-3-deeplift": "DeepLIFT"}.get(name, "Gradient")
    theirs = FRAGILITY.of("Top-k overlap", method)
    said = fragility.verdict(file.study, n, theirs)
    for attack, curve in n["curves"]["Top-k overlap"].items():
        assert f"{fragility.LEAVES[attack]} {curve[-1]['mean']:.0%} (" in said
    assert f"up to {most:g} levels leave" in said and f"at random {1000 / 224**2:.0%}" in said
    walk = theirs[0].values[[1, 2, 4, 8].index(most)]
    assert f"Theirs: the best of a random walk {walk:.0%}" in said
    assert "Theirs" not in fragility.verdict(file.study, n, ())
