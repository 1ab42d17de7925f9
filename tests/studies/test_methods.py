import pytest

from attrcore.explain import EXPLAINERS
from attrcore.explain.cgi import CGI
from attrcore.explain.integrated_gradients import IntegratedGradients
from attrcore.explain.smoothgrad import SmoothGrad
from attrcore.kinds import Refused
from attrcore.studies import methods


def test_no_name_of_the_menu_has_what_stands_between_names():
    assert not [name for name in EXPLAINERS if set(name) & set(",()")]
    assert list(methods.usual(", ".join(EXPLAINERS))) == list(EXPLAINERS) == methods.named(", ".join(EXPLAINERS))


def test_settings_stand_in_brackets_and_titles_are_as_written():
    found = methods.usual("Gradient, SmoothGrad (samples 50, noise 0.15) , Integrated Gradients(steps 20)")
    assert list(found) == ["Gradient", "SmoothGrad (samples 50, noise 0.15)", "Integrated Gradients (steps 20)"]
    assert found["SmoothGrad (samples 50, noise 0.15)"] == SmoothGrad(samples=50, noise=0.15)
    assert found["Integrated Gradients (steps 20)"] == IntegratedGradients(steps=20)


def test_one_method_may_stand_there_with_several_settings():
    found = methods.usual("SmoothGrad, SmoothGrad (samples 5)", competition=True)
    assert list(found) == [
        "SmoothGrad",
        "SmoothGrad with CGI",
        "SmoothGrad (samples 5)",
        "SmoothGrad (samples 5) with CGI",
    ]
    assert found["SmoothGrad (samples 5) with CGI"] == CGI(of=SmoothGrad(samples=5))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("Magic", "there is no 'Magic'"),
        ("Gradient, Gradient", "one stands there twice"),
        ("", "there is no"),
        ("SmoothGrad (samples many)", "samples must be of type int, got 'many'"),
        ("SmoothGrad (samples 0)", r"must be in \[1, 500\]"),
        ("SmoothGrad (wings 2)", "has the settings samples, noise, seed; there is no 'wings'"),
        ("Gradient (steps 2)", r"has the settings \(none\)"),
        ("Integrated Gradients (baseline black)", "there is no 'baseline'"),
        ("SmoothGrad (samples 5", "with settings in brackets"),
        ("Gradient) x", "with settings in brackets"),
    ],
)
def test_what_is_no_method_is_refused_in_a_sentence(said, why):
    with pytest.raises(Refused, match=why):
        methods.usual(said)
