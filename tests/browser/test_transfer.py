"""The page Transfer in a real browser."""

import csv
import re
from io import StringIO
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from attrcore import kept, store
from attrcore.studies.transfer import Transfer
from tests.browser.conftest import idle, serious

SMALL = {"transfer.count": 2, "steps": 2, "transfer.attacked": ["Gradient", "Occlusion"],
         "transfer.explained": ["Gradient", "Grad-CAM", "Sobel edges"]}  # fmt: skip


def opened(page, server, **choices):
    page.goto(f"{server.url}/transfer?{urlencode(choices, doseq=True)}")
    expect(page.get_by_role("heading", name="Transfer", exact=True)).to_be_visible(timeout=90_000)
    idle(page)


def done(page, server, **choices):
    """The page with a study that is done; its key."""
    opened(page, server, **SMALL, **choices)
    start = page.get_by_role("button", name="Start", exact=True)
    if start.count():
        start.click()
    expect(page.get_by_text(re.compile("^Made by "))).to_be_visible(timeout=120_000)
    idle(page)
    return next(entry.key for entry in store.listed() if entry.kind == Transfer.__name__ and entry.state == "done")


def cell(page, name):
    return page.get_by_role("button", name=re.compile(f"^{name}: "))


def test_it_fills_while_it_runs_and_shows_the_maps_of_rows_that_are_there(quiet, server):
    choices = {"transfer.count": 3, "steps": 60, "transfer.attacked": ["Gradient", "Integrated Gradients"],
               "transfer.row": "One random change"}  # fmt: skip
    opened(quiet, server, **choices)
    quiet.get_by_role("button", name="Start", exact=True).click()
    random = cell(quiet, "One random change, seen by Gradient")
    expect(random).to_have_text(re.compile(r"^\d\.\d\d$"), timeout=90_000)
    expect(quiet.locator(".swipe")).to_be_visible(timeout=30_000)
    expect(cell(quiet, "Attack on Integrated Gradients, seen by Gradient")).to_have_text("")
    expect(quiet.get_by_text(re.compile("^Made by "))).to_have_count(0)
    random.focus()
    quiet.get_by_role("button", name="Cancel").click()
    expect(quiet.get_by_text("It was cancelled.")).to_be_visible(timeout=60_000)
    expect(random).to_be_visible()  # what it found stays


def test_a_cell_is_chosen_by_click_by_key_and_by_menu_and_a_link_holds_it(quiet, server, browser):
    key = done(quiet, server)
    n = kept.result(key).numbers
    cell(quiet, "Attack on Gradient, seen by Grad-CAM").click()
    shown = quiet.get_by_text("Attack on Gradient, seen by Grad-CAM", exact=True)
    expect(shown).to_be_visible(timeout=15_000)
    expect(quiet.get_by_role("row", name="Kendall")).to_contain_text(f"{n['likeness']['Kendall']['mean'][0][1]:.2f}")
    expect(cell(quiet, "Attack on Gradient, seen by Grad-CAM")).to_have_attribute("aria-pressed", "true")
    idle(quiet)
    other = cell(quiet, "One random change, seen by Sobel edges")
    other.focus()
    quiet.keyboard.press("Enter")
    expect(quiet.get_by_text("One random change, seen by Sobel edges", exact=True)).to_be_visible(timeout=15_000)
    expect(other).to_be_focused()
    expect(quiet).to_have_url(re.compile("transfer.row=One"))
    idle(quiet)
    fresh = browser.new_context().new_page()
    fresh.goto(quiet.url)
    expect(fresh.get_by_text("One random change, seen by Sobel edges", exact=True)).to_be_visible(timeout=60_000)
    fresh.context.close()
    quiet.get_by_text("difference to random").click()
    expect(other).to_have_text("+0.00", timeout=15_000)
    expect(quiet.get_by_role("row", name="Occlusion").first).to_contain_text("has no derivative")
    with quiet.expect_download() as file:
        quiet.get_by_role("button", name="Every cell (.csv)").click()
    assert len(list(csv.DictReader(StringIO(file.value.path().read_text())))) == 5 * 3 * 5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_in_both_themes_and_on_a_phone(browser, server, scheme):
    for width in (390, 1280):
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
        page = context.new_page()
        done(page, server, **{"transfer.numbers": "difference to random"} if width == 390 else {})
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert not serious(page)
        context.close()
