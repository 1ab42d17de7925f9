"""The pages Labels, Classes and Shift in a real browser."""

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Server, idle, serious

METHODS = ["Gradient", "Gradient x Input"]
SMALL = {
    "labels": {"labels.count": 6, "labels.network": "MLP", "labels.methods": METHODS},
    "classes": {"classes.count": 3, "classes.methods": METHODS},
    "randomise": {"randomise.count": 2, "randomise.seeds": 2, "randomise.methods": METHODS, "Selection.seed": 12},
    "shift": {},
}


def opened(page, server, name, **choices):
    page.goto(f"{server.url}/{name}?{urlencode({**SMALL[name], **choices}, doseq=True)}")
    expect(page.get_by_role("heading", name=name.title(), exact=True)).to_be_visible(timeout=90_000)
    idle(page)


def done(page, server, name, **choices):
    """The page with all that it finds."""
    opened(page, server, name, **choices)
    start = page.get_by_role("button", name="Start", exact=True)
    if start.count():
        start.click()
    last = page.get_by_text("What to conclude.") if name == "shift" else page.get_by_text(re.compile("^Made by "))
    expect(last).to_be_visible(timeout=120_000)
    idle(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["labels", "classes", "shift", "randomise"])
def test_it_is_accessible_in_both_themes_and_on_a_phone(browser, server, name, scheme):
    for width in (390, 1280):
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
        page = context.new_page()
        done(page, server, name)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert not serious(page)
        context.close()


def test_twins_are_watched_while_they_learn_and_can_be_cancelled(quiet, server):
    opened(
        quiet, server, "labels", **{"labels.twins": "a pair trained anew", "labels.digits": 500, "labels.epochs": 300}
    )
    quiet.get_by_role("button", name="Start", exact=True).click()
    stage = quiet.locator(".theatre[data-step]")
    expect(stage).to_be_visible(timeout=60_000)
    expect(quiet.locator('.theatre[data-step="0"]')).to_have_count(0, timeout=60_000)  # it goes on
    quiet.get_by_role("button", name="Cancel").click()
    expect(quiet.get_by_text("It was cancelled.")).to_be_visible(timeout=30_000)
    expect(quiet.get_by_role("button", name="Go on")).to_be_visible(timeout=30_000)
    expect(stage).to_be_visible()  # what was seen stays


def test_the_slider_of_classes_walks_to_the_least_probable(quiet, server):
    done(quiet, server, "classes")
    slider = quiet.get_by_role("slider", name="Class")
    slider.focus()
    slider.press("End")
    assert slider.get_attribute("aria-valuetext") == "the 10th class explained"


def test_a_ghost_is_drawn_by_what_multiplies_by_the_input_and_another_is_drawn_at_once(quiet, server):
    done(quiet, server, "shift")
    maps = quiet.get_by_role("img", name=re.compile("^Gradient x Input"))
    before = maps.nth(1).get_attribute("src")
    ghost = quiet.get_by_label("Ghost (0 to 4999)")
    ghost.fill("3000")
    ghost.press("Enter")
    expect(maps.nth(1)).not_to_have_attribute("src", before, timeout=30_000)
    expect(quiet).to_have_url(re.compile("shift.ghost=3000"))


def test_a_finished_walk_is_found_again_by_another_server(quiet, server, tmp_path):
    done(quiet, server, "randomise")
    address = quiet.url.removeprefix(server.url)
    other = Server(tmp_path / "log")
    try:
        quiet.goto(other.url + address)
        expect(quiet.get_by_role("heading", name="Film strip")).to_be_visible(timeout=90_000)
        assert quiet.get_by_role("button", name="Start", exact=True).count() == 0
    finally:
        other.stop()
