"""What must hold of any network, and what tools that look for ReLU modules get wrong."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from attrcore.data.photos import SamplePhotos
from attrcore.explain import EXPLAINERS
from attrcore.metrics import METRICS
from attrcore.models.imagenet import untrained
from attrcore.models.small import drawn
from attrcore.sanity.parameters import blocks, randomised, steps

SIDE = 128
LOW = ("Mixed_5c", "Mixed_5b", "Conv2d_4a_3x3", "Conv2d_3b_1x1", "Conv2d_2b_3x3", "Conv2d_2a_3x3", "Conv2d_1a_3x3")


def photos(count):
    """As Inception is given them, (count, 3, SIDE, SIDE)."""
    source = SamplePhotos()
    opened = [np.array(source.open(name).convert("RGB").resize((SIDE, SIDE))) for name in list(source.names())[:count]]
    return torch.from_numpy(np.stack(opened)).permute(0, 3, 1, 2).float() / 127.5 - 1


def inception(seed, x):
    """One whose normalisations know the photos, since nothing else makes 48 layers of first weights say anything."""
    net = drawn(partial(untrained, "inception_v3", init_weights=True), seed)
    for m in net.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.momentum = None
    with torch.no_grad():
        net.train()(x)
    return net.eval().requires_grad_(False)


def test_unrelated_sparse_maps_are_as_unlike_as_can_be():
    rng = torch.Generator().manual_seed(0)
    maps = torch.randn(2, 400, 28, 28, generator=rng) * (torch.rand(2, 400, 28, 28, generator=rng) < 0.2)
    for name in ("Spearman", "Kendall", "Cosine"):
        found = METRICS[name]()(*maps)
        assert abs(found.mean()) < 4 * found.std() / 20, name
    naive = [m.flatten(1).argsort(dim=1, stable=True).argsort(1).double() for m in maps.abs()]
    assert (
        float(torch.tensor([np.corrcoef(a, b)[0, 1] for a, b in zip(*naive, strict=True)]).mean()) > 0.3
    )  # ties broken by place


@pytest.fixture(scope="module")
def walk():
    """A photo, a network, and those on the way down to the first convolution, by the block that was lost last."""
    x = photos(6)
    net, first = (inception(seed, x) for seed in range(2))
    return (
        x[:1],
        net,
        {lost[-1].name: partial(randomised, net, first, lost) for lost in steps(blocks(net), "cascading")[1:]},
    )


def test_guided_backprop_ignores_all_but_the_lowest_layers_of_inception_and_gradients_do_not(walk):
    x, net, way = walk
    assert not any(
        isinstance(m, nn.ReLU) for m in net.modules()
    )  # hooks on modules would find none, and change nothing
    target, likeness = net(x).argmax(1), METRICS["Spearman"]()

    def left(method, name):
        """What likeness to the first map is left once all down to this block is lost."""
        a, b = (method(of, x, target).abs().sum(1) for of in (net, way[name]()))
        return float(likeness(a, b))

    guided, gradient = EXPLAINERS["Guided Backprop"](), EXPLAINERS["Gradient"]()
    for name in ("fc", "Mixed_7a", "Mixed_6e", "Mixed_6a", "Mixed_5d"):
        assert left(guided, name) > 0.99
    assert left(gradient, "fc") < 0.8
    falls = [left(guided, name) for name in LOW]
    assert falls == sorted(falls, reverse=True) and falls[-1] < 0.85
