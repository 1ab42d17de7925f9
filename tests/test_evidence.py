"""Chance levels beside every measure of an attack."""

import pytest
import torch
from scipy.ndimage import gaussian_filter

from attrcore.draws import generator
from attrcore.evidence import chance, measures


def unrelated(count, sigma):
    """Maps without a negative value, as heat maps are, smoothed around the edges."""
    noise = torch.rand((count, 32, 32), generator=generator("unrelated", 0), dtype=torch.float64)
    if sigma:
        noise = torch.from_numpy(gaussian_filter(noise.numpy(), (0, sigma, sigma), mode="wrap"))
    return (noise - noise.amin((1, 2), keepdim=True)).square()


@pytest.mark.parametrize("sigma", [0, 2])
@pytest.mark.parametrize("name", measures(51, 32))
def test_unrelated_maps_score_the_chance_level_on_average(name, sigma):
    measure, a = measures(51, 32)[name], unrelated(200, sigma)
    level, found = chance(measure, a), measure(a, a.roll(1, 0))
    assert level.shape == found.shape == (200,)
    error = (found - level).std() / 200**0.5
    assert (found - level).mean().abs() < 4 * error + 0.002


def test_heat_maps_point_the_same_way_by_chance():
    assert chance(measures(51, 32)["Cosine"], unrelated(4, 0)).min() > 0.3
