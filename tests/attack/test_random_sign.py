import torch

from attrcore.attack.random_sign import RandomSign
from attrcore.balls import Linf
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
