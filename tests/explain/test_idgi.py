import torch
from torch import nn

from attrcore.explain.idgi import IDGI
from attrcore.explain.integrated_gradients import IntegratedGradients


def test_with_one_step_it_shares_the_change_by_squared_gradients_at_the_baseline():
    net = nn.Sequential(nn.Flatten(), nn.Linear(3, 1, bias=False))
    net[1].weight.data = torch.tensor([[1.0, 2.0, -2.0]])
    x = torch.tensor([1.0, 1.0, 0.5]).view(1, 1, 1, 3)  # the score rises by 2, the squares are 1, 4, 4
    for steps in (1, 7):
        a = IDGI(steps=steps)(net, x, torch.tensor([0]))
        torch.testing.assert_close(a.flatten(), torch.tensor([2 / 9, 8 / 9, 8 / 9]))


def test_it_sums_to_the_change_in_score_with_any_number_of_steps(toy, x, target):
    change = (toy(x) - toy(x * 0)).gather(1, target[:, None])[:, 0].detach()
    for steps in (1, 3, 20):
        torch.testing.assert_close(IDGI(steps=steps)(toy, x, target).sum((1, 2, 3)), change, atol=1e-5, rtol=1e-4)


def test_it_is_another_map_than_integrated_gradients(toy, x, target):
    a, b = (m(toy, x, target).flatten(1) for m in (IDGI(), IntegratedGradients()))
    assert (torch.nn.functional.cosine_similarity(a, b) < 0.95).all()
