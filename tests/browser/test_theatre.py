"""The stage in a real browser: what travels, what is kept, and what is seen."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.components import plays
from tests.browser.components.driver import opened, said
from tests.browser.conftest import idle

ROOT = "[...document.querySelectorAll('*')].map(e => e.shadowRoot?.querySelector('.theatre')).find(Boolean)"
WATCH = f"""() => {{
    const root = {ROOT}
    window.seen = [[performance.now(), +root.dataset.step]]
    new MutationObserver(() => window.seen.push([performance.now(), +root.dataset.step]))
        .observe(root, {{attributes: true, attributeFilter: ["data-step"]}})
}}"""
SCRUB = f"""async () => {{
    const root = {ROOT}, slider = root.querySelector(".slider"), took = []
    const turn = () => new Promise((done) => {{
        const channel = new MessageChannel()
        channel.port1.onmessage = done
        channel.port2.postMessage(0)
    }})
    for (let i = 1; i <= 80; i++) {{
        const n = (i * 37) % slider.max
        const start = performance.now()
        slider.value = n
        slider.dispatchEvent(new Event("input"))
        while (root.dataset.step != n) await turn()
        took.push(performance.now() - start)
        await new Promise(requestAnimationFrame)
    }}
    return took
}}"""


def slider(page):
    return page.get_by_role("slider", name="Step")


def at(page, step):
    expect(page.locator(f'.theatre[data-step="{step}"]')).to_be_visible(timeout=20_000)


def pixels(page, pane):
    """What a pane shows, (H, W, 3)."""
    canvas = page.locator(".theatre canvas").nth(pane)
    size = canvas.evaluate("c => [c.height, c.width]")
    rgba = canvas.evaluate("c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]")
    return np.array(rgba, np.uint8).reshape(*size, 4)[..., :3]


def ended(page, total):
    """What Python has once a live run has ended and all was sent."""
    at(page, total)
    return said(page, lambda facts: set(facts["sent"]) == set(range(total + 1)))


def test_a_step_shows_its_pictures_its_marks_and_its_numbers_together(quiet, parts):
    opened(quiet, parts, "theatre&total=40")
    frames = plays.frames(28, 40)
    slider(quiet).press("Home")
    for _ in range(17):
        slider(quiet).press("ArrowRight")
    at(quiet, 17)
    for pane in range(3):
        assert np.array_equal(pixels(quiet, pane), frames[17].pictures[pane])
    top = frames[17].marks[2].top.astype(int)
    edges = sum(abs(np.diff(np.pad(top, 1), axis=axis)).sum() for axis in (0, 1))
    lines = quiet.locator(".theatre .outline.core")
    assert lines.nth(2).evaluate("e => e.getTotalLength()") == pytest.approx(edges)
    assert not lines.nth(0).get_attribute("d")
    trail = quiet.locator(".theatre .trail.core").nth(2)
    assert trail.get_attribute("d").count("L") == 17
    row, column = (v + 0.5 for v in frames[17].marks[2].centre)
    end = trail.evaluate("e => { const p = e.getPointAtLength(1e6); return [p.y, p.x] }")
    assert end == pytest.approx([row, column], abs=0.02)
    values = quiet.locator(".theatre .value").all_inner_texts()
    assert [float(v) for v in values] == pytest.approx(list(frames[17].numbers.values()), rel=0.01)
    assert slider(quiet).get_attribute("aria-valuetext") == "step 17 of 40"
    slider(quiet).press("Home")
    at(quiet, 0)
    assert quiet.locator(".theatre .value").first.inner_text() == "none"  # NaN


def test_marks_can_be_switched_off_and_small_pictures_keep_their_squares(quiet, parts):
    opened(quiet, parts, "theatre&total=40")
    rendering = quiet.locator(".theatre canvas").first.evaluate("c => getComputedStyle(c).imageRendering")
    assert rendering == "pixelated"
    spot = quiet.locator(".theatre .spot").nth(2)
    expect(spot).to_be_visible()
    quiet.get_by_role("button", name="Centre of mass").click()
    expect(spot).to_be_hidden()
    assert not quiet.locator(".theatre .trail.core").nth(2).get_attribute("d")
    assert quiet.locator(".theatre .outline.core").nth(2).get_attribute("d")
    quiet.get_by_role("button", name="Top pixels").click()
    expect(quiet.locator(".theatre .outline.core").nth(2)).to_have_attribute("d", "")
    slider(quiet).press("ArrowLeft")
    at(quiet, 39)
    assert not quiet.locator(".theatre .outline.core").nth(2).get_attribute("d")


def test_keys_and_curves_scrub_without_a_rerun(quiet, parts):
    opened(quiet, parts, "theatre&total=40")
    facts = said(quiet)
    at(quiet, 40)
    for key, step in (("Home", 0), ("PageUp", 4), ("ArrowUp", 5), ("ArrowLeft", 4), ("PageDown", 0), ("ArrowLeft", 0),
                      ("End", 40), ("ArrowRight", 40)):  # fmt: skip
        slider(quiet).press(key)
        at(quiet, step)
    curve = quiet.get_by_role("img", name="Overlap")
    curve.scroll_into_view_if_needed()
    box = curve.bounding_box()
    for share, step in ((0.25, 10), (0.5, 20)):
        quiet.mouse.move(box["x"] + share * box["width"], box["y"] + 20)
        quiet.mouse.down()
        at(quiet, step)
    quiet.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 20, steps=4)
    quiet.mouse.up()
    at(quiet, 30)
    quiet.mouse.move(box["x"], box["y"])
    at(quiet, 30)
    expect(quiet.get_by_role("status")).to_contain_text("Step 30 of 40")
    assert said(quiet) == facts


def test_it_plays_at_its_speed_rests_at_the_end_and_only_then_speaks(quiet, parts):
    opened(quiet, parts, "theatre&total=40")
    quiet.get_by_label("Speed").select_option("20")
    quiet.evaluate(WATCH)
    quiet.get_by_role("button", name="Play").click()
    expect(quiet.get_by_role("button", name="Pause")).to_be_visible()
    quiet.wait_for_timeout(500)
    assert not quiet.get_by_role("status").inner_text()
    at(quiet, 40)
    expect(quiet.get_by_role("button", name="Play")).to_be_visible()
    expect(quiet.get_by_role("status")).to_contain_text("Step 40 of 40, Aim")
    seen = quiet.evaluate("seen")[1:]
    steps = [step for _, step in seen]
    assert steps[0] == 0 and steps == sorted(steps) and len(steps) > 20
    assert (seen[-1][0] - seen[0][0]) / 1000 == pytest.approx(40 / 20, rel=0.4)
    slider(quiet).press("Home")
    slider(quiet).press(" ")
    expect(quiet.get_by_role("button", name="Pause")).to_be_visible()
    slider(quiet).press("ArrowRight")  # a hand on the slider stops it
    expect(quiet.get_by_role("button", name="Play")).to_be_visible()


def test_a_live_run_is_seen_moving_between_polls_and_is_sent_once(quiet, parts):
    """How smooth it is counts in the best of three runs: a busy second of the machine is not the stage's."""
    smooth = []
    for run in ("one", "two", "three"):
        opened(quiet, parts, f"theatre&total=70&rate=8&run={run}")
        quiet.evaluate(WATCH)
        facts = ended(quiet, 70)
        at(quiet, 70)
        idle(quiet)
        seen = quiet.evaluate("seen")
        steps, gaps = [n for _, n in seen], np.diff([t for t, _ in seen])
        assert steps == sorted(steps) and set(facts["sent"]) == set(range(71))
        shown, again = len(set(steps)) / (70 - steps[0]), len(facts["sent"]) / 71
        # Each is sent once, but for what a browser that could not follow has missed.
        smooth.append(shown > 0.7 and 1000 / gaps.mean() > 4 and np.median(gaps) < 300 and again <= 1.35)
        if smooth[-1]:
            break
    assert any(smooth), (shown, gaps, again)
    expect(quiet.get_by_role("button", name="Follow live")).to_be_hidden()
    expect(slider(quiet)).to_have_attribute("aria-valuetext", "step 70 of 70")


def test_a_hand_on_the_slider_stops_following_and_a_button_follows_again(quiet, parts):
    opened(quiet, parts, "theatre&total=120&rate=8&run=held")
    follow = quiet.get_by_role("button", name="Follow live")
    expect(follow).to_have_attribute("aria-pressed", "true")
    expect(quiet.get_by_role("button", name="Top pixels")).to_be_visible()
    slider(quiet).press("Home")
    expect(follow).to_have_attribute("aria-pressed", "false")
    quiet.wait_for_timeout(500)
    held = quiet.locator(".theatre").get_attribute("data-step")
    quiet.wait_for_timeout(2500)  # twenty frames, or on a slow machine some of them
    at(quiet, held)  # though more have come
    # The first step that is drawn after the click: it is when its pictures are decoded, a moment later.
    quiet.evaluate(f"""() => {{ window.next = new Promise((found) => new MutationObserver((_, o) => {{
        o.disconnect(); found({ROOT}.dataset.step) }}).observe({ROOT}, {{ attributeFilter: ["data-step"] }})) }}""")
    follow.click()
    expect(follow).to_have_attribute("aria-pressed", "true")
    first = int(quiet.evaluate("window.next"))
    assert first > int(held) + 4
    quiet.wait_for_function(f"{ROOT}.dataset.step > {first + 3}")


def test_frames_outlive_reruns_and_a_while_out_of_sight_and_a_reload_gets_all_once(quiet, parts):
    opened(quiet, parts, "theatre&total=40")
    slider(quiet).press("Home")
    for _ in range(3):
        slider(quiet).press("ArrowRight")
    at(quiet, 3)
    before = said(quiet)
    assert before["sent"] == list(range(41))
    quiet.get_by_role("button", name="Run again").click()
    assert said(quiet, lambda facts: facts["runs"] > before["runs"])["sent"] == before["sent"]
    at(quiet, 3)
    quiet.get_by_text("Hide").click()
    expect(quiet.locator(".theatre")).to_have_count(0)
    quiet.get_by_text("Hide").click()
    at(quiet, 3)
    slider(quiet).press("End")
    at(quiet, 40)
    assert np.array_equal(pixels(quiet, 2), plays.frames(28, 40)[40].pictures[2])
    idle(quiet)
    after = said(quiet)
    assert after["sent"] == before["sent"] and after["polls"] == after["runs"] - 1  # nothing was asked for
    quiet.reload()
    at(quiet, 40)
    again = said(quiet)
    assert again["sent"] == list(range(41)) and again["polls"] == 1


def test_a_lost_message_is_asked_for_again(quiet, parts):
    opened(quiet, parts, "theatre&total=60&rate=8&run=lost&drop=30")
    ended(quiet, 60)
    said(quiet, lambda facts: facts["sent"].count(30) > 1)
    slider(quiet).press("Home")
    at(quiet, 0)
    for n in range(1, 61):
        slider(quiet).press("ArrowRight")
        at(quiet, n)


def test_a_stage_that_was_taken_down_on_its_way_to_the_newest_step_goes_on_to_it(quiet, parts):
    opened(quiet, parts, "theatre&total=80&rate=8&run=down")
    expect(quiet.locator(".theatre[data-step]")).to_be_visible()
    quiet.evaluate("() => { window.real = requestAnimationFrame; window.requestAnimationFrame = () => 1 }")
    said(quiet, lambda facts: 80 in facts["sent"])
    assert int(quiet.locator(".theatre").get_attribute("data-step")) < 80
    quiet.get_by_text("Hide").click()
    expect(quiet.locator(".theatre")).to_have_count(0)
    quiet.evaluate("() => { window.requestAnimationFrame = window.real }")
    quiet.get_by_text("Hide").click()
    at(quiet, 80)


@pytest.mark.parametrize(("side", "total", "most"), [(28, 299, 0.75e6), (224, 99, 5e6)])
def test_what_travels_is_small_and_a_step_is_shown_at_once(quiet, parts, side, total, most):
    received = []
    quiet.on("websocket", lambda ws: ws.on("framereceived", lambda data: received.append(len(data))))
    opened(quiet, parts, f"theatre&side={side}&total={total}")
    assert said(quiet)["most"] < most and max(received) < most + 1e5
    took = quiet.evaluate(SCRUB)
    assert np.median(took) < 30, np.percentile(took, [50, 90, 100])


def test_who_wants_no_motion_sees_the_newest_at_once(browser, parts):
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    opened(page, parts, "theatre&total=120&rate=12&run=calm")
    page.evaluate(WATCH)
    ended(page, 120)
    at(page, 120)
    steps = [n for _, n in page.evaluate("seen")]
    assert 2 * (len(steps) - 1) <= steps[-1] - steps[0]  # a bunch at a time; a slow machine may see the end alone
    context.close()


def test_on_a_phone_pictures_stand_two_by_two(browser, parts):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    opened(page, parts, "theatre&total=40")
    boxes = [view.bounding_box() for view in page.locator(".theatre .view").all()]
    assert boxes[0]["y"] == boxes[1]["y"] < boxes[2]["y"] and boxes[0]["x"] == boxes[2]["x"]
    assert all(160 < box["width"] < 190 for box in boxes)
    context.close()
