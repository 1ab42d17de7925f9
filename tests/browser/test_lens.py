"""The lens in a real browser, with what Python gets from it."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.components.driver import opened, said


def places(page):
    """Where each picture of the lens lies in its frame, as the browser laid it out."""
    return page.locator(".view").evaluate_all(
        """views => views.map(v => {
            const [a, b] = [v.getBoundingClientRect(), v.querySelector("img").getBoundingClientRect()]
            return [b.x - a.x, b.y - a.y, b.width / a.width, b.height / a.height]
        })"""
    )


def together(page):
    """All pictures lie alike; returns how."""
    first, *others = places(page)
    assert np.abs(np.subtract(others, first)).max() < 0.1
    return first


def readings(page):
    return page.locator(".read").all_inner_texts()


def test_pointing_reads_the_same_pixel_in_every_picture(quiet, parts):
    opened(quiet, parts, "lens")
    view = quiet.locator(".view").nth(2).bounding_box()
    row, column = 150, 37
    at = [view[k] + (i + 0.5) / 224 * view[side] for k, i, side in (("x", column, "width"), ("y", row, "height"))]
    quiet.mouse.move(*at)
    image, *maps = readings(quiet)
    assert image == f"row {row}, column {column}"
    for i, text in enumerate(maps, 1):
        where, value = text.split("\n")
        assert where == image and float(value) == pytest.approx((row * 1000 + column) * (-0.1) ** i, rel=6e-3)
    spots = quiet.locator(".here").evaluate_all(
        """marks => marks.map(m => {
            const [a, b] = [m.getBoundingClientRect(), m.closest(".view").getBoundingClientRect()]
            return [a.x + a.width / 2 - b.x, a.y + a.height / 2 - b.y]
        })"""
    )
    assert np.abs(np.subtract(spots, [at[0] - view["x"], at[1] - view["y"]])).max() < 1 and len(spots) == 8


def test_the_wheel_zooms_all_about_the_pointer_dragging_moves_all_and_a_double_click_resets(quiet, parts):
    opened(quiet, parts, "lens")
    start = together(quiet)
    view = quiet.locator(".view").nth(1).bounding_box()
    at = round(view["x"] + 60), round(view["y"] + 90)  # a wheel's place comes in whole pixels
    quiet.mouse.move(*at)
    before = readings(quiet)
    quiet.mouse.wheel(0, -200)
    quiet.mouse.wheel(0, -200)
    expect(quiet.locator(".lens.zoomed.sharp")).to_be_visible()
    zoomed = together(quiet)
    assert zoomed[2] > 1.5 and zoomed[2] == pytest.approx(zoomed[3], rel=1e-3)  # pixels stay square
    quiet.mouse.move(at[0] + 1, at[1])
    quiet.mouse.move(*at)
    assert readings(quiet) == before  # the pixel under the pointer stayed there
    quiet.mouse.down()
    quiet.mouse.move(at[0] - 30, at[1] - 20, steps=4)
    quiet.mouse.up()
    moved = together(quiet)
    assert np.subtract(moved, zoomed) == pytest.approx([-30, -20, 0, 0], abs=0.6)
    assert said(quiet)["pixel"] is None  # dragging is no click
    quiet.mouse.dblclick(*at)
    assert together(quiet) == start


def test_the_lens_needs_no_mouse(quiet, parts):
    opened(quiet, parts, "lens")
    quiet.get_by_role("application").focus()
    quiet.keyboard.press("+")
    assert together(quiet)[2] == pytest.approx(1.5, abs=0.01)
    quiet.keyboard.press("ArrowRight")
    quiet.keyboard.press("Shift+ArrowUp")
    assert readings(quiet)[0] == "row 102, column 113"
    expect(quiet.get_by_role("status").filter(has_text="Map 3")).to_contain_text("row 102, column 113")
    for _ in range(12):
        quiet.keyboard.press("Shift+ArrowLeft")
    assert readings(quiet)[0] == "row 102, column 0" and together(quiet)[0] == pytest.approx(0, abs=0.1)  # follows
    quiet.keyboard.press("Enter")
    assert said(quiet, lambda facts: facts["pixel"])["pixel"] == [102, 0]
    quiet.keyboard.press("0")
    assert together(quiet)[2] == 1


def test_what_is_no_number_says_so_and_a_title_is_no_markup(quiet, parts):
    opened(quiet, parts, "lens")
    expect(quiet.get_by_text("Map 2 <img src=x onerror=alert(1)>")).to_be_visible()
    view = quiet.locator(".view").first.bounding_box()
    quiet.mouse.move(view["x"] + 7.5 / 224 * view["width"], view["y"] + 5.5 / 224 * view["height"])
    assert readings(quiet)[1] == "row 5, column 7\nno number"


def test_a_click_marks_a_pixel_and_view_and_mark_outlive_reruns(quiet, parts):
    opened(quiet, parts, "lens")
    view = quiet.locator(".view").nth(4).bounding_box()
    quiet.mouse.move(view["x"] + 40, view["y"] + 40)
    quiet.mouse.wheel(0, -200)
    quiet.mouse.click(view["x"] + 50, view["y"] + 60)
    facts = said(quiet, lambda facts: facts["pixel"])
    row, column = (int(n) for n in re.findall(r"\d+", readings(quiet)[0]))
    assert facts["pixel"] == [row, column]
    zoomed = together(quiet)
    quiet.get_by_role("button", name="Run again").click()
    assert said(quiet, lambda f: f["runs"] > facts["runs"])["pixel"] == [row, column] and together(quiet) == zoomed
    quiet.get_by_text("Hide").click()
    expect(quiet.get_by_role("application")).to_have_count(0)
    quiet.get_by_text("Hide").click()
    assert said(quiet, lambda f: f["pixel"])["pixel"] == [row, column] and together(quiet) == zoomed


def test_two_fingers_zoom_all(browser, parts):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    opened(page, parts, "lens")
    view = page.locator(".view").first.bounding_box()
    x, y = view["x"] + view["width"] / 2, view["y"] + view["height"] / 2
    hand = context.new_cdp_session(page)
    for kind, apart in (("touchStart", 20), ("touchMove", 30), ("touchMove", 40), ("touchEnd", None)):
        fingers = [] if apart is None else [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}]
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
    assert together(page)[2] == pytest.approx(2, rel=0.1)
    context.close()
