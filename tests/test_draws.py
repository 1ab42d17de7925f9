import pytest
import torch
from scipy.stats import spearmanr

from attrcore.baselines import NoiseImages, UniformNoise
from attrcore.draws import generator
from attrcore.explain import EXPLAINERS, IntegratedGradients, RandomMap
from attrcore.models import MODELS


def test_the_same_purpose_and_seed_give_the_same_draws():
    one, same, other, elsewhere = (generator(*a) for a in (("a", 1), ("a", 1), ("a", 2), ("b", 1)))
    first = torch.rand(5, generator=one)
    assert torch.equal(first, torch.rand(5, generator=same))
    assert not any(torch.equal(first, torch.rand(5, generator=g)) for g in (other, elsewhere))


def test_baselines_and_backgrounds_are_not_the_same_noise():
    x = torch.zeros(1, 3, 8, 8)
    assert not torch.equal(UniformNoise()(x)[0], NoiseImages()(x)[0])


@pytest.mark.parametrize("seed", range(4))
def test_the_random_control_looks_like_no_other_noise(seed):
    """From one stream of bits, the size of a Gaussian would follow the uniform number: 0.25 and more."""
    x = torch.zeros(1, 1, 64, 64)
    control = RandomMap(seed=seed)(None, x, torch.tensor([0])).flatten()
    for noise in (UniformNoise(seed)(x).flatten(), NoiseImages(1, seed)(x).flatten()):
        assert abs(spearmanr(control.abs(), noise).statistic) < 0.06  # four standard errors of 4,096 pixels


def test_a_map_from_a_noise_baseline_is_like_its_control_as_other_controls_are():
    from attrcore.data.digits import packaged_digits

    net, x = MODELS["MNIST CNN"].load().net, torch.tensor(packaged_digits()[0][:20, None]) / 255
    t = net(x).argmax(1)
    maps = IntegratedGradients(baseline=UniformNoise(), steps=16)(net, x, t).abs().flatten(1)
    means = []
    for seed in range(12):
        control = RandomMap(seed=seed)(net, x[:1], t).abs().flatten()
        means.append(sum(spearmanr(m, control).statistic for m in maps) / len(maps))
    rest = torch.tensor(means[1:])
    assert abs(means[0] - rest.mean()) < 4 * rest.std()


def test_every_explainer_with_a_seed_draws_by_it():
    from dataclasses import fields, replace

    net, x = MODELS["MNIST MLP"].load().net, torch.rand(1, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    t = net(x).argmax(1)
    for name, cls in EXPLAINERS.items():
        if any(f.name == "seed" for f in fields(cls)):
            assert not torch.equal(cls()(net, x, t), replace(cls(), seed=1)(net, x, t)), name
