"""The page Fool, driven without a browser but with the real engine."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from attrcore import jobs, kept, store, studyfile
from attrcore.attack.directions import SPSA
from attrcore.balls import L2, Linf
from attrcore.data.digits import packaged_digits
from attrcore.explain import EXPLAINERS
from attrcore.folder import Folder
from attrcore.kinds import Refused, Result
from attrcore.png import from_letters, in_letters
from attrcore.recipe import Recipe
from attrcore.studies.fooling import Fooling, Subject
from pages.parts import attacks, cost, evidence, fooled
from tests.pages.reading import tables
from tests.waiting import over

ROOT = Path(__file__).parents[2]


pytestmark = pytest.mark.usefixtures("studying")


@pytest.fixture
def built(noted):
    """The studies that the widgets describe, run by run."""
    return noted(attacks, "chosen")


def opened(**address):
    at = AppTest.from_file(ROOT / "pages" / "attack" / "fool.py", default_timeout=120)
    for key, value in address.items():
        at.query_params[key] = str(value)
    return at.run()


def text(at):
    return "\n".join(e.value for e in (*at.markdown, *at.caption, *at.error, *at.info, *at.warning))


def start(at):
    return next(b for b in at.button if b.label in ("Attack", "Go on"))


def test_it_opens_with_an_attack_on_a_digit_and_runs_nothing(built):
    at = opened()
    assert not at.exception and not at.error and at.title[0].value == "Fool"
    (study,) = built
    assert study.attack.ball == Linf(eps=26 / 255) and study.k == 100 and study.subject.target == -1
    assert np.array_equal(from_letters(study.subject.picture)[0], packaged_digits()[0][0])
    assert "12.8%" in text(at) and store.look(study.key()) is None
    assert {"**Image**", "**Prediction**", "**Gradient**"} <= {e.value for e in at.markdown}


@pytest.mark.parametrize("aim", attacks.AIMS)
def test_every_aim_makes_a_study_that_a_file_holds(built, aim):
    at = opened(aim=aim, k=57)
    assert not at.exception and not at.error
    study = built[-1]
    assert type(study.attack.aim) is attacks.AIMS[aim] and Recipe.from_dict(study.to_dict()) == study
    assert getattr(study.attack.aim, "k", 57) == study.k == 57


def test_widgets_reach_the_study(built):
    opened(method="Grad-CAM", ball="L2", length=3.5, steps=12, step=0.5, draws=79)
    study = built[-1]
    assert type(study.subject.explainer) is EXPLAINERS["Grad-CAM"] and study.attack.ball == L2(eps=3.5)
    assert study.attack.steps == 12 and study.attack.climb.size == pytest.approx(1.75)
    assert study.draws == 79


@pytest.mark.parametrize("method", [name for name, cls in EXPLAINERS.items() if not cls.differentiable])
def test_what_has_no_derivative_is_attacked_by_trial(built, method):
    at = opened(method=method)
    assert not at.exception and type(built[-1].subject.explainer) is EXPLAINERS[method]
    assert type(built[-1].attack.direction).__name__ == "SPSA"


def test_it_starts_and_shows_what_the_result_says(built):
    at = opened(steps=15, draws=39, **{"no.Packaged digits": 11})
    start(at).click().run()
    key = built[-1].key()
    assert over(jobs.engine(), key, 180).state == "done"
    at.run()
    assert not at.exception and not at.error
    n = kept.result(key).numbers
    found = tables(at)[0].set_index("Measure")
    for row in n["likeness"]:
        mean = np.mean(row["random"])
        assert found.loc[row["measure"], "Attacked"] == f"{row['attacked']:.2f}"
        assert found.loc[row["measure"], "Random walk"] == f"{row['walk']:.2f}"
        assert found.loc[row["measure"]].iloc[2].startswith(f"{mean:.2f} (")
    assert found.loc["Largest change, levels", "Attacked"] == str(n["change"]["attacked"]["largest"])
    assert f"**Of the 100 most important pixels {n['likeness'][0]['attacked']:.0%} are left;**" in text(at)
    again = opened(run=key)  # by its key alone, whatever the widgets say
    assert not again.exception and tables(again)[0].equals(tables(at)[0]) and "from the store" in text(again)


def test_what_was_cancelled_before_its_first_map_shows_what_would_be_attacked(built):
    opened(**{"no.Packaged digits": 7})
    folder = Folder(built[-1].key())
    folder.end("cancelled", folder.queue(built[-1], "anna"))
    at = opened(**{"no.Packaged digits": 7})
    assert start(at) and "It was cancelled." in text(at) and "computed" not in text(at)
    assert "**Gradient**" in {e.value for e in at.markdown}


def test_an_attack_without_a_slope_says_so(built):
    at = opened(steps=5, draws=39, **{"Derivative.corners": "as they are"})
    start(at).click().run()
    over(jobs.engine(), built[-1].key(), 180)
    at.run()
    said = text(at)
    flat = kept.result(built[-1].key()).numbers["steps without slope"]
    assert (f"no slope to climb at {flat} of 5 steps" in said) == (flat > 0) and flat == 5


def test_a_link_to_a_run_that_is_not_here_says_so():
    at = opened(run="0" * 16)
    assert not at.exception and f"run {'0' * 16}, which is not here" in text(at)


def test_the_picture_of_a_run_whose_checkpoint_was_removed_is_refused_in_words():
    study = Fooling(subject=Subject(model="own:0123456789abcdef", picture=in_letters(packaged_digits()[0][:1])))
    with pytest.raises(Refused, match="is not on this machine"):
        fooled.pixels(study)
    folder = Folder(study.key())
    folder.end("interrupted", folder.queue(study, "anna"))
    assert not opened(run=study.key()).exception


def test_a_run_of_an_earlier_version_is_not_taken_for_what_its_settings_mean_today(built):
    folder = Folder("00000000000000ab")
    folder.end("done", folder.queue(Fooling(), "anna"))
    at = opened(run="00000000000000ab")
    assert not at.exception and "earlier version" in text(at) and built


def test_a_result_that_was_damaged_can_be_computed_again(built):
    opened(**{"no.Packaged digits": 5})
    folder = Folder(built[-1].key())
    attempt = folder.queue(built[-1], "anna")
    kept.write_result(folder, Result(built[-1], {}))
    folder.end("done", attempt)
    (folder / "result.json").write_text("{")
    assert start(opened(**{"no.Packaged digits": 5}))  # the frame says what is damaged


def test_no_more_pixels_can_be_most_important_than_there_are():
    def page():
        from pages.parts import attacks

        attacks.top(100, 64, "")

    at = AppTest.from_function(page).run()
    assert not at.exception and at.number_input[0].value == 63
    at.session_state["k"] = 700
    assert not at.run().exception and at.number_input[0].value == 63


def test_what_is_not_a_number_is_null_in_a_file():
    said = evidence.record(Result(Fooling(), {"aim": float("nan")}, {}, {}))
    assert json.loads(said, parse_constant=pytest.fail)["numbers"] == {"aim": None}
    assert evidence.spread([float("nan")] * 39) == ""


def test_nothing_else_is_opened_as_an_attack(built):
    at = opened(run="../../etc/passwd")
    assert not at.exception and isinstance(built[-1], Fooling)


def test_a_study_that_ships_is_told_with_its_own_settings_and_result(monkeypatch):
    file = studyfile.shipped()["notebook-mnist-50"]
    at = opened(**{"reproduce.Fooling": file.title})
    assert not at.exception and file.about.split("\n")[0][:60] in text(at)
    found = file.result()
    assert found is not None and not found.tensors  # numbers only: the digit is not this project's to give away
    row = tables(at)[0].set_index("Measure").loc["Top-k overlap"]
    assert row.iloc[0] == f"{found.numbers['likeness'][0]['attacked']:.2f}"
    monkeypatch.setenv("ATTRCORE_DATA", "/nowhere")
    monkeypatch.setenv("XDG_CACHE_HOME", "/nowhere")
    assert "It cannot run here" in text(opened(**{"reproduce.Fooling": file.title}))


def test_what_noise_does_is_judged_by_what_the_attack_was_after(built):
    """A map driven into a region keeps its top pixels as often as noise leaves them: that is no failure."""
    for direction, alone in (("Derivative", False), ("Random signs", True)):
        at = opened(aim="Fill a region", steps=8, draws=39, direction=direction, **{"no.Packaged digits": 21})
        start(at).click().run()
        assert over(jobs.engine(), built[-1].key(), 180).state == "done"
        at.run()
        aims = kept.result(built[-1].key()).numbers["aim"]
        assert (aims["attacked"] > max(aims["walk"], *aims["random"])) is not alone
        assert ("nothing that noise does not" in text(at)) is alone


def test_an_attack_that_found_nothing_to_keep_is_called_a_failure(built):
    at = opened(levels=0, steps=3, **{"no.Packaged digits": 22})
    start(at).click().run()
    assert over(jobs.engine(), built[-1].key(), 180).state == "done"
    at.run()
    assert "The attack failed" in text(at) and "Of 3 steps 3 kept the prediction" in text(at)
    assert "are left" not in text(at) and "was kept" not in text(at)


@pytest.mark.parametrize(
    "held, says", [(0, "Every one of its 30 steps changed the prediction"), (4, "30 steps 4 kept")]
)
def test_a_failure_says_why(held, says):
    assert says in evidence.failure({"steps that kept the prediction": held}, 30)


def test_how_long_it_takes_is_told_by_the_map_that_is_seen(built):
    at = opened(steps=100)
    assert "It will take about" in text(at)
    (study,) = built
    slow = cost.seconds(study, 2.0)
    by_trial = replace(study, attack=replace(study.attack, direction=SPSA(trials=20)))
    assert slow > 10 * cost.seconds(study, 0.1) and cost.seconds(by_trial, 2.0) > 4 * slow
    assert "min" in cost.told(study, 2.0) and "h here" in cost.told(by_trial, 10.0)
