import json
from itertools import pairwise

import pytest
import torch

from attrcore.attack.ascent import Ascent
from attrcore.attack.climbs import Signed
from attrcore.attack.directions import Lot
from attrcore.attack.seen import predicted, seen
from attrcore.balls import Linf
from attrcore.data.digits import packaged_digits
from attrcore.evidence import likeness
from attrcore.explain import EXPLAINERS
from attrcore.kinds import Refused
from attrcore.models import MODELS
from attrcore.models.loaded import loaded
from attrcore.png import in_letters, levels, reopened
from attrcore.recipe import Recipe
from attrcore.studies.fooling import Fooling, Subject
from attrcore.studies.running import finish
from attrcore.studies.selection import Selection
from attrcore.studies.transfer import Transfer

CNN = {"model": "MNIST CNN", "digest": MODELS["MNIST CNN"].digest}
ATTACK = Ascent(ball=Linf(eps=0.1), climb=Signed(size=0.02), steps=12)
SOME = Selection(count=4)
STUDY = Transfer(
    pictures=SOME, attacked="Gradient, Grad-CAM, Occlusion", explained="Gradient, Grad-CAM, Sobel edges, Random map",
    attack=ATTACK, **CNN,
)  # fmt: skip
SHORT = {"attack": Ascent(ball=Linf(eps=0.1), climb=Signed(size=0.04), steps=3), "walks": False, **CNN}


def same(one, other):
    """To the last bit; a constant map has no likeness, which is not a number."""
    torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True)


@pytest.fixture(scope="module")
def found():
    states, told = [], []

    def watch(p):
        told.append(p)
        if p.state:
            states.append(p.state())

    return finish(STUDY.run(), watch), states, told


def mean(result, measure="Top-k overlap"):
    return result.numbers["likeness"][measure]["mean"]


def test_an_attacked_map_breaks_more_than_by_a_random_change_or_a_walk(found):
    result, _, _ = found
    kinds = [(row["kind"], row["method"]) for row in result.numbers["rows"]]
    for j, method in enumerate(("Gradient", "Grad-CAM")):
        attack, random, walk = (
            mean(result)[kinds.index(row)][j] for row in (("attack", method), ("random", ""), ("walk", method))
        )
        assert attack < min(random, walk) - 0.1
        beyond = result.numbers["difference"]["Top-k overlap"]
        pairs = result.tensors["likeness"][:, [kinds.index(("attack", method)), kinds.index(("random", ""))], j, 0]
        expected = float((pairs[:, 0] - pairs[:, 1]).nanmean())  # of pictures that have both
        assert beyond["mean"][kinds.index(("attack", method))][j] == pytest.approx(expected, abs=2e-4)
        assert beyond["mean"][kinds.index(("random", ""))][j] == 0
    best = result.tensors["kept"][:, [kinds.index(("attack", "Gradient")), kinds.index(("walk", "Grad-CAM"))]]
    assert (best == 1).all()  # an attack keeps only what keeps the prediction


def test_a_map_that_asks_nobody_stays_in_every_row_that_was_computed(found):
    numbers = found[0].numbers
    for row, values in zip(numbers["rows"], mean(found[0]), strict=True):
        assert values[3] is None if row["reason"] else values[3] == pytest.approx(1.0)


def test_what_cannot_be_attacked_has_its_reason_in_place_of_numbers_and_no_walk_either(found):
    numbers = found[0].numbers
    refused = [row for row in numbers["rows"] if row["reason"]]
    assert [(row["kind"], row["method"]) for row in refused] == [("attack", "Occlusion"), ("walk", "Occlusion")]
    assert all("has no derivative" in row["reason"] for row in refused)
    assert [numbers["kept"][i]["count"] for i, row in enumerate(numbers["rows"])] == [4, 4, 0, 4, 4, 4, 0]


def test_what_the_network_does_not_support_has_its_reason_in_row_and_column():
    model = {"model": "MNIST MLP", "digest": MODELS["MNIST MLP"].digest}
    methods = "Grad-CAM, Gradient"
    result = finish(Transfer(pictures=SOME, attacked=methods, explained=methods, **SHORT | model).run())
    column, row = result.numbers["columns"][0], result.numbers["rows"][0]
    with pytest.raises(Refused) as said:
        net = loaded(*model.values()).net
        EXPLAINERS["Grad-CAM"]()(net, SOME.opened("MNIST MLP"), torch.zeros(4, dtype=torch.int64))
    assert column["reason"] == row["reason"] == str(said.value)
    assert mean(result)[0] == [None, None]
    assert [values[0] for values in mean(result)] == [None] * 3 and mean(result)[2][1] is not None


def test_every_column_has_its_chance_level_and_its_ceiling(found):
    numbers = found[0].numbers
    assert numbers["chance"]["Top-k overlap"] == pytest.approx([100 / 784] * 4, abs=1e-4)
    assert all(0 < level < 1 for level in numbers["chance"]["Cosine"]) and numbers["chance"]["Kendall"] == [0.0] * 4
    for name, spread in numbers["likeness"].items():
        for row in spread["mean"]:
            assert all(v is None or v <= top + 2e-4 for v, top in zip(row, numbers["ceiling"][name], strict=True))
    assert numbers["ceiling"]["Top-k overlap"][3] == pytest.approx(1.0)


def test_without_a_change_every_map_is_as_like_itself_as_it_can_be():
    attack = Ascent(ball=Linf(eps=0.0), steps=2)
    still = Transfer(
        pictures=SOME, attacked="Gradient", explained="Gradient, Grad-CAM, Image itself", attack=attack, **CNN
    )
    result = finish(still.run())
    cells, top = result.tensors["likeness"], result.tensors["ceiling"]
    torch.testing.assert_close(cells, top[:, None].expand_as(cells))
    assert mean(result, "Cosine")[1] == pytest.approx([1.0] * 3)
    assert result.numbers["ceiling"]["Top-k overlap"][2] < 1 - 1e-3  # a digit's ground ties for the last places


def test_another_order_of_methods_is_another_order_of_rows_and_columns():
    def cells(methods):
        return finish(Transfer(pictures=SOME, attacked=methods, explained=methods, **SHORT).run()).tensors["likeness"]

    one, other = cells("Gradient, DeepLIFT, Grad-CAM"), cells("Grad-CAM, Gradient, DeepLIFT")
    same(other[:, :3], one[:, [2, 0, 1]][:, :, [2, 0, 1]])
    same(other[:, 3], one[:, 3][:, [2, 0, 1]])  # the random change, whatever is attacked


def test_a_cell_is_what_the_attack_leaves_explained_by_the_other_method(found):
    result, _, _ = found
    net, x = loaded(**CNN, differentiated=True).net, SOME.opened("MNIST CNN")
    label = predicted(net, x)
    for i, how in ((0, ATTACK), (4, Ascent(**{**vars(ATTACK), "direction": Lot()}))):
        z = reopened(how(net, EXPLAINERS["Gradient"](), x, label))
        before, after = (seen(net, EXPLAINERS["Grad-CAM"](), images, label, label).maps for images in (x, z))
        assert torch.equal(result.tensors["likeness"][:, i, 1], likeness(before, after, 100))
        assert torch.equal(result.tensors["images"][i], torch.from_numpy(levels(z[0])))


def test_of_one_picture_the_diagonal_is_what_the_study_of_one_attack_measures():
    letters = in_letters(packaged_digits()[0][7][None])
    alone = finish(Fooling(subject=Subject(picture=letters, **CNN), attack=ATTACK, draws=1).run()).numbers["likeness"]
    one = Transfer(pictures=Selection(picture=letters), attacked="Gradient", explained="Gradient", attack=ATTACK, **CNN)
    numbers = finish(one.run()).numbers
    assert numbers["pictures"] == 1
    for row in alone:
        spread = numbers["likeness"][row["measure"]]
        assert spread["mean"][0][0] == pytest.approx(row["attacked"], abs=1e-4) and spread["low"][0][0] is None
        assert spread["mean"][1][0] is not None  # the same kind of change, of another draw: each picture has its own


def test_taken_up_again_it_computes_only_what_is_missing_and_gives_the_same_bits(found):
    result, states, _ = found
    for n in (1, len(states) - 1):
        again = []
        second = finish(STUDY.run(states[n]), again.append)
        assert second.numbers == result.numbers and sum(1 for p in again if p.state) == len(states) - n - 1
        assert second.tensors.keys() == result.tensors.keys()
        for name, t in result.tensors.items():
            assert torch.equal(second.tensors[name].nan_to_num(7), t.nan_to_num(7)), name


def test_batch_by_batch_and_taken_up_between_two_it_finds_the_same(monkeypatch):
    study, states, told = Transfer(pictures=SOME, attacked="Gradient", explained="Gradient", **SHORT), [], []
    whole = finish(study.run())
    monkeypatch.setattr("attrcore.studies.running.MOST_AT_ONCE", 3)

    def watch(p):
        told.extend([p.facts["kept"][0]["count"]] if p.facts else [])
        states.extend([p.state()] if p.state else [])

    parts = finish(study.run(), watch)
    torch.testing.assert_close(parts.tensors["likeness"], whole.tensors["likeness"], atol=0.05, rtol=0)
    assert told == [0, 0, 3, 4] and len(states) == 4  # of the second batch only the whole matrix is told
    for state in states[1:3]:
        assert finish(study.run(state)).numbers == parts.numbers


def test_the_matrix_is_told_as_it_fills_and_shown_with_the_maps_behind_it(found):
    result, _, told = found
    facts = [p.facts for p in told if p.facts]
    filled = [sum(values[0] is not None for values in f["difference"]["Kendall"]["mean"]) for f in facts]
    assert filled == [0, 1, 2, 3, 4, 5] and json.loads(json.dumps(facts[-1])) == result.numbers
    frames = [p.frame for p in told if p.frame]
    assert [int(f["row"]) for f in frames] == [3, 4, 5, 0, 1]
    for f in frames:
        assert torch.equal(f["image"], result.tensors["images"][int(f["row"])]) and f["image"].dtype == torch.uint8
        assert f["maps"].shape == (4, 28, 28) and f["maps"].dtype == torch.half and (f["maps"].amax((1, 2)) == 1).all()
        assert all(torch.equal(f[name], result.tensors[name]) for name in ("clean image", "clean maps"))
    moved = (result.tensors["images"][3].int() - result.tensors["clean image"].int()).abs()
    assert 0 < moved.max() <= 25
    assert torch.equal(result.tensors["maps"][0, 3], result.tensors["clean maps"][3])  # the map that asks nobody
    assert all(a.done <= b.done for a, b in pairwise(told)) and told[-1].done == told[-1].total


def test_its_settings_hold_the_picture_and_survive_json():
    study = Transfer(pictures=Selection(picture=in_letters(packaged_digits()[0][0][None])), **CNN)
    assert Recipe.from_dict(json.loads(json.dumps(study.to_dict()))) == study
    assert Selection(picture=study.pictures.picture).opened("MNIST CNN").shape == (1, 1, 28, 28)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"explained": ""}, "there is no ''"),
        ({"explained": "Gradient, Tea leaves"}, "there is no 'Tea leaves'"),
        ({"attacked": "Gradient,Gradient"}, "one stands there twice"),
        ({"pictures": Selection(collection="Nothing")}, "no collection 'Nothing'"),
        ({"pictures": Selection(picture=in_letters(packaged_digits()[0][0][None, :20]))}, "takes pictures of"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_rule(changed, says):
    with pytest.raises(Refused, match=says):
        finish(Transfer(**CNN | changed).run())


def test_with_nothing_to_attack_only_the_random_change_is_left():
    result = finish(Transfer(pictures=SOME, attacked=" ", explained="Gradient", **SHORT).run())
    assert [row["kind"] for row in result.numbers["rows"]] == ["random"] and mean(result)[0][0] < 0.95
