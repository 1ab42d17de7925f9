"""The address and the browser's history."""

import json
import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import idle
from tests.browser.test_see import map_of, opened


def to(page, title):
    page.get_by_test_id("stSidebar").get_by_role("link", name=title, exact=True).click()
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible(timeout=60_000)
    idle(page)


def test_back_is_one_step_and_finds_the_page_as_it_was(quiet, server):
    opened(quiet, server, "?model=MNIST+MLP&maps=Gradient&no.Packaged+digits=4")
    entries = quiet.evaluate("history.length")
    to(quiet, "Path")
    to(quiet, "See")
    expect(map_of(quiet, "Gradient")).to_be_visible(timeout=30_000)
    assert quiet.evaluate("history.length") == entries + 2
    expect(quiet).to_have_url(re.compile("no.Packaged"))
    quiet.go_back()
    expect(quiet.get_by_role("heading", name="Path", exact=True)).to_be_visible(timeout=30_000)
    idle(quiet)
    quiet.go_back()
    expect(map_of(quiet, "Gradient")).to_be_visible(timeout=30_000)
    idle(quiet)
    assert quiet.get_by_label("Picture (0 to 4999)").input_value() == "4" and "maps=Gradient" in quiet.url
    expect(map_of(quiet, "SmoothGrad")).to_have_count(0)
    assert quiet.evaluate("history.length") == entries + 2


def test_on_a_phone_the_menus_of_the_sidebar_are_equally_wide(browser, server):
    page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    opened(page, server, "?maps=Gradient")
    page.get_by_test_id("stExpandSidebarButton").click()
    boxes = page.get_by_test_id("stSidebar").get_by_test_id("stSelectbox")
    expect(boxes).to_have_count(3)
    expect(boxes.first).to_be_visible()
    assert len(set(boxes.evaluate_all("boxes => boxes.map((box) => box.offsetWidth)"))) == 1  # while the drawer opens
    page.context.close()


def test_the_settings_hold_the_address(quiet, server):
    opened(quiet, server, "?maps=Gradient")
    number = quiet.get_by_label("Picture (0 to 4999)")
    number.fill("5")
    number.press("Enter")
    expect(quiet.get_by_text("5 · 28 x 28 px")).to_be_visible()
    idle(quiet)
    with quiet.expect_download() as waiting:
        quiet.get_by_role("button", name="Settings (.json)").click()
    assert json.loads(Path(waiting.value.path()).read_text())["link"] == quiet.url.replace("/?", "?")


def test_a_drawn_digit_is_not_in_the_address_and_the_page_says_so(quiet, server):
    opened(quiet, server, "?pictures1=A+digit+you+draw&maps=Gradient")
    box = quiet.locator("canvas").first.bounding_box()
    quiet.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 5)
    quiet.mouse.down()
    quiet.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.8, steps=8)
    quiet.mouse.up()
    expect(quiet.get_by_text("it holds every choice but what you drew, which stays in this")).to_be_visible()
