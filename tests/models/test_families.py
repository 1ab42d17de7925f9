"""The test networks themselves: nothing about a dead network can fail."""

import pytest
import torch

from attrcore.models.architectures import ARCHITECTURES
from attrcore.models.checkpoint import Unfit
from attrcore.models.match import built
from attrcore.models.zoo import ZOO
from tests.families import SMALLEST, network, photo

every_family = pytest.mark.parametrize("name", SMALLEST)


@every_family
def test_a_lively_network_tells_two_images_apart(name):
    net, x = network(name), photo(2, max(SMALLEST[name], 96))
    with torch.no_grad():
        logits = net(x)
    assert logits.isfinite().all() and logits.dtype == torch.double
    assert 0.01 < logits.std() < 1e3
    assert (logits[0] - logits[1]).abs().max() > 0.01 * logits.std()


@every_family
def test_every_weight_of_a_lively_network_matters(name):
    net, x = network(name), photo(1, max(SMALLEST[name], 96))
    side_heads = ("aux1.", "aux2.", "AuxLogits.")
    weights = {k: p for k, p in net.named_parameters() if not k.startswith(side_heads)}
    grads = torch.autograd.grad(net(x)[0].square().sum(), list(weights.values()))
    dead = [k for k, g in zip(weights, grads, strict=True) if not g.abs().max() > 0]
    assert not dead


@every_family
def test_the_smallest_side_is_taken_and_no_smaller_one(name):
    net, side = network(name), SMALLEST[name]
    with torch.no_grad():
        logits = net(photo(2, side))
        assert logits.isfinite().all() and not torch.equal(logits[0], logits[1])
        if side > 1:
            with pytest.raises((RuntimeError, AssertionError)):
                net(photo(2, side - 1))


@every_family
def test_a_network_without_weights_takes_the_same_sides(name):
    known, side = ARCHITECTURES[name], SMALLEST[name]
    built(known, 10, (3, side, side))
    if side > 1:
        with pytest.raises(Unfit, match=f"cannot take images of 3 x {side - 1} x {side - 1}"):
            built(known, 10, (3, side - 1, side - 1))


def test_every_family_of_the_zoo_has_its_network():
    def family(name):
        return name.rstrip("0123456789").partition("_")[0].rstrip("0123456789").removeprefix("wide").removesuffix("-")

    alike = {"resnext": "resnet", "wide": "resnet", "": "resnet"}  # built by the same class
    families = {alike.get(family(e.architecture), family(e.architecture)) for e in ZOO.values()}
    assert families <= {family(name) for name in SMALLEST}
