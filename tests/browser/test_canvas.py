"""The painting surface in a real browser, with what Python gets from it."""

import numpy as np
import pytest
import torch
from playwright.sync_api import expect

from attrcore.models import MODELS
from tests.browser.components.driver import SEVEN, draw, opened, said
from tests.browser.conftest import idle


def painted(page):
    return said(page, lambda facts: facts["pixels"])


def emptied(page):
    return said(page, lambda facts: not facts["pixels"])


def shown(page):
    """The canvas as it is drawn now."""
    return page.locator("canvas").evaluate("c => c.toDataURL()")


def test_a_seven_drawn_by_mouse_is_a_seven_to_a_network_that_learned_from_mnist(quiet, parts):
    opened(quiet, parts, "digit")
    assert said(quiet)["pixels"] is None
    draw(quiet, *SEVEN)
    pixels = np.array(painted(quiet)["pixels"])
    assert pixels.shape == (28, 28) and pixels.max() == 255 and ((pixels > 0) & (pixels < 255)).any()
    with torch.no_grad():
        logits = MODELS["MNIST CNN"].load().net(torch.tensor(pixels)[None, None] / 255)
    assert logits.argmax() == 7 and logits.softmax(1).max() > 0.9


def test_a_drawing_needs_no_mouse(quiet, parts):
    opened(quiet, parts, "digit")
    pad = quiet.get_by_role("application", name="Draw a digit")
    pad.focus()
    quiet.keyboard.down("Space")
    for _ in range(8):
        quiet.keyboard.press("ArrowDown")
    quiet.keyboard.up("Space")
    rows, columns = np.nonzero(painted(quiet)["pixels"])
    assert np.ptp(rows) + 1 == 20 > 3 * np.ptp(columns)  # an upright line
    quiet.keyboard.press("Control+z")
    emptied(quiet)


def test_undo_takes_back_one_line_and_even_a_clear(quiet, parts):
    opened(quiet, parts, "digit")
    draw(quiet, (0.3, 0.2), (0.3, 0.8))
    one = painted(quiet)["pixels"]
    draw(quiet, (0.3, 0.5), (0.8, 0.5))
    two = said(quiet, lambda facts: facts["pixels"] != one)["pixels"]
    quiet.get_by_role("button", name="Clear").click()
    emptied(quiet)
    quiet.get_by_role("button", name="Undo").click()
    assert painted(quiet)["pixels"] == two
    quiet.get_by_role("button", name="Undo").click()
    said(quiet, lambda facts: facts["pixels"] == one)


def test_a_wider_pen_paints_more_and_the_eraser_less(quiet, parts):
    opened(quiet, parts, "mask")
    draw(quiet, (0.2, 0.5), (0.8, 0.5))
    narrow = painted(quiet)["pixels"]
    quiet.get_by_label("Pen width").fill("60")
    draw(quiet, (0.2, 0.5), (0.8, 0.5))
    wide = said(quiet, lambda facts: facts["pixels"] != narrow)["pixels"]
    assert wide > 2 * narrow
    quiet.get_by_role("button", name="Erase").click()
    draw(quiet, (0.1, 0.5), (0.5, 0.5))
    assert 0 < said(quiet, lambda facts: facts["pixels"] != wide)["pixels"] < 0.7 * wide


def test_a_drawing_outlives_reruns_without_flicker_and_a_while_out_of_sight(quiet, parts):
    opened(quiet, parts, "digit")
    draw(quiet, *SEVEN)
    before, canvas = painted(quiet), shown(quiet)
    quiet.get_by_role("button", name="Run again").hover()  # the pen leaves
    quiet.evaluate("""() => {
        const host = [...document.querySelectorAll('*')].find(e => e.shadowRoot?.querySelector('canvas'))
        window.touched = 0
        new MutationObserver(() => window.touched++).observe(host.shadowRoot, {subtree: true, childList: true, attributes: true})
    }""")  # noqa: E501
    quiet.get_by_role("button", name="Run again").click()
    again = said(quiet, lambda facts: facts["runs"] > before["runs"])
    assert again["pixels"] == before["pixels"] and shown(quiet) == canvas and quiet.evaluate("window.touched") == 0
    quiet.get_by_text("Hide").click()
    expect(quiet.get_by_role("application")).to_have_count(0)
    quiet.get_by_text("Hide").click()
    assert painted(quiet)["pixels"] == before["pixels"] and shown(quiet) == canvas


def test_a_mask_arrives_where_it_was_painted_and_the_picture_shows_it_at_once(quiet, parts):
    opened(quiet, parts, "mask")
    expect(quiet.get_by_text("Paint <img src=x onerror=alert(1)>")).to_be_visible()  # text, never markup
    before = shown(quiet)
    draw(quiet, (0.25, 0.5), (0.75, 0.5))
    facts = painted(quiet)
    pen = 224 // 10
    expected = [112 - pen / 2, 56 - pen / 2, 112 + pen / 2, 168 + pen / 2]
    assert facts["shape"] == [224, 224] and np.abs(np.subtract(facts["box"], expected)).max() <= 2
    assert facts["pixels"] == pytest.approx(pen * 112 + np.pi * pen**2 / 4, rel=0.05)
    assert shown(quiet) != before
    corner, middle = (
        quiet.locator("canvas").evaluate(f"c => [...c.getContext('2d').getImageData({x}, {y}, 1, 1).data]")
        for x, y in ((5, 5), (112, 112))
    )
    assert middle == [0, 0, 0, 255] and corner != middle


def test_each_picture_has_its_own_mask(quiet, parts):
    opened(quiet, parts, "mask")
    draw(quiet, (0.2, 0.2), (0.4, 0.2))
    first = painted(quiet)["box"]
    quiet.get_by_text("coffee", exact=True).click()
    emptied(quiet)
    draw(quiet, (0.6, 0.8), (0.8, 0.8))
    assert painted(quiet)["box"] != first
    quiet.get_by_text("cat", exact=True).click()
    said(quiet, lambda facts: facts["box"] == first)


def test_a_click_flips_a_whole_region_and_a_second_one_flips_it_back(quiet, parts):
    opened(quiet, parts, "mask")
    quiet.get_by_text("Regions").click()
    expect(quiet.get_by_role("button", name="Erase")).to_have_count(0)
    idle(quiet)
    quiet.mouse.move(0, 0)
    unlit = shown(quiet)
    quiet.get_by_role("application").scroll_into_view_if_needed()
    box = quiet.get_by_role("application").bounding_box()
    spot = box["x"] + 0.3 * box["width"], box["y"] + 0.6 * box["height"]
    quiet.mouse.move(*spot)
    assert shown(quiet) != unlit  # the region under the pointer lights up
    quiet.mouse.click(*spot)
    facts = painted(quiet)
    assert facts["pixels"] == 56 * 56 and facts["box"] == [112, 56, 167, 111]
    quiet.mouse.click(*spot)
    emptied(quiet)
    quiet.get_by_role("application").focus()
    quiet.keyboard.press("ArrowRight")
    quiet.keyboard.press("Space")
    assert painted(quiet)["pixels"] == 56 * 56


def test_outlines_of_regions_are_a_pixel_of_the_screen_wide_and_hide_nothing(quiet, parts):
    opened(quiet, parts, "mask")
    plain = shown(quiet)
    quiet.get_by_text("Regions").click()
    expect(quiet.get_by_role("button", name="Erase")).to_have_count(0)
    idle(quiet)
    quiet.mouse.move(0, 0)
    assert shown(quiet) == plain
    lines = quiet.locator(".paint .lines path")
    style = lines.evaluate("e => [getComputedStyle(e).strokeWidth, getComputedStyle(e).vectorEffect]")
    assert style == ["1px", "non-scaling-stroke"]
    assert lines.evaluate("e => e.getTotalLength()") == pytest.approx(2 * 3 * 224)  # 4 x 4 squares
    quiet.get_by_text("Regions").click()
    expect(quiet.get_by_role("button", name="Erase")).to_be_visible()
    assert not lines.get_attribute("d")


def test_a_finger_draws_too(browser, parts):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    opened(page, parts, "digit")
    box = page.get_by_role("application").bounding_box()
    page.touchscreen.tap(box["x"] + 100, box["y"] + 100)
    assert np.array(painted(page)["pixels"]).max() == 255
    context.close()


def spot(page, row, column):
    """Where a point of the picture, 224 pixels wide, is on the screen."""
    page.get_by_role("application").scroll_into_view_if_needed()
    box = page.get_by_role("application").bounding_box()
    return box["x"] + column / 224 * box["width"], box["y"] + row / 224 * box["height"]


def drafted(page):
    return page.locator(".draft .dots.core").get_attribute("d")


def test_a_box_is_dragged_or_clicked_or_set_with_keys(quiet, parts):
    opened(quiet, parts, "mask&how=box")
    expect(quiet.get_by_label("Pen width")).to_be_hidden()
    draw(quiet, (0.25, 0.5), (0.75, 0.75))
    facts = painted(quiet)
    top, left, bottom, right = facts["box"]
    assert facts["box"] == pytest.approx([112, 56, 168, 168], abs=1) and not drafted(quiet)
    assert facts["pixels"] == (bottom - top + 1) * (right - left + 1)
    quiet.get_by_role("button", name="Undo").click()
    emptied(quiet)
    quiet.mouse.click(*spot(quiet, 110.5, 120.5))
    assert said(quiet)["pixels"] == 0 and drafted(quiet)
    quiet.mouse.click(*spot(quiet, 130.5, 125.5))
    assert painted(quiet)["box"] == pytest.approx([110, 120, 130, 125], abs=1)
    quiet.get_by_role("button", name="Clear").click()
    emptied(quiet)
    pad = quiet.get_by_role("application")
    pad.focus()
    for key in ("Space", "Shift+ArrowRight", "Shift+ArrowDown", "Shift+ArrowDown", "Space"):
        quiet.keyboard.press(key)
    assert painted(quiet)["pixels"] == 2 * 3


def test_an_open_box_can_be_dropped_and_the_eraser_takes_boxes_out(quiet, parts):
    opened(quiet, parts, "mask&how=box")
    quiet.mouse.click(*spot(quiet, 50, 50))
    quiet.keyboard.press("Escape")
    assert not drafted(quiet)
    draw(quiet, (0.2, 0.2), (0.8, 0.8))
    whole = painted(quiet)["pixels"]
    quiet.get_by_role("button", name="Erase").click()
    draw(quiet, (0.4, 0.4), (0.6, 0.6))
    left = said(quiet, lambda facts: facts["pixels"] != whole)["pixels"]
    assert whole - left == pytest.approx((0.2 * 224) ** 2, rel=0.06)


def test_a_polygon_closes_by_its_first_corner_or_by_enter(quiet, parts):
    opened(quiet, parts, "mask&how=polygon")
    corners = [(40, 40), (40, 180), (180, 40)]
    for corner in corners:
        quiet.mouse.click(*spot(quiet, *corner))
    assert drafted(quiet).count("h0") == 3 and said(quiet)["pixels"] == 0
    quiet.mouse.click(*spot(quiet, 42, 41))
    facts = painted(quiet)
    assert facts["pixels"] == pytest.approx(140 * 140 / 2, rel=0.02) and not drafted(quiet)
    assert facts["box"] == pytest.approx([40, 40, 179, 179], abs=2)
    quiet.keyboard.press("Control+z")
    emptied(quiet)
    for corner in (*corners, (200, 200)):
        quiet.mouse.click(*spot(quiet, *corner))
    quiet.keyboard.press("Backspace")
    assert drafted(quiet).count("h0") == 3
    quiet.keyboard.press("Enter")
    assert painted(quiet)["pixels"] == facts["pixels"]


def test_a_polygon_needs_no_mouse(quiet, parts):
    opened(quiet, parts, "mask&how=polygon")
    quiet.get_by_role("application").focus()
    quiet.keyboard.press("Space")
    for way in ("ArrowRight", "ArrowDown", "ArrowLeft"):
        for _ in range(5):
            quiet.keyboard.press(way)
        quiet.keyboard.press("Space")
    expect(quiet.get_by_role("status").filter(has_text="corner 4 at row 152, column 112")).to_be_visible()
    quiet.keyboard.press("Enter")
    assert painted(quiet)["pixels"] == 40 * 40
