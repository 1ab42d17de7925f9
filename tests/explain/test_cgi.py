import pytest
import torch
from torch import nn

from attrcore.explain.cgi import CGI, SIGNED
from attrcore.explain.gradient_x_input import GradientXInput
from attrcore.explain.occlusion import Occlusion


def test_by_hand():
    """Three classes, four pixels: each keeps only where it is the most for, or the most against."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 3, bias=False))
    net[1].weight.data = torch.tensor([[3.0, 1.0, -2.0, -1.0], [1.0, 2.0, -1.0, -4.0], [-5.0, 0.0, 1.0, 0.0]])
    x = torch.ones(3, 1, 2, 2)
    won = CGI(rivals=3)(net, x, torch.arange(3)).flatten(1)
    assert won.tolist() == [[3, 0, -2, 0], [0, 2, 0, -4], [-5, 0, 1, 0]]


def test_with_fewer_rivals_only_the_highest_scores_compete():
    net = nn.Sequential(nn.Flatten(), nn.Linear(2, 3, bias=False))
    net[1].weight.data = torch.tensor([[1.0, 1.0], [3.0, -2.5], [4.0, -9.0]])  # scores 2, 0.5, -5
    x, first = torch.ones(1, 1, 1, 2), torch.tensor([0])
    assert CGI(rivals=2)(net, x, first).flatten().tolist() == [0, 1]
    third = CGI(rivals=2)(net, x, torch.tensor([2]))  # itself always competes
    assert third.flatten().tolist() == [4, -9]


@pytest.mark.parametrize("cls", SIGNED.values(), ids=SIGNED)
def test_what_is_left_is_the_methods_own(cls, toy, x, target):
    a, whole = CGI(of=cls())(toy, x, target), cls()(toy, x, target)
    assert torch.equal(a[a != 0], whole[a != 0]) and 0 < (a != 0).sum() < (whole != 0).sum()


def test_the_maps_of_all_classes_never_share_a_pixels_support(toy, x):
    maps = torch.stack([CGI()(toy, x, torch.full((3,), c)) for c in range(3)])
    assert ((maps > 0).sum(0) <= 1).all() and ((maps < 0).sum(0) <= 1).all()


def test_it_takes_signed_explainers_only():
    with pytest.raises(ValueError, match=r"CGI\.of must be one of GradientXInput, Gradient, .*, got Occlusion"):
        CGI(of=Occlusion())
    assert CGI(of=GradientXInput()).passes == 11
