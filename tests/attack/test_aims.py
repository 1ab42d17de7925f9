import numpy as np
import pytest
import torch

from attrcore.attack.aims import CopyMap, DrainTopPixels, FillRegion, MatchRegion, MoveCentre, ReorderPixels, TurnAway
from attrcore.attack.regions import Box
from attrcore.explain import EXPLAINERS
from attrcore.explain.gradient import Gradient
from attrcore.kinds import Refused
from attrcore.maps import heat, mass_centre
from attrcore.metrics import Cosine, Kendall
from attrcore.png import in_letters, levels
from tests.conftest import Toy, seeded

AIMS = (DrainTopPixels(k=7), MoveCentre(), FillRegion(), MatchRegion(), CopyMap(), TurnAway(), ReorderPixels(pairs=500))
every_aim = pytest.mark.parametrize("aim", AIMS, ids=lambda a: type(a).__name__)


def maps(seed, shape=(4, 9, 7)):
    return heat(torch.rand((shape[0], 1, *shape[1:]), generator=torch.Generator().manual_seed(seed)).double())


@every_aim
def test_the_slope_of_an_aim_equals_finite_differences_through_a_network(aim, target):
    """In float64 on a smooth network: what an ascent climbs is the aim of the explanation."""
    net = seeded(lambda: Toy(torch.nn.Tanh)).double()
    x = torch.rand(1, 3, 6, 6, generator=torch.Generator().manual_seed(5), dtype=torch.double)
    clean = maps(1, (1, 6, 6))
    explain = EXPLAINERS["Gradient"]()
    assert torch.autograd.gradcheck(
        lambda z: aim(heat(explain(net, z, target[:1])), clean), x.requires_grad_(), atol=1e-7, rtol=1e-5
    )


@every_aim
def test_one_value_per_map_and_each_map_for_itself(aim):
    a, b = maps(0), maps(1)
    whole = aim(a, b)
    torch.testing.assert_close(whole, torch.cat([aim(a[i : i + 1], b[i : i + 1]) for i in range(4)]))


@every_aim
def test_a_clean_map_has_broken_nothing(aim):
    if isinstance(aim, FillRegion | MatchRegion | CopyMap):
        pytest.skip("it is measured against something else than the clean map")
    a, b = maps(0), maps(1)
    assert (aim(b, b) < aim(a, b)).all()


def test_draining_leaves_one_minus_what_lies_on_the_former_top():
    clean = torch.tensor([[[4.0, 3.0], [2.0, 1.0]]]) / 10
    now = torch.tensor([[[0.1, 0.2], [0.3, 0.4]]])
    assert DrainTopPixels(k=2)(now, clean).item() == pytest.approx(0.7)


def test_the_centre_is_a_float_and_truncated_only_when_asked():
    a = torch.zeros(1, 5, 5)
    a[0, 1, 1] = a[0, 1, 2] = 0.5  # centre (1, 1.5)
    b = torch.zeros(1, 5, 5)
    b[0, 4, 1] = 1.0
    assert mass_centre(a).tolist() == [[1.0, 1.5]]
    assert MoveCentre()(b, a).item() == pytest.approx(9.25)
    assert MoveCentre(truncate=True)(b, a).item() == pytest.approx(9.0)


@pytest.mark.parametrize(
    ("aim", "rests"), [(MoveCentre(), True), (TurnAway(), True), (MoveCentre(truncate=True), False)]
)
def test_aims_that_rest_at_the_clean_image_say_so(aim, rests):
    a = maps(0).requires_grad_()
    (slope,) = torch.autograd.grad(aim(a, a.detach()).sum(), a)
    along = (slope * (maps(1) - a.detach())).sum((1, 2))  # of a change that keeps the sum
    assert aim.rests is rests and bool((along.abs() < 1e-9).all()) is rests


def test_filling_a_region_is_the_share_of_the_map_in_it():
    a = torch.full((2, 8, 8), 1 / 64)
    assert FillRegion(region=Box(bottom=0.5, right=0.5))(a, a).tolist() == pytest.approx([0.25, 0.25])


def test_copying_wants_the_map_of_the_other_picture_and_what_is_predicted_there(toy, x, target):
    white = torch.ones_like(x)
    explain, aim = Gradient(), CopyMap(picture=in_letters(levels(white[0])))
    wanted = heat(explain(toy, white, toy(white).argmax(1)))
    goal = aim.against(toy, explain, x, heat(explain(toy, x, target)))
    torch.testing.assert_close(goal, wanted)
    assert (aim(wanted, goal) == 0).all() and (aim(maps(0, (3, 8, 8)).float(), goal) < 0).all()


def test_without_another_picture_the_map_to_copy_is_that_of_the_mirrored_image(toy, x, target):
    mirrored = x.flip(3)
    goal = CopyMap().against(toy, Gradient(), x, maps(0, (len(x), 8, 8)).float())
    torch.testing.assert_close(goal, heat(Gradient()(toy, mirrored, toy(mirrored).argmax(1))))


def test_a_picture_of_another_size_is_refused(toy, x, target):
    with pytest.raises(Refused, match="must have the image's size"):
        CopyMap(picture=in_letters(np.zeros((1, 5, 5), np.uint8))).against(toy, Gradient(), x, maps(0))


def test_turning_away_is_one_minus_the_metric():
    a, b = maps(0), maps(1)
    torch.testing.assert_close(TurnAway()(a, b), 1 - Cosine()(a, b))


def test_reordering_goes_with_kendalls_tau():
    """(1 - tau) / 2 is the share of pairs in the other order; the smooth count follows it."""
    clean = maps(2, (1, 16, 16))
    mixed = torch.cat([heat(((1 - w) * clean + w * maps(3, (1, 16, 16)))[:, None]) for w in np.linspace(0, 1, 9)])
    soft = ReorderPixels(width=0.01)(mixed, clean.expand_as(mixed))
    hard = (1 - Kendall()(mixed, clean.expand_as(mixed))) / 2
    assert (soft.diff() > 0).all() and (soft - hard).abs().max() < 0.03


@every_aim
def test_every_aim_says_what_its_value_counts(aim):
    assert aim.counts and aim.counts[0].islower()
