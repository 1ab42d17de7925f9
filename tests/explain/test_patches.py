import numpy as np
import pytest
import torch
from torch import nn

from attrcore.baselines import Black
from attrcore.explain.patches import KernelShap, Lime, ShapleySampling, nearness, patches_of, several
from attrcore.kinds import Refused

PHOTO = nn.functional.interpolate(torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(0)), (32, 32))[0]


@pytest.mark.parametrize("image", [PHOTO, PHOTO[:1]], ids=["colour", "grey"])
def test_patches_cover_the_image_and_follow_its_colours(image):
    labels = patches_of(image, 16)
    assert labels.shape == (32, 32) and sorted(labels.unique().tolist()) == list(range(int(labels.max()) + 1))
    assert 10 <= labels.max() <= 25
    within = torch.stack([image[:, labels == i].var(1).sum() for i in range(int(labels.max()) + 1)]).mean()
    assert within < 0.2 * image.flatten(1).var(1).sum()


@pytest.mark.parametrize("side", [8, 32])
@pytest.mark.parametrize("channels", [1, 3])
def test_noise_has_patches_too(side, channels):
    noise = torch.rand(channels, side, side, generator=torch.Generator().manual_seed(0))
    for count in (4, 12):
        assert count / 2 <= patches_of(noise, count).max() + 1 <= 3 * count
    assert patches_of(torch.zeros(channels, side, side), 9).max() + 1 >= 4  # and a flat image too


@pytest.mark.parametrize("cls", [KernelShap, ShapleySampling])
def test_shapley_values_of_a_linear_network_are_its_weights_times_the_input(cls, linear, target):
    """Nothing interacts, so that every order adds the same; the values of a patch are the mean over its pixels."""
    x = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    a = cls(patches=6, baseline=Black(), samples=200)(linear, x, target[:1])
    labels = patches_of(x[0], 6)
    product = (linear[1].weight[target[0]].view(3, 8, 8) * x[0]).sum(0)
    for i in range(int(labels.max()) + 1):
        torch.testing.assert_close(a[0, :, labels == i], product[labels == i].sum().expand(3, int((labels == i).sum())),
                                   atol=1e-4, rtol=1e-3)  # fmt: skip


@pytest.mark.parametrize("cls", [KernelShap, ShapleySampling])
def test_shapley_values_sum_to_the_change_in_score(cls, toy, x, target):
    method = cls(patches=6, baseline=Black(), samples=400)
    a, labels = method(toy, x[:1], target[:1]), patches_of(x[0], 6)
    total = sum(a[0, 0][labels == i][0] for i in range(int(labels.max()) + 1))
    change = (toy(x[:1]) - toy(x[:1] * 0))[0, target[0]]
    assert total.item() == pytest.approx(change.item(), rel=1e-2, abs=1e-3)


def test_lime_finds_the_patch_that_counts(target):
    """A network that sees the brightest corner only."""
    net = nn.Sequential(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(3 * 4, 2, bias=False))
    net[2].weight.data.zero_()
    net[2].weight.data[1, [0, 4, 8]] = 1.0
    x = torch.full((1, 3, 8, 8), 0.2)
    x[..., :4, :4] = 0.9
    a = Lime(patches=4, samples=200, baseline=Black())(net, x, torch.tensor([1]))[0, 0]
    assert a[:4, :4].min() > 5 * a[4:, 4:].abs().max()


@pytest.mark.parametrize("cls", [Lime, KernelShap, ShapleySampling])
def test_another_seed_gives_another_map_and_more_samples_a_steadier_one(cls, toy, x, target):
    def spread(samples):
        few = [cls(patches=16, samples=samples, seed=s)(toy, x[:1], target[:1]) for s in range(4)]
        return torch.stack(few).std(0).mean()

    assert 0 < spread(320 if cls is not ShapleySampling else 64) < spread(40 if cls is not ShapleySampling else 4)


def test_limes_choices_weigh_as_in_its_authors_code():
    seen = torch.tensor([[1, 1, 0, 0, 1, 0, 0, 0]])
    distance = 1 - 3 / (8**0.5 * 3**0.5)
    assert nearness(PHOTO, PHOTO, seen) == pytest.approx(np.sqrt(np.exp(-(distance**2) / 0.25**2)))
    assert nearness(PHOTO, PHOTO, torch.ones(1, 8)) == 1


def test_one_patch_alone_is_refused():
    with pytest.raises(Refused, match="one patch only"):
        several(torch.zeros(8, 8, dtype=torch.long))
