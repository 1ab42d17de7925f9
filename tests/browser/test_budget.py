"""The page Budget in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import idle, serious

SMALL = "?budget.count=2&budget.levels=4+40&budget.steps=4&budget.size=10"


def opened(page, server, query=""):
    page.goto(f"{server.url}/budget{query}")
    expect(page.get_by_role("heading", name="Budget")).to_be_visible(timeout=90_000)
    idle(page)


def started(page):
    """Have the study run, unless it is done already."""
    button = page.get_by_role("button", name="Start", exact=True)
    if button.count():
        button.click()
    expect(page.get_by_text("Made by")).to_be_visible(timeout=120_000)
    idle(page)


def test_points_come_while_it_runs_and_stay_after_a_reload(quiet, server):
    opened(quiet, server, SMALL.replace("steps=4", "steps=12"))
    expect(quiet.locator(".js-plotly-plot")).to_have_count(0)
    quiet.get_by_role("button", name="Start", exact=True).click()
    expect(quiet.get_by_text(re.compile("^Under way: "))).to_be_visible(timeout=60_000)
    expect(quiet.locator(".js-plotly-plot")).to_have_count(7, timeout=60_000)
    expect(quiet.get_by_role("button", name="Cancel")).to_be_visible()  # and it is not over
    expect(quiet.get_by_text("Made by")).to_be_visible(timeout=120_000)
    expect(quiet.get_by_text(re.compile("^Under way: "))).to_have_count(0)
    quiet.reload()
    expect(quiet.get_by_text("Made by")).to_be_visible(timeout=60_000)
    expect(quiet.locator(".js-plotly-plot")).to_have_count(7)
    with quiet.expect_download() as file:
        quiet.get_by_role("button", name="Numbers (.csv)").click()
    assert file.value.path().read_text().count("\n") == 1 + 7 * 4 * 2


def test_what_theirs_is_can_be_read_and_theirs_stand_beside(quiet, server):
    opened(quiet, server, SMALL)
    quiet.get_by_role("button", name="What theirs is").click()
    expect(quiet.get_by_text("worst of 300 points of a random walk")).to_be_visible()
    quiet.keyboard.press("Escape")
    expect(quiet.locator(".js-plotly-plot")).to_have_count(0)
    quiet.get_by_text("Beside it: figure 3").click()
    expect(quiet.locator(".js-plotly-plot")).to_have_count(2)
    expect(quiet.locator(".js-plotly-plot .scatterlayer .trace path.point[d]").nth(20)).to_be_visible()
    expect(quiet).to_have_url(re.compile("budget.theirs=true"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_in_both_themes_and_on_a_phone(browser, server, scheme):
    for width in (390, 1280):
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
        page = context.new_page()
        opened(page, server, SMALL)
        started(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert not serious(page)
        context.close()
