import pytest

from attrcore.recipe import Recipe
from attrcore.studies.presets import PUBLISHED, minutes, published
from attrcore.train import OBJECTIVES
from attrcore.train.natural import Natural


@pytest.mark.parametrize("row", OBJECTIVES)
def test_every_objective_has_presets_that_survive_json(row):
    for study in (minutes(row), published(row)):
        assert type(study.objective) is OBJECTIVES[row] and study.watched
        assert Recipe.from_dict(study.to_dict()) == study


@pytest.mark.parametrize(("digits", "eps", "steps"), [("MNIST", 0.3, 40), ("Fashion-MNIST", 0.1, 20)])
def test_as_published_is_the_papers_table(digits, eps, steps):
    norm, total = (published(row, digits) for row in ("IG-NORM", "IG-SUM-NORM"))
    for study, weight in ((norm, 1.0), (total, 0.1)):
        how = study.objective
        assert (how.inner.eps, how.inner.steps, how.inner.size, how.weight, how.led) == (eps, steps, 0.01, weight, 0)
        assert (how.near.steps, how.path.steps) == (10, 50) and {how.near.rule, how.path.rule} == {"right Riemann"}
        assert not how.inner.ramp and not how.inner.bfloat16 and study.reach == eps
        assert study.network == "RarCNN" and not study.start
        at = study.schedule
        assert (at.batch, at.rate, at.course) == (50, 1e-4, "constant")
        assert at.epochs * 1200 == pytest.approx(100_000, rel=0.01)


def test_the_natural_row_takes_a_quarter_of_the_steps():
    assert type(published("NATURAL").objective) is Natural
    assert published("NATURAL").schedule.epochs * 1200 == pytest.approx(25_000, rel=0.02)


def test_the_short_ones_search_with_few_steps_most_of_which_the_loss_leads():
    for row in ("IG-NORM", "IG-SUM-NORM"):
        how = minutes(row).objective
        assert how.led == how.inner.steps - 1 and how.inner.steps * how.inner.size > how.inner.eps
    assert set(PUBLISHED) == {"MNIST", "Fashion-MNIST"}
