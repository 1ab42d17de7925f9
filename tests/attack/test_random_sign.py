import torch

from attrcore.attack.random_sign import RandomSign
from attrcore.balls import Linf


def test_every_pixel_moves_by_eps_where_it_has_room():
    x = torch.full((2, 3, 6, 6), 0.5)
    moved = RandomSign(ball=Linf(eps=0.1))(None, None, x, None) - x
    torch.testing.assert_close(moved.abs(), torch.full_like(x, 0.1))
    assert 0.3 < (moved > 0).float().mean() < 0.7


def test_another_seed_draws_other_signs():
    x = torch.full((1, 3, 6, 6), 0.5)
    assert not torch.equal(RandomSign(seed=0)(None, None, x, None), RandomSign(seed=1)(None, None, x, None))
