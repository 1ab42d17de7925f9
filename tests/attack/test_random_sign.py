import pytest
import torch

from attrcore.attack.random_sign import RandomSign
from attrcore.balls import L2, LEVELS, Linf
from attrcore.explain import EXPLAINERS


def test_every_pixel_moves_by_eps_where_it_has_room():
    x = torch.full((2, 3, 6, 6), 100 / 255)
    moved = RandomSign(ball=Linf(eps=26 / 255)).moved(x) - x
    torch.testing.assert_close(moved.abs(), torch.full_like(x, 26 / 255))
    assert 0.3 < (moved > 0).float().mean() < 0.7


def test_another_seed_draws_other_signs():
    x = torch.full((1, 3, 6, 6), 0.5)
    assert not torch.equal(RandomSign(seed=0).moved(x), RandomSign(seed=1).moved(x))


def test_it_tells_what_the_network_makes_of_the_clean_and_of_the_changed_images(toy, x, target):
    clean, changed = RandomSign().iterate(toy, EXPLAINERS["Gradient"](), x, target)
    assert (clean.n, changed.n) == (0, 1) and clean.kept.all() and torch.equal(clean.now, x)
    assert changed.aim.isnan().all() and not torch.equal(clean.maps, changed.maps)


@pytest.mark.parametrize("eps", [0.05, 0.5, 2.0])
def test_in_l2_the_change_is_as_long_as_an_attack_may_make_it_however_thinly_it_is_spread(eps):
    x = torch.stack([torch.full((3, 40, 40), 100 / 255), torch.zeros(3, 40, 40)])
    moved = RandomSign(ball=L2(eps=eps)).moved(x) - x
    long = moved.flatten(1).norm(dim=1)
    assert (long <= eps * (1 + 1e-5)).all() and (long > eps - 3 / LEVELS).all()
    torch.testing.assert_close(moved * LEVELS, (moved * LEVELS).round(), atol=1e-3, rtol=0)
    assert (moved[1] >= 0).all() and (moved[0] > 0).any() and (moved[0] < 0).any()
