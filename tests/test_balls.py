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


PICTURE = torch.randint(0, 256, (3, 3, 9, 9), generator=torch.Generator().manual_seed(4)) / 255


@pytest.mark.parametrize("origin", [PICTURE, X], ids=["8 bits", "any floats"])
@pytest.mark.parametrize("eps", [0.0, 1 / 255, 1.5 / 255, 8 / 255, 0.3])
@pytest.mark.parametrize("kind", [Linf, L2])
def test_whole_levels_are_in_the_ball_and_a_file_keeps_them(kind, eps, origin):
    ball = kind(eps=eps if kind is Linf else 20 * eps)
    for seed in range(5):
        found = ball.rounded(ball.start(origin, torch.Generator().manual_seed(seed)), origin)
        change = found - origin
        size = change.abs().amax() if kind is Linf else change.flatten(1).norm(dim=1).max()
        assert size <= ball.eps * (1 + 1e-5) + 1e-6 and found.min() >= 0 and found.max() <= 1
        if origin is PICTURE:
            assert torch.equal((found * 255).round().to(torch.uint8).float() / 255, found)


def test_a_change_of_whole_levels_is_kept_to_the_last_one():
    """8 / 255 is eight levels, not seven because of rounding."""
    up = Linf(eps=8 / 255).rounded(PICTURE + 8 / 255, PICTURE)
    room = (PICTURE * 255).round() <= 247
    assert ((up - PICTURE)[room] * 255).round().unique().tolist() == [8]


def test_starts_fill_the_ball_and_are_the_same_change_for_every_image():
    grey = torch.full((2, 3, 20, 20), 0.5)
    box, sphere = (ball.start(grey, torch.Generator().manual_seed(0)) - 0.5 for ball in (Linf(eps=0.1), L2(eps=2.0)))
    assert torch.equal(box[0], box[1]) and box.abs().max() > 0.099 and box.mean().abs() < 0.01
    assert torch.equal(sphere[0], sphere[1]) and 1.9 < sphere[0].norm() <= 2.0


def test_the_ball_that_was_reached_is_the_smallest_that_holds_the_image():
    origin, x = torch.zeros(1, 1, 2, 2), torch.tensor([[[[0.0, 0.3], [0.4, 0.0]]]])
    assert Linf(eps=1.0).reached(x, origin).eps == pytest.approx(0.4)
    assert L2(eps=9.0).reached(x, origin).eps == pytest.approx(0.5) and L2(eps=9.0).reached(origin, origin).eps == 0
