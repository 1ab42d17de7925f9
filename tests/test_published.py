import itertools

import pytest

from attrcore.attack import ATTACKS
from attrcore.explain import EXPLAINERS
from attrcore.metrics import METRICS
from attrcore.models.small import fresh
from attrcore.published import FRAGILITY, LEVELS, RAR_EXAMPLES, RAR_PROTOCOL, RAR_SOURCE, SANITY
from attrcore.sanity.parameters import blocks, steps

MEASURES = ("Top-k overlap", "Spearman", "Centre shift")
METHODS = ("Gradient", "DeepLIFT", "Integrated Gradients", "Deep Taylor")
AIMS = ("Random sign", "Top-k", "Mass centre")
by_name = {(c.measure, c.explainer, c.attack): c for c in FRAGILITY.curves}


def test_the_figure_has_one_line_for_each_measure_method_and_attack():
    assert len(FRAGILITY.curves) == 36
    assert set(by_name) == set(itertools.product(MEASURES, METHODS, AIMS))
    for measure, explainer in itertools.product(MEASURES, METHODS):
        assert [c.attack for c in FRAGILITY.of(measure, explainer)] == list(AIMS)
    assert FRAGILITY.of("Kendall", "Gradient") == ()


def test_its_names_are_those_of_the_menus():
    assert {c.explainer for c in FRAGILITY.curves} <= EXPLAINERS.keys()
    assert {c.measure for c in FRAGILITY.curves} - METRICS.keys() == {"Centre shift"}
    assert "Random sign" in ATTACKS


def test_the_table_of_layers_at_random_has_a_number_for_each_method_and_layer_of_our_network():
    walked = steps(blocks(fresh("MnistCNN", 0)), "cascading")[1:]
    assert [lost[-1].name for lost in walked] == list(SANITY.layers)
    assert SANITY.curves.keys() <= EXPLAINERS.keys()
    assert all(len(values) == 4 and all(0 <= v <= 1 for v in values) for values in SANITY.curves.values())


@pytest.mark.parametrize("curve", FRAGILITY.curves, ids=lambda c: f"{c.measure}, {c.explainer}, {c.attack}")
def test_a_line_has_a_value_and_an_error_at_each_eps_and_a_larger_eps_does_no_less(curve):
    assert len(curve.values) == len(curve.error) == len(curve.eps) == 4
    assert [round(e * 255, 6) for e in curve.eps] == list(LEVELS)
    shift = curve.measure == "Centre shift"
    assert all(0 <= v <= (227 if shift else 1) for v in curve.values)
    assert all(0 < e <= (1 if shift else 0.02) for e in curve.error)
    harm = curve.values if shift else [-v for v in curve.values]
    assert all(b >= a - e for a, b, e in zip(harm, harm[1:], curve.error, strict=False))


@pytest.mark.parametrize("explainer", METHODS)
def test_each_attack_beats_noise_at_what_it_is_after(explainer):
    """By more than both were misread: a column that was swapped would not."""
    for level in range(4):
        overlap, shift = (
            {c.attack: c.values[level] for c in FRAGILITY.of(m, explainer)} for m in (MEASURES[0], MEASURES[2])
        )
        assert overlap["Top-k"] + 0.04 < overlap["Random sign"] and shift["Mass centre"] > shift["Random sign"] + 2
        assert shift["Mass centre"] >= shift["Top-k"] - 1


def test_integrated_gradients_hold_best_of_the_three_methods_of_the_paper():
    """Its claim, at every eps, by overlap and by rank."""
    for measure, attack in itertools.product(MEASURES[:2], AIMS):
        ours = by_name[measure, "Integrated Gradients", attack].values
        for other in ("Gradient", "DeepLIFT"):
            assert all(a > b for a, b in zip(ours, by_name[measure, other, attack].values, strict=True))


def test_an_example_is_one_that_can_be_run_again():
    assert [(e.dataset, e.index) for e in RAR_EXAMPLES] == [
        ("Flower", 28), ("GTSRB", 1000), ("MNIST", 50), ("Fashion-MNIST", 8)
    ]  # fmt: skip
    for e in RAR_EXAMPLES:
        assert 0 < e.alpha < e.eps < 0.5 and e.alpha * e.iterations >= e.eps  # it can reach the rim
        assert 1 <= e.k <= e.k_attack < e.pixels and e.caveats
        assert 0 <= e.overlap <= 1 and 0 < e.kendall < e.spearman < 1
        assert 0 < e.after <= e.before <= 1
    flower = RAR_EXAMPLES[0]
    assert flower.overlap < flower.chance == pytest.approx(0.061, abs=5e-4)


def test_everything_says_where_it_is_from():
    for said in (FRAGILITY.source, RAR_SOURCE):
        assert "arXiv:" in said and said.endswith(".")
    for said in (FRAGILITY.read_from, FRAGILITY.protocol, RAR_PROTOCOL, *FRAGILITY.caveats):
        assert said.endswith(".") and len(said) > 30
    for said in itertools.chain.from_iterable(e.caveats for e in RAR_EXAMPLES):
        assert said.endswith(".")
