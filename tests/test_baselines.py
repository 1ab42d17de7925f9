import numpy as np
import torch
from scipy.ndimage import gaussian_filter

from attrcore.baselines import Baseline, Black, Blurred, MeanColour, UniformNoise, White
from attrcore.recipe import family

X = torch.rand(2, 3, 40, 60, generator=torch.Generator().manual_seed(0)).double()


def test_every_baseline_is_an_image_like_its_image():
    assert {"Black", "White", "Mean colour", "Blurred", "Uniform noise"} <= set(family(Baseline))
    for cls in family(Baseline).values():
        for x in (X, X[:1, :1, :28, :28]):
            start = cls()(x)
            assert start.shape == x.shape and start.dtype == x.dtype and start.min() >= 0 and start.max() <= 1


def test_black_and_white_are_what_they_say():
    assert not Black()(X).any() and (White()(X) == 1).all()


def test_the_mean_colour_is_each_images_own_channel_by_channel():
    mean = MeanColour()(X)
    np.testing.assert_allclose(mean[1, 2].numpy(), X[1, 2].mean().item())


def test_the_blur_has_a_twentieth_of_the_shorter_side():
    expected = gaussian_filter(X.numpy(), (0, 0, 2, 2), mode="mirror", truncate=3)
    np.testing.assert_allclose(Blurred()(X).numpy(), expected, atol=1e-6)


def test_noise_is_the_same_for_every_image_and_another_for_every_seed():
    noise = UniformNoise(seed=3)(X)
    assert torch.equal(noise[0], noise[1]) and 0.45 < noise.mean() < 0.55
    assert not torch.equal(noise, UniformNoise(seed=4)(X))


def test_a_blurred_white_image_stays_within_the_pixels():
    for width in (0.02, 0.03, 0.05):
        assert Blurred(width=width)(torch.ones(1, 1, 28, 28)).max() <= 1
