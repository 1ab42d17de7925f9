from dataclasses import replace

import numpy as np
import pytest
import torch

from attrcore.attack.ascent import Ascent
from attrcore.attack.climbs import Signed
from attrcore.data.digits import packaged_digits
from attrcore.explain.gradient import Gradient
from attrcore.kinds import Refused
from attrcore.models import MODELS
from attrcore.png import in_letters
from attrcore.recipe import Recipe
from attrcore.studies.contest import Contest
from attrcore.studies.fooling import Fooling, Subject
from attrcore.studies.running import finish, under

ONE = Fooling(
    subject=Subject("MNIST MLP", MODELS["MNIST MLP"].digest, in_letters(packaged_digits()[0][7][None]), -1, Gradient()),
    attack=Ascent(steps=4, climb=Signed(0.01)), draws=3,
)  # fmt: skip
TWO = Contest(ONE, "MNIST CNN", MODELS["MNIST CNN"].digest)


@pytest.fixture(scope="module")
def found():
    seen = []
    return finish(TWO.run(), lambda p: seen.append(p._replace(state=p.state() if p.state else None))), seen


def test_each_network_has_what_its_own_attack_finds(found):
    result, seen = found
    for i, study in enumerate(TWO.foolings()):
        frames = []
        alone = finish(study.run(), frames.append)
        own = TWO.of(i, result)
        assert own.recipe == study and own.numbers == alone.numbers
        assert all(torch.equal(own.tensors[name], t) for name, t in alone.tensors.items())
        assert [p.facts["networks"][i] for p in seen] == [p.facts for p in frames]
        for together, one in zip(seen, frames, strict=True):
            mine = under(str(i), together.frame)
            assert mine.keys() == one.frame.keys()
            assert all(np.array_equal(mine[name], t) for name, t in one.frame.items())


def test_the_same_budget_and_seed_for_all_and_settings_survive_json():
    first, second = TWO.foolings()
    assert second == replace(first, subject=replace(first.subject, model="MNIST CNN", digest=TWO.digests))
    assert Recipe.from_dict(TWO.to_dict()) == TWO


def test_taken_up_again_it_finds_the_same(found):
    result, seen = found
    for n in (2, 6):
        again = finish(TWO.run(seen[n].state))
        assert again.numbers == result.numbers


@pytest.mark.parametrize(("others", "digests"), [("a | b", "x"), ("a | b | c | d", "w | x | y | z")])
def test_too_many_networks_or_missing_digests_are_refused(others, digests):
    with pytest.raises(Refused, match="up to 4 networks"):
        Contest(ONE, others, digests).foolings()


def test_alone_it_is_the_attack_itself():
    assert Contest(ONE).foolings() == [ONE]
