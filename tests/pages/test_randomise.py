"""The page Randomise, driven without a browser but with the real engine."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from attrcore import jobs, kept, store, studyfile
from attrcore.published import SANITY
from pages.parts import entries, layers, randomising, theirs, unlearned
from tests.pages.reading import tables
from tests.waiting import over

ROOT = Path(__file__).parents[2]
SMALL = {"randomise.count": 2, "randomise.seeds": 2, "randomise.methods": ["Gradient", "Guided Backprop"]}

pytestmark = pytest.mark.usefixtures("studying")


@pytest.fixture
def built(noted):
    return noted(randomising, "chosen")


def opened(**address):
    at = AppTest.from_file(ROOT / "pages" / "sanity" / "randomise.py", default_timeout=120)
    for key, value in address.items():
        at.query_params[key] = value if isinstance(value, list) else str(value)
    return at.run()


def text(at):
    return "\n".join(e.value for e in (*at.markdown, *at.caption, *at.error, *at.info, *at.warning))


@pytest.fixture
def drawn(monkeypatch):
    """What the component was asked to show, call by call."""
    seen = []
    monkeypatch.setattr(unlearned.layers, "sent", lambda *args: seen.append(args) or {"key": args[0]})
    monkeypatch.setattr(unlearned.layers, "COMPONENT", lambda **args: None)
    return seen


def test_it_opens_with_the_papers_methods_and_runs_nothing(built):
    at = opened()
    assert not at.exception and not at.error and at.title[0].value == "Randomise"
    (study,) = built
    assert study.order == "cascading" and study.seeds == 5 and study.pictures.count == 20
    assert list(study.methods())[:2] == ["Gradient", "SmoothGrad"] and store.look(study.key()) is None
    assert "passes of one picture" in text(at)


def test_a_run_shows_every_method_its_nulls_and_a_verdict(built, drawn):
    at = opened(**SMALL, **{"Selection.seed": 7})
    next(b for b in at.button if b.label == "Start").click().run()
    study = built[-1]
    assert over(jobs.engine(), study.key(), 180).state == "done"
    at.run()
    assert not at.exception
    _, steps, lanes, scale, words = drawn[-1]
    assert steps == ["trained", "fc2", "fc1", "conv2", "conv1"] and words.step == "random down to {}"
    assert [lane.title for lane in lanes] == ["Gradient", "Guided Backprop", "Sobel edges", "Input"]
    assert all(len(lane.absolute) == len(lane.signed) == 5 for lane in lanes[:2]) and scale.name == unlearned.USUAL
    assert {name for name, _ in lanes[0].beside} == {"random map", "input alone", "edges"}
    assert "with all layers random it keeps" in lanes[0].verdict and lanes[0].values[0] == pytest.approx(1)
    assert lanes[0].ends[-1][0] <= lanes[0].values[-1] <= lanes[0].ends[-1][1]
    shown, entropies, *_ = tables(at)
    assert "eMPRT" in entropies.columns
    mean = kept.result(study.key(), ()).numbers["curves"][unlearned.USUAL]["Gradient"][-1]["mean"]
    assert shown.loc[shown["Method"] == "Gradient", "conv1"].item().startswith(f"{mean:.2f} (")
    assert "2 pictures and 2 draws of weights" in text(at)


def test_the_authors_table_is_reproduced_within_their_scatter_and_shown_beside_theirs():
    file = studyfile.shipped()["sanity-mnist-cnn"]
    n = file.result().numbers
    assert n["pictures"] == 200 and n["seeds"] == 5
    ours = {theirs.plain(name): points[1:] for name, points in n["curves"][unlearned.USUAL].items()}
    off = {(m, i): p["mean"] - SANITY.curves[m][i] for m, points in ours.items() for i, p in enumerate(points)}
    assert set(ours) == set(SANITY.curves) and max(map(abs, off.values())) < 0.15
    for name in ("Integrated Gradients (steps 50)", "Gradient x Input"):  # the input alone has as much
        null = n["nulls"][unlearned.USUAL][name]["input mask"]["mean"]
        assert all(abs(p["mean"] - null) < 0.01 for p in n["curves"][unlearned.USUAL][name][1:])
    at = opened(**{"reproduce.Randomisation": file.title})
    assert not at.exception and file.about in text(at) and "This result comes with the project" in text(at)
    assert "- **Gradient**: It changes from fc2 on" in text(at)
    assert "- **Gradient x Input**: No layer" in text(at) and "this measure could hardly show it" in text(at)
    assert "run it here" in text(at) and at.button(key="start.Randomisation").label == "Start"
    (method, _), most = max(off.items(), key=lambda pair: abs(pair[1]))
    assert f"further from theirs than **{abs(most):.2f}** ({method}" in text(at)
    _, beside = tables(at)
    assert (
        beside["fc1, ours"][0].startswith(f"{ours['Gradient'][1]['mean']:.2f} (") and beside["h1, theirs"][0] == "0.08"
    )


def test_another_measure_computes_nothing_anew(built, drawn):
    at = opened(**SMALL, **{"Selection.seed": 7})
    if jobs.engine().look(built[-1].key()) is None:
        next(b for b in at.button if b.label == "Start").click().run()
        assert over(jobs.engine(), built[-1].key(), 180).state == "done"
        at.run()
    there = {entry.key for entry in store.listed()}
    at.selectbox(key="walk.by").set_value("Cosine, signed").run()
    assert drawn[-1][3].name == "Cosine, signed" and {entry.key for entry in store.listed()} == there


def test_without_a_method_there_is_nothing_to_do():
    at = AppTest.from_file(ROOT / "pages" / "frame.py", default_timeout=120)
    at.query_params["randomise.methods"] = [""]
    at.switch_page("sanity/randomise.py").run()
    assert not at.exception and "Choose at least one method" in text(at)


def test_its_runs_are_opened_by_this_page():
    assert entries.shown_by("Randomisation") == "sanity/randomise.py" and entries.title("Randomisation") == "Randomise"


def test_pictures_of_several_sizes_are_refused():
    import numpy as np

    one, other = np.zeros((4, 4, 3), np.uint8), np.zeros((5, 4, 3), np.uint8)
    with pytest.raises(ValueError, match="of one size"):
        lanes = [layers.Lane("A", [one]), layers.Lane("B", [other])]
        layers.sent("k", ["a"], lanes, layers.Scale("s", (0, 1)), layers.Words("Layer", "{}", ""))
