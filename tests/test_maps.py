import pytest
import torch

from attrcore.maps import heat, mass_centre, top_pixels


def test_a_map_is_non_negative_and_sums_to_one():
    m = heat(torch.randn(4, 3, 6, 5))
    assert m.shape == (4, 6, 5) and (m >= 0).all()
    torch.testing.assert_close(m.sum((1, 2)), torch.ones(4))


def test_channels_add_up_by_size_not_by_sign():
    a = torch.zeros(1, 2, 2, 2)
    a[0, :, 0, 0] = torch.tensor([1.0, -1.0])
    assert heat(a)[0, 0, 0] == 1


def test_an_attribution_of_zeros_gives_a_map_of_zeros_not_of_nan():
    assert not heat(torch.zeros(1, 3, 4, 4)).any()


@pytest.mark.parametrize("k", [1, 5, 16])
def test_exactly_k_pixels_are_on_top_even_with_ties(k):
    assert top_pixels(torch.ones(2, 4, 4), k).flatten(1).sum(1).tolist() == [k, k]


@pytest.mark.parametrize("k", [1, 7, 40, 63])
def test_pixels_that_tie_come_in_the_order_of_a_stable_sort(k):
    m = torch.randint(5, (50, 8, 8), generator=torch.Generator().manual_seed(k)).float()
    first = m.flatten(1).sort(dim=1, descending=True, stable=True).indices[:, :k]
    wanted = torch.zeros(50, 64, dtype=torch.bool).scatter(1, first, True).view_as(m)
    assert torch.equal(top_pixels(m, k), wanted)


def test_what_is_not_a_number_counts_as_the_largest():
    m = torch.tensor([[[1.0, torch.nan], [torch.inf, -torch.inf]]])
    assert top_pixels(m, 2)[0].tolist() == [[False, True], [True, False]]


def test_the_largest_pixels_are_on_top():
    m = torch.arange(9.0).view(1, 3, 3)
    assert top_pixels(m, 2)[0].nonzero().tolist() == [[2, 1], [2, 2]]


@pytest.mark.parametrize("k", [0, 17])
def test_more_pixels_than_there_are_is_an_error(k):
    with pytest.raises(ValueError, match=rf"k must be in \[1, 16\], got {k}"):
        top_pixels(torch.ones(1, 4, 4), k)


def test_the_mass_centre_is_a_float_in_pixels():
    m = torch.zeros(1, 4, 6)
    m[0, 1, 2] = m[0, 2, 5] = 0.5
    assert mass_centre(m).tolist() == [[1.5, 3.5]]


def test_the_mass_centre_moves_with_the_map_differentiably():
    m = torch.rand(1, 4, 4, requires_grad=True)
    (grad,) = torch.autograd.grad(mass_centre(m)[0, 0], m)
    assert grad.any() and grad.isfinite().all()
