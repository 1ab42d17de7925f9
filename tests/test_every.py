"""Promises that every entry of every table keeps.  A new entry is tested the day it is written."""

import copy
import threading
from dataclasses import fields

import pytest
import torch

from attrcore.attack import ATTACKS
from attrcore.attack.climbs import Climb
from attrcore.attack.directions import Direction
from attrcore.data import DATASETS
from attrcore.explain import EXPLAINERS
from attrcore.explain.validity import LAWS, validity
from attrcore.kinds import Aim, Ball
from attrcore.metrics import KEPT, METRICS
from attrcore.metrics.chance import null
from attrcore.models import MODELS
from attrcore.recipe import Recipe, family
from tests.conftest import Toy, needs, seeded

RECTIFIED = ("GuidedBackprop", "Deconvnet", "GuidedGradCam")  # need ReLUs,
FLAT = RECTIFIED[:2]  # whose second derivative is zero
EVERY = {
    **EXPLAINERS, **ATTACKS, **METRICS, **KEPT, **family(Aim), **family(Ball), **family(Direction), **family(Climb),
}  # fmt: skip
every_recipe = pytest.mark.parametrize("cls", EVERY.values(), ids=EVERY)
every_explainer = pytest.mark.parametrize("cls", EXPLAINERS.values(), ids=EXPLAINERS)
differentiable = pytest.mark.parametrize(
    "cls", [c for c in EXPLAINERS.values() if c.differentiable], ids=lambda c: c.__name__
)


@every_recipe
def test_its_title_is_a_sentence_that_names_its_source(cls):
    assert cls.title().endswith(".") and any(c.isdigit() for c in cls.title()), cls.title()


@every_recipe
def test_every_knob_says_what_it_is(cls):
    for f in fields(cls):
        if f.metadata:
            assert len(f.metadata["help"]) > 10 and f.metadata["help"].endswith(".")
        else:
            assert isinstance(f.default, Recipe)


@every_recipe
def test_its_settings_survive_json_and_back(cls):
    assert Recipe.from_dict(cls().to_dict()) == cls() and cls().key() == cls().key()


@every_explainer
def test_one_attribution_per_image_as_wide_and_high(cls, toy, x, target):
    a = cls()(toy, x, target)
    assert a.shape[0] == 3 and a.shape[1] in (1, 3) and a.shape[2:] == x.shape[2:]
    assert a.dtype == x.dtype and a.device == x.device and not a.requires_grad


@every_explainer
def test_a_batch_equals_its_images_one_by_one(cls, toy, x, target):
    singles = torch.cat([cls()(toy, x[i : i + 1], target[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(cls()(toy, x, target), singles, atol=1e-6, rtol=1e-4)


@every_explainer
def test_the_same_recipe_gives_the_same_bits(cls, toy, x, target):
    assert torch.equal(cls()(toy, x, target), cls()(toy, x, target))


@every_explainer
def test_everything_is_left_as_found(cls, toy, x, target):
    weights = {k: v.clone() for k, v in toy.state_dict().items()}
    image, labels, random = x.clone(), target.clone(), torch.random.get_rng_state()
    modules, modes = list(toy.modules()), [m.training for m in toy.modules()]
    cls()(toy, x, target)
    assert all(torch.equal(weights[k], v) for k, v in toy.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in toy.parameters())
    assert torch.equal(x, image) and not x.requires_grad and x.grad is None and torch.equal(target, labels)
    assert torch.equal(torch.random.get_rng_state(), random)
    assert list(toy.modules()) == modules and [m.training for m in toy.modules()] == modes
    assert not any(m._forward_hooks or m._backward_hooks or m._forward_pre_hooks for m in toy.modules())


@every_explainer
def test_it_says_what_it_costs(cls, target):
    """Passes are counted in images that go through the network; the first call may also look at the network's shape."""
    method, seen, network = cls(), [], seeded(lambda: Toy(classes=12))
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    method(network, image, target[:1])
    network.conv1.register_forward_pre_hook(lambda net, args: seen.append(len(args[0])))
    method(network, image, target[:1])
    assert method.passes == 0 or 0.5 <= sum(seen) / method.passes <= 2


@every_explainer
def test_it_works_inside_no_grad(cls, toy, x, target):
    with torch.no_grad():
        inside = cls()(toy, x, target)
    assert torch.equal(inside, cls()(toy, x, target))


@every_explainer
def test_two_threads_on_one_network_get_what_one_thread_gets(cls, toy, x, target):
    """Hook-based tools fail this: one thread's hooks change the other's maps."""
    others = [EXPLAINERS[n] for n in ("Guided Backprop", "DeepLIFT", "Gradient")]
    alone, other_alone = cls()(toy, x, target), [o()(toy, x, target) for o in others]
    fresh, wrong = [], []

    def busy(done):
        while not done.is_set():
            net = seeded(Toy)  # a network nobody has traced yet: tracing must not leak into the other thread either
            fresh.append(net)
            for o, expected in zip(others, other_alone, strict=True):
                if not torch.equal(o()(net, x, target), expected):
                    wrong.append(o.__name__)

    done = threading.Event()
    thread = threading.Thread(target=busy, args=(done,))
    thread.start()
    try:
        for _ in range(15):
            net = copy.deepcopy(toy)
            if not torch.equal(cls()(net, x, target), alone):
                wrong.append(cls.__name__)
    finally:
        done.set()
        thread.join()
    assert fresh and not wrong


@differentiable
def test_the_graph_follows_the_caller(cls, x, target):
    rectified = cls.__name__ in RECTIFIED
    net = seeded(lambda: Toy(torch.nn.ReLU if rectified else torch.nn.Tanh))
    asked = x.clone().requires_grad_()
    a = cls()(net, asked, target)
    assert a.requires_grad
    torch.testing.assert_close(a.detach(), cls()(net, x, target), atol=1e-6, rtol=1e-4)
    (grad,) = torch.autograd.grad((a**2).sum(), asked)
    assert grad.isfinite().all() and grad.any() != (cls.__name__ in FLAT)


@differentiable
def test_its_derivative_is_the_true_one(cls, target):
    """gradcheck in float64 on a smooth network, its signals strong enough to bend it; captum's maps fail this."""
    rectifiers = cls.__name__ in RECTIFIED
    smooth = seeded(lambda: Toy(torch.nn.ReLU if rectifiers else torch.nn.Tanh)).double()
    with torch.no_grad():
        for p in smooth.parameters():
            p.mul_(3)
    method = with_knobs(cls, steps=3, samples=2)
    image = torch.rand(1, 3, 6, 6, generator=torch.Generator().manual_seed(5), dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(lambda z: method(smooth, z, target[:1]), image, atol=1e-8, rtol=1e-5)


def with_knobs(cls, **values):
    """With these values of those knobs that it has."""
    return cls(**{k: v for k, v in values.items() if k in {f.name for f in fields(cls)}})


@every_explainer
def test_it_keeps_the_laws_it_promises(cls, toy, x):
    target = toy(x).argmax(1)  # for what is not seen at all, Grad-CAM's map may rightly be zero
    method = with_knobs(cls, steps=256, samples=500, patches=8)
    assert set(method.promises) <= LAWS.keys()
    for checks in validity(method, toy, x, target, method(toy, x, target)):
        assert len(checks) == 1 + len(method.promises) and all(c.holds for c in checks), checks


@every_explainer
def test_it_runs_in_double_precision(cls, toy, x, target):
    assert cls()(toy.double(), x.double(), target).dtype == torch.double


@pytest.mark.parametrize("cls", METRICS.values(), ids=METRICS)
def test_a_map_is_wholly_like_itself_and_more_so_than_its_null(cls):
    maps = torch.rand(2, 16, 16, generator=torch.Generator().manual_seed(0)) ** 4
    metric = cls()
    torch.testing.assert_close(metric(maps, maps), torch.ones(2), atol=1e-6, rtol=0)
    assert (null(metric, maps, maps, draws=5) < 0.8).all()


@pytest.mark.parametrize("cls", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_stays_in_its_ball_and_in_the_pixels(cls, toy, target):
    attack, x = cls(), torch.rand(3, 3, 12, 12, generator=torch.Generator().manual_seed(2))
    moved = attack(toy, EXPLAINERS["Gradient"](), x, target)
    assert (moved - x).abs().max() <= attack.ball.eps + 1e-6 and moved.min() >= 0 and moved.max() <= 1


@pytest.mark.parametrize("cls", DATASETS.values(), ids=DATASETS)
def test_a_collection_opens_by_name_and_refuses_strangers(cls):
    pictures = cls()
    if reason := pictures.missing():
        pytest.skip(reason)
    first, last = pictures.names()[0], pictures.names()[-1]
    for name in (first, last):
        assert min(pictures.open(name).size) >= 28 and pictures.label(name)
    for stranger in ("", "../../etc/passwd", "/etc/passwd", f"../{first}", f"./{first}", "-1", str(10**9)):
        for ask in (pictures.open, pictures.label):
            with pytest.raises(KeyError):
                ask(stranger)


@pytest.mark.parametrize("cls", DATASETS.values(), ids=DATASETS)
def test_a_collection_says_whom_to_credit_and_where_it_can_be_fetched(cls):
    assert cls().credit.endswith(".") and bool(cls.host) == hasattr(cls, "fetch")
    assert cls.channels in (1, 3) and (not cls().missing() or cls().missing().endswith("."))


@pytest.mark.parametrize("name", MODELS)
def test_a_model_takes_pixels_and_gives_one_logit_per_class(name):
    source = MODELS[name]
    if reason := source.missing():
        pytest.skip(reason)
    classifier = source.load()
    assert not classifier.net.training and classifier.size == source.size and len(source.digest) == 64
    with torch.no_grad():
        assert classifier.net(torch.rand(2, *source.size)).shape == (2, len(classifier.classes))


@pytest.mark.parametrize("name", [n for n in MODELS if "Twin" in n])
def test_a_twin_knows_what_its_card_says(name):
    from attrcore.models.loaded import loaded
    from attrcore.studies.running import predictions
    from attrcore.studies.twins import DIGITS, ShippedTwins

    card, net = MODELS[name].facts(), loaded(name, MODELS[name].digest).net
    learned = ShippedTwins().learned(0)[card["training"]["labels"]]
    for samples, key in ((learned, "training_accuracy"), (DIGITS.measured(), "test_accuracy")):
        measured = (predictions(net, samples.images) == samples.labels).double().mean().item()
        assert measured == pytest.approx(card["numbers"][key]["share"], abs=2e-3)  # other processors round otherwise
    assert card["numbers"]["training_accuracy"]["share"] >= 0.95


@needs("mnist")
@pytest.mark.parametrize("name", [n for n in MODELS if "MNIST" in n])
def test_a_shipped_network_is_as_good_as_its_card_says(name):
    from attrcore.data.mnist import mnist
    from attrcore.studies.running import predictions

    card, test = MODELS[name].facts()["numbers"], mnist(train=False)
    measured = (predictions(MODELS[name].load().net, test.images) == test.labels).double().mean().item()
    assert measured == pytest.approx(card["test_accuracy"]["share"], abs=3e-4)  # other processors round otherwise
    assert measured >= {"MNIST MLP": 0.98}.get(name, 0.99)
