"""The page Transfer, driven without a browser but with the real engine."""

import csv
import json
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from attrcore import jobs, kept, store, studyfile
from attrcore.balls import Linf
from attrcore.data.digits import packaged_digits
from attrcore.look import table
from attrcore.png import from_letters
from attrcore.recipe import Recipe
from attrcore.studies.matrix import Row
from attrcore.studies.selection import Selection
from pages.parts import attacks, behind, cells, crossing, matrix
from tests.pages.reading import tables
from tests.waiting import over

ROOT = Path(__file__).parents[2]
SMALL = {"transfer.count": 3, "steps": 3, "transfer.attacked": ["Gradient", "Occlusion"],
         "transfer.explained": ["Gradient", "Grad-CAM", "Sobel edges"]}  # fmt: skip

pytestmark = pytest.mark.usefixtures("studying")


@pytest.fixture
def built(noted):
    """The studies that the widgets describe, run by run."""
    return noted(crossing, "chosen")


@pytest.fixture
def sent(monkeypatch):
    """What goes to the table in the browser."""
    data, real = [], matrix.COMPONENT
    monkeypatch.setattr(matrix, "COMPONENT", lambda **call: data.append(call["data"]) or real(**call))
    return data


def opened(**address):
    at = AppTest.from_file(ROOT / "pages" / "attack" / "transfer.py", default_timeout=120)
    for key, value in address.items():
        at.query_params[key] = value if isinstance(value, list) else str(value)
    return at.run()


def text(at):
    return "\n".join(e.value for e in (*at.markdown, *at.caption, *at.error, *at.info, *at.warning))


def menu(at, label):
    return next(box for box in at.selectbox if box.label == label)


def facts(differences, pictures=8, reasons=("", "")):
    """Of attacks on A and B, seen by A, B and Sobel edges: mean, low and high of each difference."""
    kinds = [*(Row("attack", name) for name in "AB"), Row("random", "")]
    grid = np.array([*differences, [(0.0, 0.0, 0.0)] * 3])
    names = zip(("mean", "low", "high"), grid.transpose(2, 0, 1).tolist(), strict=True)
    spread = dict(names) | {"count": [[pictures] * 3 for _ in kinds]}
    return {
        "rows": [{**row._asdict(), "reason": why} for row, why in zip(kinds, (*reasons, ""), strict=True)],
        "columns": [{"method": name, "reason": ""} for name in ("A", "B", "Sobel edges")],
        "pictures": pictures, "likeness": {"Kendall": spread}, "difference": {"Kendall": spread},
        "chance": {"Kendall": [0.0] * 3}, "ceiling": {"Kendall": [1.0] * 3},
        "kept": [{"share": 1.0, "interval95": None, "count": 0 if why else pictures} for why in (*reasons, "")],
    }  # fmt: skip


LOW, ROUND = (-0.2, -0.3, -0.1), (-0.2, -0.5, 0.1)


def test_it_opens_with_four_pictures_and_runs_nothing(built):
    at = opened()
    assert not at.exception and not at.error and at.title[0].value == "Transfer"
    (study,) = built
    assert study.pictures == Selection(collection="Packaged digits", count=4) and study.attack.ball == Linf(
        eps=26 / 255
    )
    assert study.attack.steps == 20 and study.k == 100 and study.walks
    assert f"about {4 * sum(map(study.cost, study.rows())):,} passes" in text(at)
    assert store.look(study.key()) is None


def test_widgets_reach_the_study(built):
    opened(**SMALL, levels=9, k=33, step=0.5, **{"Transfer.walks": "false", "Transfer.seed": 3, "Selection.seed": 2})
    study = built[-1]
    assert study.attacked == "Gradient, Occlusion" and study.explained == "Gradient, Grad-CAM, Sobel edges"
    assert study.attack.ball == Linf(eps=9 / 255) and study.attack.climb.size == pytest.approx(4.5 / 255)
    assert study.k == study.attack.aim.k == 33 and not study.walks and study.seed == 3 and study.pictures.seed == 2


@pytest.mark.parametrize("aim", attacks.AIMS)
def test_every_aim_makes_a_study_of_one_picture_that_a_file_holds(built, aim):
    at = opened(aim=aim, **{"transfer.pictures": crossing.ONE, "no.Packaged digits": 7})
    assert not at.exception and not at.error
    study = built[-1]
    assert type(study.attack.aim) is attacks.AIMS[aim] and Recipe.from_dict(study.to_dict()) == study
    assert np.array_equal(from_letters(study.pictures.picture)[0], packaged_digits()[0][7])


def test_methods_without_a_derivative_alone_are_attacked_by_trial(built):
    opened(**{"transfer.attacked": ["Occlusion"]})
    assert type(built[-1].attack.direction).__name__ == "SPSA"


def test_every_method_can_look_and_control_maps_are_not_attacked():
    at = opened()
    attack, look = at.multiselect
    assert set(look.options) - set(attack.options) == set(crossing.CONTROLS)


def test_it_starts_and_shows_what_the_result_says(built, sent, tmp_path):
    at = opened(**SMALL)
    next(b for b in at.button if b.label in ("Start", "Go on")).click().run()
    study = built[-1]
    assert over(jobs.engine(), study.key(), 180).state == "done"
    at.run()
    assert not at.exception and not at.error
    found = kept.result(study.key())
    n = found.numbers
    rows = {row["n"]: row for group in sent[-1]["groups"] for row in group["rows"]}
    assert [row["method"] for row in n["rows"]] == ["Gradient", "Occlusion", "", "Gradient", "Occlusion"]
    for i in (0, 2, 3):
        means = n["likeness"]["Top-k overlap"]["mean"][i]
        assert [c["words"] for c in rows[i]["cells"]] == [f"{v:.2f}" for v in means]
        assert rows[i]["kept"] == "3 of 3"
    assert "has no derivative" in rows[1]["why"] and rows[1]["why"] == n["rows"][1]["reason"]
    assert [f["title"][:6] for f in sent[-1]["feet"]] == ["Chance", "Ceilin"] and sent[-1]["feet"][0]["cells"][
        0
    ] == "0.13"
    menu(at, "Cell: row").set_value("One random change")
    menu(at, "Cell: seen by").set_value("Grad-CAM").run()
    assert sent[-1]["chosen"] == [2, 1]
    numbers = tables(at)[0].set_index("Measure")
    for measure, spread in n["likeness"].items():
        mean, low, high = (spread[part][2][1] for part in ("mean", "low", "high"))
        assert numbers.loc[measure, "Likeness (95 %)"] == f"{mean:.2f} ({low:.2f} to {high:.2f})"
        assert numbers.loc[measure, "Difference (95 %)"] == "+0.00 (+0.00 to +0.00)"
    run = store.look(study.key())
    for i, j in ((0, 1), (3, 2)):
        result, frames = behind.looked(run, i, j), behind.looked(run._replace(state="running"), i, j)
        for one, other in zip((*result.images, *result.maps), (*frames.images, *frames.maps), strict=True):
            assert np.array_equal(one, other)
    assert behind.looked(run._replace(state="running"), 1, 0) is None
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps({"study": study.to_dict()}))
    assert studyfile.read(path).study == study
    again = opened(run=study.key())  # by its key alone, whatever the widgets say
    assert not again.exception and "from the store" in text(again) and "3 pictures of Packaged digits" in text(again)
    lines = list(csv.DictReader(StringIO(cells.written(study, n).decode())))
    assert len(lines) == 5 * 3 * 5
    one = next(x for x in lines if (x["kind"], x["attacked"], x["seen by"], x["measure"])
               == ("walk", "Gradient", "Sobel edges", "Cosine"))  # fmt: skip
    assert float(one["likeness mean"]) == n["likeness"]["Cosine"]["mean"][3][2]
    assert float(one["difference high"]) == n["difference"]["Cosine"]["high"][3][2]


def test_with_nobody_to_look_it_says_so(built):
    at = AppTest.from_file(ROOT / "pages" / "attack" / "transfer.py", default_timeout=120).run()
    at.multiselect[1].set_value([]).run()
    assert "Choose at least one method that looks." in text(at) and len(built) == 1


def test_an_attack_reaches_what_its_interval_says_and_no_more():
    first, second = cells.reaches(facts([[LOW, LOW, ROUND], [ROUND, ROUND, LOW]]), "Kendall")
    assert list(first.reached) == ["B"] and not first.missed and not first.controls
    assert not second.reached and list(second.missed) == ["A"] and second.controls == ["Sobel edges"]
    said = cells.verdict(facts([[LOW, LOW, ROUND], [ROUND, ROUND, LOW]]), "Kendall")
    assert "on **A** reaches B (-0.20, -0.30 to -0.10); its own map" in said
    assert "on **B** reaches no other method; not even its own map" in said and "So it does Sobel edges" in said
    assert "Of 2 cells off the diagonal" in said and "8 pictures are few" in said


def test_so_many_cells_are_tested_as_have_an_interval():
    refused = cells.verdict(facts([[LOW, LOW, ROUND], [LOW, LOW, ROUND]], reasons=("", "no derivative")), "Kendall")
    assert "Of 1 cell off the diagonal" in refused and "**B**" not in refused
    many = cells.verdict(facts([[LOW, LOW, ROUND], [LOW, LOW, ROUND]], pictures=50), "Kendall")
    assert "pictures are few" not in many


def test_one_picture_proves_nothing():
    found = facts([[LOW] * 3] * 2, pictures=1)
    for part in ("low", "high"):
        found["difference"]["Kendall"][part] = [[None] * 3] * 3
    assert "One picture has no interval" in (said := cells.verdict(found, "Kendall"))
    assert "reaches" not in said and "attack on A: B (-0.20)" in said
    assert {c["mark"] for g in matrix.content(found, "Kendall", matrix.DIFFERENCE, (0, 0), 1.0)["groups"]
            for row in g["rows"] for c in row["cells"]} == {""}  # fmt: skip


def test_marks_and_outlines_stand_where_they_belong():
    up = (0.2, 0.1, 0.3)
    found = facts([[LOW, up, ROUND], [ROUND, LOW, ROUND]])
    groups = matrix.content(
        found, "Kendall", matrix.DIFFERENCE, (0, 0), matrix.limit(found, "Kendall", matrix.DIFFERENCE)
    )
    rows = [row["cells"] for group in groups["groups"] for row in group["rows"]]
    assert [[c["mark"] for c in row] for row in rows] == [["▼", "▲", ""], ["", "▼", ""], ["", "", ""]]
    assert [[c["own"] for c in row] for row in rows[:2]] == [[True, False, False], [False, True, False]]
    assert rows[0][0]["fill"] != rows[0][1]["fill"] and rows[0][0]["words"] == "-0.20"


@pytest.mark.parametrize("look", matrix.LOOKS.values())
def test_numbers_can_be_read_on_every_colour(look):
    def bright(rgb):
        c = np.array(rgb) / 255
        return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ (0.2126, 0.7152, 0.0722)

    for fill in table(look.colours).tolist():
        words = 0.0 if matrix.ink(fill) == "#000" else 1.0
        low, high = sorted((bright(fill), words))
        assert (high + 0.05) / (low + 0.05) >= 4.5


@pytest.mark.parametrize("cell", [None, [0], [0, 3], [3, 0], [-1, 0], ["0", 0], [True, 0], [0.0, 0], {"a": 1}])
def test_a_cell_that_is_none_is_not_chosen(cell):
    found = facts([[LOW] * 3] * 2)
    assert matrix.within(cell, found) is None and matrix.within([2, 2], found) == (2, 2)


def test_a_link_to_a_run_that_is_not_here_says_so():
    at = opened(run="0" * 16)
    assert not at.exception and f"run {'0' * 16}, which is not here" in text(at)
