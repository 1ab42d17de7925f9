"""Two pictures, one over the other, in a real browser."""

import time
from itertools import pairwise

import pytest
from playwright.sync_api import expect

from tests.browser.components.driver import opened, said

CUT = "e => parseFloat(getComputedStyle(e).clipPath.split(' ')[1])"  # % of the left picture that is hidden


def divider(page):
    return page.get_by_role("slider", name="Divider")


def hidden(page):
    return page.locator(".swipe .above").evaluate(CUT)


def test_the_divider_follows_the_mouse_and_the_keys(quiet, parts):
    opened(quiet, parts, "swipe")
    assert hidden(quiet) == 50
    box = quiet.locator(".swipe .view").bounding_box()
    quiet.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 50)
    quiet.mouse.down()
    assert hidden(quiet) == pytest.approx(80, abs=0.5)
    quiet.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 80, steps=3)
    quiet.mouse.up()
    quiet.mouse.move(box["x"], box["y"])
    assert hidden(quiet) == pytest.approx(10, abs=0.5)
    for key, place in (("Home", 0), ("ArrowRight", 1), ("Shift+ArrowRight", 11), ("ArrowLeft", 10), ("End", 100),
                       ("ArrowRight", 100), ("PageDown", 90)):  # fmt: skip
        divider(quiet).press(key)
        assert (
            hidden(quiet) == pytest.approx(100 - place) and divider(quiet).get_attribute("aria-valuenow") == f"{place}"
        )
    quiet.get_by_role("button", name="Run again").click()
    said(quiet, lambda facts: facts["runs"] == 2)
    assert hidden(quiet) == pytest.approx(10)


def test_left_and_right_of_the_divider_are_the_two_pictures(quiet, parts):
    opened(quiet, parts, "swipe")
    expect(quiet.get_by_text("Attacked <img src=x onerror=alert(1)>")).to_be_visible()
    left, right = (quiet.locator(f".swipe .{name}").get_attribute("alt") for name in ("above", "below"))
    assert left == "Clean" and right.startswith("Attacked")
    across = quiet.locator(".swipe .divider").bounding_box()
    view = quiet.locator(".swipe .view").bounding_box()
    assert across["x"] + across["width"] / 2 == pytest.approx(view["x"] + view["width"] / 2, abs=1)


def test_blinking_shows_one_whole_picture_after_the_other_until_it_is_stopped(quiet, parts):
    opened(quiet, parts, "swipe")
    blink = quiet.get_by_role("button", name="Blink")
    blink.click()
    seen, start = [], time.monotonic()
    for _ in range(40):
        seen.append(hidden(quiet))
        quiet.wait_for_timeout(50)
    turns = sum(a != b for a, b in pairwise(seen))
    assert set(seen) == {0, 100} and 2 <= turns <= 1 + (time.monotonic() - start) / 0.6
    expect(quiet.locator(".swipe .titles .shown")).to_have_count(1)
    expect(divider(quiet)).to_be_hidden()
    blink.click()
    assert hidden(quiet) == 50
    quiet.wait_for_timeout(700)
    assert hidden(quiet) == 50


def test_a_finger_moves_the_divider(browser, parts):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    opened(page, parts, "swipe")
    box = page.locator(".swipe .view").bounding_box()
    page.touchscreen.tap(box["x"] + 0.25 * box["width"], box["y"] + 100)
    assert hidden(page) == pytest.approx(75, abs=0.5)
    context.close()
