"""How tests drive the components: one is opened by itself, and what Python has of it is read off the page."""

import json

from playwright.sync_api import expect

from tests.browser.conftest import idle

SEVEN = [(0.25, 0.25), (0.7, 0.25), (0.45, 0.85)]  # a line through these points


SURFACES = {"theatre": ".theatre[data-step]", "swipe": ".swipe"}  # the others are applications to screen readers


def opened(page, parts, part):
    """`part` may bring choices along: `mask&how=box`."""
    page.goto(f"{parts.url}/?part={part}")
    expect(page.locator(SURFACES.get(part.split("&")[0], "[role=application]"))).to_be_visible(timeout=60_000)
    idle(page)


def said(page, when=lambda facts: True):
    """What Python has, once it is as `when` wants it."""
    for _ in range(100):
        idle(page)
        facts = json.loads(page.get_by_test_id("stCode").inner_text())
        if when(facts):
            return facts
        page.wait_for_timeout(50)
    raise AssertionError(facts)


def draw(page, *points):
    """A line through points, each as a share of the surface."""
    page.get_by_role("application").scroll_into_view_if_needed()
    box = page.get_by_role("application").bounding_box()
    for i, (x, y) in enumerate(points):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=5)
        if not i:
            page.mouse.down()
    page.mouse.up()
