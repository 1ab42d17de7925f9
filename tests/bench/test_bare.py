"""The passes that a step of ours is measured beside must find what it finds."""

import pytest
import torch

from attrcore.attack.ascent import Ascent
from attrcore.attack.directions import Derivative
from attrcore.attack.surrogate import spreads
from attrcore.explain import DeepLift, GradCam, Gradient, IntegratedGradients
from attrcore.maps import heat, top_pixels
from attrcore.models import MODELS
from bench.authors import softened
from bench.bare import Chain, Walk, deeplift, grad_cam, gradient, integrated
from bench.timing import digits
from tests.conftest import needs

BOTH = [
    (Gradient(), gradient),
    (IntegratedGradients(steps=3), integrated(3)),
    (GradCam(), grad_cam),
    (DeepLift(), deeplift),
]
each = pytest.mark.parametrize(("explain", "by_hand"), BOTH, ids=lambda e: type(e).__name__)


def case(name):
    """Network and images in double precision: a sign must not be rounding's."""
    if name == "digits":
        return MODELS["RAR MNIST CNN (NATURAL)"].load().net.double(), digits(2).double()
    x = torch.rand(2, 3, 48, 48, generator=torch.Generator().manual_seed(0), dtype=torch.double)
    return MODELS["SqueezeNet 1.0"].load().net.double(), x


@each
@pytest.mark.parametrize("name", ["digits", pytest.param("photos", marks=needs("imagenet/weights"))])
def test_a_step_of_bare_passes_finds_the_slope_the_map_and_the_image_of_a_step_of_ours(name, explain, by_hand):
    net, x = case(name)
    label = net(x).argmax(1)
    ours = Ascent(direction=Derivative(corners="softplus"), steps=1).begin(net, explain, x, label)
    top = top_pixels(ours.clean, ours.how.aim.k)
    soft = softened(net, *(ours.how.direction.beta / spread for spread in spreads(net, x)))
    walk = Walk(Chain(net), Chain(soft), by_hand, x, label, top, chunk=2)
    slope = ours.slope(1, x)
    assert slope.any()
    torch.testing.assert_close(walk.slope(x), slope, rtol=1e-3, atol=1e-6 * slope.abs().max().item())
    logits, maps = walk.look(x)
    torch.testing.assert_close(logits, net(x))
    torch.testing.assert_close(heat(maps), ours.clean)
    moved = walk.step(x, 1 / 255, 8 / 255)
    ours.step()
    sure = slope.abs() > 1e-6 * slope.abs().max()  # below, the sign is rounding's
    torch.testing.assert_close(moved[sure], ours.z[sure])


def test_what_is_measured_beside_leaves_the_network_as_found():
    net, x = case("digits")
    before = {k: v.clone() for k, v in net.state_dict().items()}
    Walk(Chain(net), Chain(softened(net, 10.0)), deeplift, x, net(x).argmax(1), x[:, 0] > 0.5, 3).step(x, 0.1, 0.3)
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    assert not any(p.grad is not None for p in net.parameters()) and not x.requires_grad
