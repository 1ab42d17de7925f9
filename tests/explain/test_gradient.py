import captum.attr
import torch

from attrcore.explain.gradient import Gradient
from attrcore.explain.gradient_x_input import GradientXInput


def test_on_a_linear_network_it_is_the_row_of_weights(linear, x, target):
    rows = linear[1].weight[target].view_as(x)
    torch.testing.assert_close(Gradient()(linear, x, target), rows)
    torch.testing.assert_close(GradientXInput()(linear, x, target), rows * x)


def test_values_agree_with_captum(toy, x, target):
    theirs = captum.attr.Saliency(toy).attribute(x.clone(), target=target, abs=False)
    torch.testing.assert_close(Gradient()(toy, x, target), theirs)
    theirs = captum.attr.InputXGradient(toy).attribute(x.clone(), target=target)
    torch.testing.assert_close(GradientXInput()(toy, x, target), theirs)


def test_it_is_the_logit_not_the_probability_that_is_explained(linear, x, target):
    """A probability's gradient vanishes where the network is sure."""
    with torch.no_grad():
        linear[1].weight *= 1000
    assert Gradient()(linear, x, target).abs().mean() > 1
