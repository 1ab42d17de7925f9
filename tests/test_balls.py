import pytest
import torch

from attrcore.balls import L2, Linf

X = torch.rand(2, 3, 5, 5, generator=torch.Generator().manual_seed(0))
FAR = X + torch.randn(X.shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("ball", [Linf(eps=0.1), L2(eps=0.7)], ids=str)
def test_projection_ends_inside_and_leaves_insiders_alone(ball):
    inside = ball.project(FAR, X)
    change = (inside - X).flatten(1)
    size = change.abs().amax(1) if isinstance(ball, Linf) else change.norm(dim=1)
    assert (size <= ball.eps + 1e-6).all() and inside.min() >= 0 and inside.max() <= 1
    torch.testing.assert_close(ball.project(inside, X), inside)


@pytest.mark.parametrize("ball", [Linf(eps=0.0), L2(eps=0.0)], ids=str)
def test_a_ball_of_no_size_changes_nothing(ball):
    assert torch.equal(ball.project(FAR, X), X)


@pytest.mark.parametrize("scale", [1e-30, 1e-12, 1.0, 1e12])
def test_a_step_is_as_long_however_small_the_gradient(scale):
    g = scale * torch.randn(2, 3, 5, 5, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(L2().step(g, 0.2).flatten(1).norm(dim=1), torch.tensor([0.2, 0.2]))


def test_a_step_has_the_length_it_is_given_in_its_own_norm():
    g = torch.randn(2, 3, 5, 5)
    assert Linf().step(g, 0.2).abs().amax().item() == pytest.approx(0.2)
    torch.testing.assert_close(L2().step(g, 0.2).flatten(1).norm(dim=1), torch.tensor([0.2, 0.2]))


@pytest.mark.parametrize("ball", [Linf(), L2()], ids=str)
def test_no_gradient_is_no_step_and_no_nan(ball):
    assert torch.equal(ball.step(torch.zeros(1, 1, 2, 2), 0.5), torch.zeros(1, 1, 2, 2))
