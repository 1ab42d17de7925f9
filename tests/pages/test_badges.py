"""What badges say, and in which colour."""

import pytest

from attrcore.explain import EXPLAINERS
from attrcore.explain.validity import LAWS, Check
from pages.parts.badges import LAWS as WORDS
from pages.parts.badges import advice, found
from pages.parts.show import badges

FIRST = Check("finite", True, "finite, not zero", "")


@pytest.mark.parametrize(
    ("law", "holds", "figure", "words", "colour"),
    [("completeness", True, "sum gap 0.057 %", "sum kept, 0.057 % off", "blue"),
     ("completeness", True, "sum gap below 0.01 %", "sum kept, below 0.01 % off", "blue"),
     ("completeness", False, "sum gap 17 %, bound 5 %", "sum broken, 17 % off", "red"),
     ("completeness", False, "sum gap over 1000 %, bound 5 %", "sum broken, over 1000 % off", "red"),
     ("completeness", False, "image = baseline", "broken: image = baseline", "red"),
     ("conservation", True, "keeps 99 %", "score kept, 99 % arrives", "blue"),
     ("conservation", False, "keeps -30 %, bound 95 %", "score not kept, -30 % arrives", "red"),
     ("differs from the gradient", True, "cosine 0.03 to gradient", "differs from the gradient", "blue"),
     ("differs from the gradient", False, "cosine 1.00 to gradient", "same as the gradient", "red"),
     ("differs from the gradient", False, "other scores", "broken: other scores", "red"),
     ("settled", True, "seed noise 2.9 %", "random part 2.9 %", "blue"),
     ("settled", True, "seed noise 44 %", "random part 44 %", "orange"),
     ("settled", False, "seed noise 68 %, bound 50 %", "mostly random, 68 %", "red")],
)  # fmt: skip
def test_a_law_is_said_in_words_and_no_colour_praises_a_map(law, holds, figure, words, colour):
    (badge,) = found([FIRST, Check(law, holds, figure, "The numbers.")])
    assert (badge.words, badge.colour) == (words, colour)
    assert "The numbers." in badge.help and "What this does not say" in badge.help


def test_where_there_is_no_law_a_control_map_is_told_from_a_method():
    assert badges([FIRST]) == badges([FIRST], EXPLAINERS["Gradient"]()) == ":gray-badge[nothing to check]"
    assert badges([FIRST], EXPLAINERS["Sobel edges"]()) == ":gray-badge[control map]"
    assert badges([Check("not zero", False, "all zero", "")]) == ":red-badge[broken: all zero]"


def test_every_law_of_the_gate_has_its_words():
    assert WORDS.keys() == LAWS.keys()


def noisy(percent):
    return [FIRST, Check("settled", percent <= 50, f"seed noise {percent} %", "")]


def test_much_chance_comes_with_what_to_do():
    smooth = EXPLAINERS["SmoothGrad"]
    assert advice([FIRST], smooth()) == advice(noisy(20), smooth()) == ""
    assert advice(noisy(50), smooth(samples=25)) == "20 % takes about 100 samples."
    assert advice(noisy(96), smooth(samples=25)) == "Even 500 samples leave about 55 %."
    assert advice(noisy(100), smooth()) == "More samples lower it."
    assert advice(noisy(50), EXPLAINERS["DeepLIFT-SHAP"]()) == "20 % takes about 80 background images."
    assert "background" in advice(noisy(50), EXPLAINERS["Expected Gradients"]())
    assert advice(noisy(30), EXPLAINERS["LIME"]()) == "More samples lower it."


@pytest.mark.parametrize("error", [9.0, 50.0])
def test_the_advised_number_of_samples_does_what_is_said(error):
    """A map of n draws holds a signal of squared length 1 and a squared error of `error` / n, in its own length too."""

    def share(n):
        return error / n / (1 + error / n)

    checks = [FIRST, Check("settled", True, f"seed noise {100 * share(25):.1f} %", "")]
    said = advice(checks, EXPLAINERS["SmoothGrad"]())
    enough = int(said.removeprefix("20 % takes about ").removesuffix(" samples."))
    assert share(enough) == pytest.approx(0.2, abs=0.01)


def test_settings_that_are_no_draw_ask_for_another_seed():
    assert advice(noisy(60), EXPLAINERS["Gradient"]()) == "Another seed gives another map."
