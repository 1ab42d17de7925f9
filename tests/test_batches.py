import gc
import weakref

import pytest
import torch
from torch import nn

from attrcore import batches
from attrcore.baselines import MeanColour
from attrcore.batches import bearable, in_chunks, over_batch, saved_blocks, weighted_sum
from attrcore.explain import EXPLAINERS
from tests.conftest import Toy, seeded


@pytest.fixture
def net():
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 64, 2))


X = torch.rand(1, 1, 8, 8)


@pytest.mark.parametrize("count", [1, 7, 8, 9, 100])
@pytest.mark.parametrize("size", [1, 3, 8, 1000])
def test_every_row_comes_once_and_in_order(net, monkeypatch, count, size):
    monkeypatch.setattr(batches, "bearable", lambda net, one, graphs=0: size)
    rows = [r for part, _ in in_chunks(lambda rows: None, count, net, X) for r in range(part.start, part.stop)]
    assert rows == list(range(count))


def test_slices_are_even(net, monkeypatch):
    monkeypatch.setattr(batches, "bearable", lambda net, one, graphs=0: 8)
    assert [p.stop - p.start for p, _ in in_chunks(lambda rows: None, 9, net, X)] == [5, 4]


TOO_MUCH = [
    torch.OutOfMemoryError("CUDA out of memory"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"),
    RuntimeError("MPS backend out of memory"),
]


@pytest.mark.parametrize("error", TOO_MUCH, ids=["cuda", "cpu", "mps"])
def test_out_of_memory_halves_the_slices_and_is_remembered(net, monkeypatch, error):
    monkeypatch.setattr(batches, "bearable", lambda net, one, graphs=0: 16)
    tried = []

    def work(rows):
        tried.append(rows.stop - rows.start)
        if tried[-1] > 5:
            raise error
        return rows

    assert [r for part, _ in in_chunks(work, 16, net, X) for r in range(part.start, part.stop)] == list(range(16))
    assert tried[:3] == [16, 8, 4]
    tried.clear()
    list(in_chunks(work, 16, net, X))
    assert tried == [4, 4, 4, 4]


def test_one_image_that_does_not_fit_is_an_error_not_a_loop(net):
    def never(rows):
        raise torch.OutOfMemoryError("too much")

    with pytest.raises(torch.OutOfMemoryError):
        list(in_chunks(never, 4, net, X))


def test_an_error_in_the_work_is_not_hidden(net):
    with pytest.raises(ZeroDivisionError):
        list(in_chunks(lambda rows: 1 / 0, 4, net, X))


def test_what_the_backward_pass_keeps_is_counted_without_the_weights(net):
    # the image for the convolution, its output for ReLU (once, though two layers keep it), flattened input of Linear
    assert sorted(saved_blocks(net, X)) == sorted([64 * 4, 4 * 64 * 4])


def test_larger_images_get_smaller_slices(net):
    sizes = [bearable(nn.Conv2d(3, 64, 3, padding=1), torch.rand(1, 3, s, s)) for s in (16, 64, 256)]
    assert sizes == sorted(sizes, reverse=True) and sizes[-1] >= 1
    assert sizes[-1] < sizes[0]


def test_over_batch_puts_the_slices_together_again(net, monkeypatch):
    monkeypatch.setattr(batches, "bearable", lambda net, one, graphs=0: 3)
    x, t = torch.rand(8, 1, 8, 8), torch.arange(8)
    torch.testing.assert_close(over_batch(lambda net, x, t: x.sum((1, 2, 3)) + t, net, x, t), x.sum((1, 2, 3)) + t)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_a_weighted_sum_is_the_sum_whatever_the_slices(net, monkeypatch, size):
    monkeypatch.setattr(batches, "bearable", lambda net, one, graphs=0: size)
    x, weights = torch.rand(4, 1, 8, 8), torch.tensor([0.5, 2.0, -1.0])
    found = weighted_sum(lambda image, k, x: x[image] ** (k + 1)[:, None, None, None], weights, net, x)
    torch.testing.assert_close(found, 0.5 * x + 2 * x**2 - x**3)


def test_a_weighted_sum_keeps_the_graph(net):
    x = torch.rand(2, 1, 8, 8, requires_grad=True)
    weighted_sum(lambda image, k, x: x[image] ** 2, torch.ones(3), net, x).sum().backward()
    torch.testing.assert_close(x.grad, 6 * x.detach())


def test_an_empty_batch_is_refused(net):
    empty = torch.rand(0, 1, 8, 8)
    for call in (lambda: over_batch(lambda net, x, t: x, net, empty, empty),
                 lambda: weighted_sum(lambda image, k, x: image, torch.ones(3), net, empty)):  # fmt: skip
        with pytest.raises(ValueError, match="a batch must hold at least one image, got 0"):
            call()


def test_a_network_that_keeps_nothing_is_not_given_everything_at_once():
    assert bearable(nn.Flatten(), torch.rand(1, 3, 224, 224)) < 100


def test_a_network_that_was_measured_can_go():
    """Asked of its weights: they outlive the network where a saved activation holds the step that made it."""
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(72, 3))
    saved_blocks(net, torch.rand(1, 1, 8, 8))
    left = [weakref.ref(p) for p in net.parameters()]
    del net
    gc.collect()
    assert not [p for p in left if p() is not None]


@pytest.mark.parametrize(
    "method", ["Integrated Gradients", "SmoothGrad", "VarGrad", "IDGI", "Expected Gradients", "DeepLIFT-SHAP"]
)
def test_a_derivative_is_the_same_where_the_graphs_do_not_fit_in_memory(method, x, target, monkeypatch):
    """Then every slice is computed again for it; nothing that depends on the image may be left out."""
    explain = EXPLAINERS[method](**{"baseline": MeanColour()} if method in ("Integrated Gradients", "IDGI") else {})
    asked = {}
    for room in (batches.CPU_GRAPHS, 1):
        monkeypatch.setattr(batches, "CPU_GRAPHS", room)
        net, z = seeded(lambda: Toy(nn.Tanh)).double(), x.double().requires_grad_()  # its chunk is not known yet
        a = explain(net, z, target)
        asked[room] = a.detach(), *torch.autograd.grad((a**2).sum(), (z, *net.parameters()), allow_unused=True)
    for kept, again in zip(*asked.values(), strict=True):
        torch.testing.assert_close(again, kept)
    with pytest.raises(RuntimeError, match="once only"):
        z = x.double().requires_grad_()
        (slope,) = torch.autograd.grad(explain(net, z, target).square().sum(), z, create_graph=True)
        torch.autograd.grad(slope.sum(), z)
