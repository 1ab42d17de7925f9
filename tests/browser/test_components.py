"""The painting surface and the lens, in a real browser, with what Python gets from them."""

import json
import re

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from attrcore.models import MODELS
from tests.browser.conftest import Server, idle

SEVEN = [(0.25, 0.25), (0.7, 0.25), (0.45, 0.85)]


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("parts") / "log", "tests/browser/components/app.py")
    yield running
    running.stop()
    assert "Traceback" not in running.log.read_text(), running.log.read_text()


def opened(page, parts, part):
    page.goto(f"{parts.url}/?part={part}")
    expect(page.get_by_role("application")).to_be_visible(timeout=60_000)
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


def painted(page):
    return said(page, lambda facts: facts["pixels"])


def emptied(page):
    return said(page, lambda facts: not facts["pixels"])


def draw(page, *points):
    """A line through points, each as a share of the surface."""
    page.get_by_role("application").scroll_into_view_if_needed()
    box = page.get_by_role("application").bounding_box()
    for i, (x, y) in enumerate(points):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=5)
        if not i:
            page.mouse.down()
    page.mouse.up()


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("part", ["digit", "mask", "lens", "small"])
def test_they_are_accessible_in_both_themes_and_fit_a_phone(browser, parts, part, scheme):
    context = browser.new_context(color_scheme=scheme, viewport={"width": 390, "height": 844})
    page = context.new_page()
    opened(page, parts, part)
    if part in ("digit", "mask"):
        draw(page, *SEVEN)
    else:
        page.get_by_role("application").focus()
        page.keyboard.press("ArrowDown")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.set_viewport_size({"width": 1280, "height": 900})
    idle(page)
    found = Axe().run(page)
    serious = [v["id"] for v in found.response["violations"] if v["impact"] in ("serious", "critical")]
    assert not serious, found.generate_report()
    context.close()
