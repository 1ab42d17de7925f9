import contextvars

import numpy as np
import pytest
import torch

from attrcore import quick
from attrcore.balls import Linf
from attrcore.batches import Abandoned
from attrcore.data.digits import PackagedDigits
from attrcore.data.fit import fit
from attrcore.explain import EXPLAINERS
from attrcore.kinds import Refused
from attrcore.models import MODELS
from attrcore.models.loaded import for_maps

CNN = MODELS["MNIST CNN"]
DIGIT = fit(PackagedDigits().open("7"), CNN.size, CNN.resize)


def test_a_digit_is_recognised():
    chances, logits = quick.predict("MNIST CNN", CNN.digest, DIGIT)
    assert np.allclose(np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum(), chances, atol=1e-6)
    assert chances.shape == (10,) and chances.argmax() == 7 and chances.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", EXPLAINERS)
def test_an_answer_is_what_the_explainer_gives_here(name):
    method = EXPLAINERS[name]()
    drawn = quick.explain("MNIST CNN", CNN.digest, DIGIT, 7, method.to_dict())
    x = torch.from_numpy(DIGIT)[None] / 255
    expected = method(for_maps(CNN.load().net), x, torch.tensor([7]))[0].numpy()
    assert drawn.attribution.dtype == np.float32 and np.array_equal(drawn.attribution, expected)
    assert drawn.checks and drawn.seconds > 0


def test_without_a_class_the_predicted_one_is_explained():
    settings = EXPLAINERS["Gradient"]().to_dict()
    named, predicted = (quick.explain("MNIST CNN", CNN.digest, DIGIT, t, settings) for t in (7, None))
    assert predicted.target == 7 and np.array_equal(named.attribution, predicted.attribution)


def test_a_method_that_the_network_cannot_have_is_refused():
    with pytest.raises(Refused, match="no convolutional feature map"):
        quick.explain("MNIST MLP", MODELS["MNIST MLP"].digest, DIGIT, 7, EXPLAINERS["Grad-CAM"]().to_dict())


def test_settings_that_describe_no_explainer_are_refused():
    with pytest.raises(ValueError, match="settings must describe an explainer, got Linf"):
        quick.explain("MNIST CNN", CNN.digest, DIGIT, 7, Linf().to_dict())


def test_weights_that_were_exchanged_are_refused():
    with pytest.raises(Refused, match="The weights of MNIST CNN were exchanged while you looked at it"):
        quick.predict("MNIST CNN", "0" * 64, DIGIT)


def test_the_callers_image_is_left_alone():
    frozen = DIGIT.copy()
    frozen.setflags(write=False)
    quick.predict("MNIST CNN", CNN.digest, frozen)
    assert np.array_equal(frozen, DIGIT)


def test_a_worker_wakes_up_by_drawing():
    quick.dask_setup(None)
    assert quick.loaded.cache_info().currsize


@pytest.mark.parametrize("name", ["Gradient", "Integrated Gradients", "SmoothGrad", "Occlusion", "DeepLIFT"])
def test_a_map_that_nobody_wants_any_more_is_not_finished(name, monkeypatch):
    monkeypatch.setattr(quick, "still_wanted", lambda: False)
    context = contextvars.copy_context()
    with pytest.raises(Abandoned):
        context.run(quick.explain, "MNIST CNN", CNN.digest, DIGIT, 7, EXPLAINERS[name]().to_dict())


def test_outside_a_worker_every_result_is_wanted():
    assert quick.still_wanted()
