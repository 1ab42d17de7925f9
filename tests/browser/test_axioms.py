import re
import time

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import idle, serious, watched

TABS = ("Sensitivity", "Implementation invariance", "Completeness", "Linearity")
ADDRESSES = [*({"axiom": name} for name in TABS), {"axiom": TABS[1], "axioms.on": "digits"}]


def opened(page, server, address):
    query = "&".join(f"{k}={v.replace(' ', '+')}" for k, v in address.items())
    page.goto(f"{server.url}/axioms?{query}")
    expect(page.get_by_role("heading", name="Axioms")).to_be_visible(timeout=90_000)
    expect(page.get_by_text("What to conclude.")).to_be_visible(timeout=90_000)
    idle(page)


def row(page, method):
    return page.get_by_role("row").filter(has=page.get_by_role("cell", name=method, exact=True))


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda a: a.get("axioms.on") or a["axiom"])
def test_a_cold_link_opens_each_axiom(quiet, server, address):
    opened(quiet, server, address)
    expect(row(quiet, "Integrated Gradients")).to_contain_text("✓ kept")
    expect(row(quiet, "Guided Backprop")).to_contain_text("✗ not kept")
    expect(quiet.get_by_role("tab", name=address["axiom"])).to_have_attribute("aria-selected", "true")


def test_a_slider_moves_the_numbers_at_once(quiet, server):
    opened(quiet, server, {"axiom": TABS[0], "axioms.x": "0.99"})
    expect(row(quiet, "Gradient")).to_contain_text("1.000")
    slider = quiet.get_by_role("slider")
    slider.focus()
    start = time.perf_counter()
    slider.press("ArrowRight")
    expect(row(quiet, "Gradient")).to_contain_text("0.000")
    assert time.perf_counter() - start < 2  # 0.2 s on an idle machine
    expect(quiet).to_have_url(re.compile(r"axioms\.x=1(\.0)?(&|$)"))


def test_a_copied_link_restores_the_screen(quiet, server, browser):
    opened(quiet, server, {"axiom": TABS[0]})
    quiet.get_by_role("tab", name="Linearity").click()
    expect(row(quiet, "CGI")).to_contain_text("✗ not kept", timeout=60_000)
    slider = quiet.get_by_role("slider")
    slider.focus()
    for _ in range(3):
        slider.press("ArrowRight")
    expect(quiet.get_by_text("F = 0.5 x MNIST CNN + 0.5 x MNIST MLP")).to_be_visible()
    expect(row(quiet, "Guided Backprop")).to_contain_text("✓ kept")
    idle(quiet)
    fresh = browser.new_context().new_page()
    bad = watched(fresh)
    fresh.goto(quiet.url)
    expect(fresh.get_by_text("F = 0.5 x MNIST CNN + 0.5 x MNIST MLP")).to_be_visible(timeout=60_000)
    idle(fresh)
    assert not bad
    fresh.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", ADDRESSES, ids=lambda a: a.get("axioms.on") or a["axiom"])
def test_it_is_accessible_in_both_themes_and_fits_a_phone(browser, server, scheme, address):
    for width, height in ((390, 844), (1280, 900)):
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height})
        page = context.new_page()
        opened(page, server, address)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        main = page.get_by_test_id("stMain")
        assert main.evaluate("e => e.scrollWidth <= e.clientWidth")
        assert not serious(page)
        context.close()
