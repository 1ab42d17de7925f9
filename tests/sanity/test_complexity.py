import math

import pytest
import torch

from attrcore.draws import generator
from attrcore.explain.gradient import Gradient
from attrcore.explain.smoothgrad import SmoothGrad
from attrcore.sanity.complexity import BINS, entropy, rise
from attrcore.sanity.denoised import Denoised


def test_entropy_counts_bits():
    flat = torch.zeros(1, 1, 10, 10)
    half = torch.zeros(1, 1, 10, 10)
    half[..., :5] = 1.0
    even = torch.arange(float(BINS)).view(1, 1, 10, 10)
    found = entropy(torch.cat([flat, half, even, 7 - 3 * even]))
    torch.testing.assert_close(found, torch.tensor([0.0, 1.0, math.log2(100), math.log2(100)], dtype=torch.double))


def test_entropy_is_numpys_histogram_and_scipys_entropy():
    import numpy as np
    from scipy.stats import entropy as reference

    a = torch.randn(5, 3, 28, 28, generator=generator("maps", 0))
    for one, found in zip(a.sum(1).numpy().astype(float), entropy(a).tolist(), strict=True):
        assert found == pytest.approx(reference(np.histogram(one, BINS)[0], base=2), abs=1e-9)


def test_entropy_of_a_batch_is_that_of_its_maps_and_no_scale_counts():
    a = torch.randn(4, 1, 8, 8, generator=generator("maps", 1))
    torch.testing.assert_close(entropy(a), torch.cat([entropy(one[None]) for one in a]))
    torch.testing.assert_close(entropy(a), entropy(1024 * a))


def test_the_rise_is_a_share_and_none_where_there_was_nothing():
    found = rise(torch.tensor([2.0, 4.0, 0.0]), torch.tensor([3.0, 4.0, 1.0]))
    assert found[0] == 0.5 and found[1] == 0 and found[2].isnan()


def test_one_copy_without_noise_is_the_method_itself(toy, x, target):
    torch.testing.assert_close(Denoised(Gradient(), 3, 0.0)(toy, x, target), Gradient()(toy, x, target))


def test_noisy_copies_come_nearer_to_their_mean_and_have_a_seed(toy, x, target):
    long = SmoothGrad(samples=400, noise=0.3)(toy, x, target)
    few, many = (Denoised(Gradient(), n, 0.3)(toy, x, target) for n in (2, 100))
    assert (many - long).norm() < (few - long).norm()
    assert not torch.equal(few, Denoised(Gradient(), 2, 0.3, seed=1)(toy, x, target))
