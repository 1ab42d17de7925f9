import numpy as np
import torch
from scipy.ndimage import gaussian_filter

from attrcore.explain.baselines import BASELINES

X = torch.rand(2, 3, 40, 60, generator=torch.Generator().manual_seed(0)).double()


def test_black_and_white_are_what_they_say():
    assert not BASELINES["black"](X).any() and (BASELINES["white"](X) == 1).all()


def test_the_mean_colour_is_each_images_own_channel_by_channel():
    mean = BASELINES["mean colour"](X)
    assert mean.shape == X.shape
    np.testing.assert_allclose(mean[1, 2].numpy(), X[1, 2].mean().item())


def test_the_blur_has_a_twentieth_of_the_shorter_side():
    expected = gaussian_filter(X.numpy(), (0, 0, 2, 2), mode="mirror", truncate=3)
    np.testing.assert_allclose(BASELINES["blurred"](X).numpy(), expected, atol=1e-6)
