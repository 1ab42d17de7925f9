"""The page Axioms, driven without a browser but with the real engine."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from attrcore import jobs
from tests.pages.reading import tables

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "pages" / "explore" / "axioms.py"
TABS = ("Sensitivity", "Implementation invariance", "Completeness", "Linearity")


@pytest.fixture(scope="module", autouse=True)
def engine():
    yield jobs.engine()
    jobs.close()


def opened(**address):
    at = AppTest.from_file(PAGE, default_timeout=120)
    for key, value in address.items():
        at.query_params[key] = value
    return at.run()


def text(at):
    return "\n".join(e.value for e in (*at.markdown, *at.caption))


def rows(at):
    """The table: method -> its row."""
    return {row[0]: row[1:] for row in tables(at)[0].values.tolist()}


def asked(monkeypatch):
    """Names of the questions that the engine gets from here on."""
    submit, names = jobs.Engine.submit, []
    monkeypatch.setattr(jobs.Engine, "submit", lambda self, f, args: names.append(f.__name__) or submit(self, f, args))
    return names


@pytest.mark.parametrize("name", TABS)
def test_each_axiom_opens_by_its_link_with_words_a_formula_and_verdicts(name):
    at = opened(axiom=name)
    assert not at.exception and not at.error
    assert len(at.latex) == 1 and "What to conclude." in text(at) and len(tables(at)) == 1
    assert {row[0] for row in rows(at).values()} == {"✓ kept", "✗ not kept"}


@pytest.mark.parametrize(
    ("name", "questions"), list(zip(TABS, ({"curves"}, {"ways"}, {"summed"}, {"mixed"}), strict=True)), ids=TABS
)
def test_a_hidden_tab_computes_nothing(monkeypatch, name, questions):
    jobs.engine().answers.clear()
    names = asked(monkeypatch)
    assert not opened(axiom=name).exception and set(names) == questions


def test_the_menu_has_it():
    at = AppTest.from_file(ROOT / "pages" / "frame.py", default_timeout=120).run()
    assert not at.exception and at.title[0].value == "See"
    assert '"Axioms"' in (ROOT / "pages" / "frame.py").read_text()


def test_a_slider_moves_the_numbers_and_computes_nothing(monkeypatch):
    at = opened()
    assert rows(at)["Gradient"][1] == "0.000" and rows(at)["DeepLIFT"][1] == "1.000"
    names = asked(monkeypatch)
    at.slider(key="axioms.x").set_value(0.5).run()
    assert rows(at)["Gradient"][1] == "1.000" and rows(at)["DeepLIFT"][1] == "0.500" and not names
    assert "At x = 0.50 the score is **0.50**" in text(at)


def test_the_pair_follows_its_sliders(monkeypatch):
    at = opened(axiom=TABS[1])
    assert "relu(relu(x₁ - 1) - relu(x₂)) = **1**" in text(at)
    names = asked(monkeypatch)
    at.slider(key="axioms.x2").set_value(0.25).run()
    assert "relu(relu(x₁ - 1) - relu(x₂)) = **1.75**" in text(at) and not names
    assert rows(at)["Guided Backprop"] == ["✗ not kept", "0", "1"] and rows(at)["Integrated Gradients"][0] == "✓ kept"


def test_the_twin_on_a_digit():
    at = opened(**{"axiom": TABS[1], "axioms.on": "digits", "no.Packaged digits": "3", "axioms.twin": "LRP (z+)"})
    assert not at.exception and "**LRP (z+), twin**" in text(at)
    assert rows(at)["DeepLIFT"][0] == "✗ not kept" and rows(at)["Integrated Gradients"][0] == "✓ kept"


def test_the_weight_decides_over_guided_backprop(monkeypatch):
    at = opened(axiom=TABS[3])
    assert rows(at)["Guided Backprop"][0] == "✗ not kept"
    names = asked(monkeypatch)
    at.select_slider(key="axioms.w").set_value(0.5).run()
    assert rows(at)["Guided Backprop"][0] == "✓ kept" and rows(at)["CGI"][0] == "✗ not kept" and not names
    assert "F = 0.5 x MNIST CNN + 0.5 x MNIST MLP" in text(at)


def test_a_link_restores_every_choice():
    at = opened(**{"axiom": TABS[2], "no.Packaged digits": "13", "axioms.model": "MNIST MLP"})
    assert at.number_input[0].value == 13 and at.selectbox(key="axioms.model").value == "MNIST MLP"
    assert rows(at)["Evenly spread (control)"][0] == "✓ kept"


@pytest.mark.parametrize("address", [{"axiom": "nonsense"}, {"axioms.x": "99"}, {"axioms.x": "x"}])
def test_a_link_with_nonsense_opens_with_defaults(address):
    at, plain = opened(**address), opened()
    assert not at.exception and not at.error and text(at) == text(plain) and rows(at) == rows(plain)


def test_the_page_process_runs_no_network(monkeypatch):
    monkeypatch.setattr("torch.nn.Module.__call__", lambda *args: pytest.fail("a network ran beside the page"))
    for name in TABS:
        assert not opened(**{"axiom": name, "no.Packaged digits": "888"}).exception
