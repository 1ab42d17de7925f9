import pytest

from attrcore.sanity.verdicts import class_verdict, labels_verdict, verdict

STEPS = ["trained", "fc", "conv"]


def point(mean, half=0.02):
    return {"mean": mean, "low": mean - half, "high": mean + half, "count": 5, "pictures": [mean - half, mean + half]}


NOTHING = {"mean": None, "low": None, "high": None, "count": 0}


def nulls(again=NOTHING, mask=0.3):
    return {"random map": point(0.0), "input mask": point(mask), "another seed": again, "edges": point(0.2)}


def test_what_stays_above_every_null_does_not_come_from_the_weights():
    says = verdict(STEPS, [point(1.0, 0), point(0.95), point(0.6)], nulls(), "cascading")
    assert says.startswith("It changes from fc on; with all layers random it keeps 0.60 (0.58 to 0.62), more than")
    assert "the input alone (0.30)" in says and says.endswith("part of it does not come from the weights.")


@pytest.mark.parametrize(
    ("last", "how"), [(0.33, "not surely more"), (0.31, "not surely more"), (0.25, "no more"), (0.1, "no more")]
)
def test_what_a_null_scores_as_high_as_is_no_claim(last, how):
    says = verdict(STEPS, [point(1.0, 0), point(0.5), point(last)], nulls(), "cascading")
    assert f"{how} than the input alone (0.30)" in says and "does not come" not in says


def test_between_two_nulls_each_has_its_own_word():
    says = verdict(STEPS, [point(1.0, 0), point(0.5), point(0.22, 0.07)], nulls(), "cascading")
    assert "no more than the input alone (0.30), not surely more than an edge detector (0.20)." in says
    unknown = verdict(STEPS, [point(1.0, 0), point(0.5), point(0.44, 0.1)], nulls(mask=0.0), "cascading")
    assert "more than a random map (0.00), the input alone (0.00) and an edge detector (0.20)" in unknown
    vague = {**nulls(), "input mask": point(0.0, 0.9)}  # of two pictures
    unknown = verdict(STEPS, [point(1.0, 0), point(0.5), point(0.44, 0.1)], vague, "cascading")
    assert "no more" not in unknown and "not surely more than the input alone (0.00)" in unknown
    over = verdict(STEPS, [point(1.0, 0), point(0.5), point(0.25, 0.15)], nulls(), "cascading")
    assert "no more" not in over  # its mean is below the null's, what it may be is not
    wide = verdict(STEPS, [point(1.0, 0), point(0.5), point(0.4, 0.9)], nulls(), "cascading")
    assert "0.40 (-0.50 to 1.00), not surely more than a random map (0.00), the input alone" in wide


def test_a_map_that_only_knows_the_input_is_found_out():
    narrow = {**nulls(), "input mask": point(0.99, 0.002)}
    says = verdict(STEPS, [point(1.0, 0), point(0.995, 0.001), point(0.994, 0.001)], narrow, "cascading")
    assert says.startswith("No layer changes it, and this measure could hardly show it: as much is scored by the input")
    assert says.endswith("it keeps 0.99 (0.99 to 0.99), no more than the input alone (0.99).")
    apart = verdict(STEPS, [point(1.0, 0), point(0.995, 0.001), point(0.994, 0.001)], nulls(), "cascading")
    assert apart.startswith("No layer changes it; with all layers random")


def test_a_map_that_a_measure_does_not_find_like_itself_is_compared_with_that():
    ties = verdict(STEPS, [point(0.8, 0), point(0.8, 0.005), point(0.797, 0.003)], nulls(), "cascading")
    assert ties.startswith("No layer changes it")


def test_a_change_counts_beyond_what_another_seed_makes():
    steady = verdict(STEPS, [point(1.0, 0), point(0.9), point(0.1)], nulls(again=point(0.9)), "cascading")
    assert steady.startswith("It changes from conv on")


def test_one_by_one_the_layer_that_matters_most_is_named():
    says = verdict(STEPS, [point(1.0, 0), point(0.4), point(0.7)], nulls(), "independent")
    assert says == "It changes most when fc alone is random: 0.40 (0.38 to 0.42)."
    close = verdict(STEPS, [point(1.0, 0), point(0.4), point(0.43)], nulls(), "independent")
    assert close == "It changes most when fc alone is random: 0.40 (0.38 to 0.42); perhaps conv counts as much."
    blocks = ["trained", *"abcdef"]
    many = verdict(blocks, [point(1.0, 0), point(0.4), *[point(0.43)] * 5], nulls(), "independent")
    assert many.endswith("; perhaps 5 others count as much.")


def test_before_the_first_layer_is_lost_nothing_is_said():
    assert verdict(STEPS, [point(1.0, 0), NOTHING, NOTHING], nulls(), "cascading") == ""
    half = verdict(STEPS, [point(1.0, 0), point(0.5), NOTHING], nulls(), "cascading")
    assert "up to fc it keeps 0.50" in half and "all layers" not in half


def test_where_intervals_are_too_wide_nothing_is_claimed():
    wide = verdict(STEPS, [point(1.0, 0), point(0.3, 0.9), point(0.17, 0.9)], nulls(), "cascading")
    assert wide.startswith("No layer surely changes it; with all layers random it keeps 0.17 (-0.73 to 1.00)")
    alone = verdict(STEPS, [point(1.0, 0), point(0.3, 0.9), point(0.17, 0.9)], nulls(), "independent")
    assert alone.startswith("No layer alone surely changes it; it is least like itself when conv is random: 0.17")
    assert alone.endswith("; perhaps fc counts as much.")
    still = verdict(STEPS, [point(1.0, 0), point(0.995, 0.001), point(0.994, 0.001)], nulls(), "independent")
    assert still.startswith("No layer alone changes it")


def test_what_another_seed_changes_counts_though_it_has_no_interval():
    again = {"mean": 0.7, "low": None, "high": None, "count": 1}
    says = verdict(STEPS, [point(1.0, 0), point(0.75), point(0.1)], nulls(again=again), "cascading")
    assert says.startswith("It changes from conv on")


def test_a_step_that_is_not_known_makes_no_other_the_last():
    says = verdict(STEPS, [point(1.0, 0), NOTHING, point(0.1)], nulls(), "cascading")
    assert "with all layers random it keeps 0.10" in says


@pytest.mark.parametrize(
    ("apart", "half", "says"),
    [(-0.3, 0.05, "Its maps tell permuted labels from true ones"),
     (-0.01, 0.005, "Its maps hardly tell permuted labels from true ones"),
     (0.3, 0.05, "Permuted labels change its maps less than other first weights do"),
     (0.0, 0.01, "Its maps do not tell permuted labels from true ones"),
     (-0.3, 0.6, "Whether its maps tell permuted labels from true ones is not sure")],
)  # fmt: skip
def test_labels_are_told_where_the_difference_is_sure(apart, half, says):
    found = labels_verdict(point(0.5 + apart), point(0.5), point(apart, half), nulls())
    assert found.startswith(f"{says}: likeness {0.5 + apart:.2f} (") and "between two true-label networks 0.50" in found


def test_a_class_is_told_by_what_the_runner_up_keeps():
    says = class_verdict([point(1.0, 0), point(0.9), point(0.2)], nulls())
    assert says.startswith("Explaining the runner-up it keeps 0.90 (0.88 to 0.92), more than a random map (0.00)")
    assert says.endswith(
        "part of it does not come from the class; for the class of the lowest score 0.20 (0.18 to 0.22)."
    )
    assert class_verdict([point(1.0, 0), NOTHING], nulls()) == ""
