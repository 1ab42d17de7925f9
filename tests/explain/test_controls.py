import captum.attr
import torch
from torch import nn

from attrcore.explain.edges import SobelEdges
from attrcore.explain.occlusion import Occlusion
from attrcore.explain.random_map import RandomMap
from tests.conftest import Toy, seeded


def test_occlusion_of_a_linear_network_is_what_each_square_adds(linear, x, target):
    """Every pixel lies in the same number of squares up to the rim; drops add up to W x over each square."""
    a = Occlusion(window=0.5)(linear, x, target)  # squares of 4, moved by 2: three by three of them on 8 x 8
    contribution = (linear[1].weight[target].view_as(x) * x).sum(1).detach()
    total, squares = torch.zeros_like(contribution), torch.zeros(8, 8)
    for i in (0, 2, 4):
        for j in (0, 2, 4):
            total[:, i : i + 4, j : j + 4] += contribution[:, i : i + 4, j : j + 4].sum((1, 2), keepdim=True)
            squares[i : i + 4, j : j + 4] += 1
    torch.testing.assert_close(a[:, 0], total / squares)
    assert torch.equal(a[:, 0], a[:, 1])


def test_occlusion_passes_many_squares_at_a_time(toy, x, target):
    sizes = []
    toy.register_forward_pre_hook(lambda net, args: sizes.append(len(args[0])))
    Occlusion(window=0.25)(toy, x[:1], target[:1])
    assert max(sizes) > 10


def test_occlusion_agrees_with_captum(toy, x, target):
    theirs = captum.attr.Occlusion(toy).attribute(x, (3, 2, 2), strides=(3, 1, 1), baselines=0.5, target=target)
    torch.testing.assert_close(Occlusion(window=0.25, grey=0.5)(toy, x, target), theirs.float())


def test_controls_never_ask_the_network(x, target):
    other = seeded(lambda: nn.Sequential(nn.Flatten(), nn.Linear(192, 3)), seed=9)
    for control in (SobelEdges(), RandomMap()):
        assert torch.equal(control(seeded(Toy), x, target), control(other, x, 2 - target))
    assert torch.equal(RandomMap()(other, x, target), RandomMap()(other, 1 - x, target))


def test_edges_lie_where_the_image_changes():
    x = torch.zeros(1, 1, 8, 8)
    x[..., 4:] = 1
    edges = SobelEdges()(None, x, None)[0, 0]
    assert (edges[:, 3:5] > 0).all() and not edges[:, :3].any() and not edges[:, 5:].any()


def test_another_seed_is_another_random_map(x, target):
    a, b = (RandomMap(seed=s)(None, x, target)[0].flatten() for s in (0, 1))
    assert torch.corrcoef(torch.stack([a, b]))[0, 1].abs() < 0.4


def test_edges_are_looked_for_in_all_colours():
    x = torch.zeros(1, 3, 8, 8)
    x[:, 2, :, 4:] = 1
    assert SobelEdges()(None, x, None).any()


def test_a_random_map_is_gaussian():
    draws = RandomMap()(None, torch.zeros(1, 1, 200, 200), None).flatten()
    assert draws.mean().abs() < 0.02 and (draws.std() - 1).abs() < 0.02 and draws.abs().max() > 3.5


def test_the_square_is_a_share_of_the_shorter_side(linear):
    seen = []

    class Spy(nn.Module):
        def forward(self, z):
            seen.append(z)
            return z.sum((2, 3))

    Occlusion(window=0.5)(Spy(), torch.ones(1, 3, 8, 16), torch.tensor([0]))
    assert {int((one == 0).all(0).sum()) for z in seen for one in z} == {0, 16}  # squares of 4, and the whole image
