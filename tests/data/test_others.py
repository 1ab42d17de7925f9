import pytest
import torch

from attrcore.baselines import Background, Baseline
from attrcore.data.digits import packaged_digits
from attrcore.data.others import AnotherPicture, OtherPictures
from attrcore.explain import DeepLiftShap, ExpectedGradients, IntegratedGradients
from attrcore.explain.validity import validity
from attrcore.kinds import Refused
from attrcore.models import MODELS
from attrcore.recipe import Recipe, family

X = torch.tensor(packaged_digits()[0][:2, None]) / 255


def test_they_are_in_the_menus():
    assert (
        family(Baseline)["Another picture"] is AnotherPicture and family(Background)["Other pictures"] is OtherPictures
    )


def test_a_baseline_is_the_picture_it_names_and_a_background_several():
    assert torch.equal(AnotherPicture(number=1)(X), X[1:].expand_as(X))
    assert torch.equal(AnotherPicture(number=5001)(X), AnotherPicture(number=1)(X))  # counted round
    several = OtherPictures(count=7, seed=2)(X)
    assert several.shape == (7, 1, 28, 28) and torch.equal(several, OtherPictures(count=7, seed=2)(X))
    assert not torch.equal(several, OtherPictures(count=7, seed=3)(X))
    assert AnotherPicture()(torch.zeros(2, 3, 40, 40)).shape == (2, 3, 40, 40)


def test_what_is_not_there_is_refused():
    with pytest.raises(Refused, match="No collection ships with pictures of 2 channels"):
        AnotherPicture()(torch.zeros(1, 2, 8, 8))


@pytest.mark.parametrize(
    "method", [IntegratedGradients(steps=128, baseline=AnotherPicture(number=7)),
               DeepLiftShap(background=OtherPictures()), ExpectedGradients(background=OtherPictures(), samples=200)]
)  # fmt: skip
def test_explainers_keep_their_laws_with_them_and_their_settings_survive(method):
    net = MODELS["MNIST CNN"].load().net
    t = net(X).argmax(1)
    for checks in validity(method, net, X, t, method(net, X, t)):
        assert all(c.holds for c in checks), checks
    assert Recipe.from_dict(method.to_dict()) == method
