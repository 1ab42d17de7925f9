"""The page Fool in a real browser: an attack to its end, one cancelled, reloaded, shared, killed, restarted."""

import os
import re
import signal
import time
from io import BytesIO
from urllib.parse import urlencode

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from attrcore import kept, store
from attrcore.folder import Folder
from attrcore.png import levels
from attrcore.studies import fooling  # noqa: F401 - its recipes are read here
from tests.browser.conftest import Server, idle, serious, watched
from tests.waiting import until

LONG = {"method": "Integrated Gradients", "steps": 1000}


def opened(page, server, **choices):
    page.goto(f"{server.url}/fool?{urlencode(choices)}")
    expect(page.get_by_role("heading", name="Fool", exact=True)).to_be_visible(timeout=90_000)
    idle(page)


def attack(page):
    """Start it; the run's key."""
    before = {entry.key for entry in store.listed()}
    page.get_by_role("button", name="Attack", exact=True).click()
    return until(lambda: next((e.key for e in store.listed() if e.key not in before), None), 60)


def finished(page):
    expect(page.get_by_role("heading", name="What it did")).to_be_visible(timeout=120_000)
    idle(page)


def step(page):
    """The step that the stage shows; -1 before the first."""
    found = re.search(r"Step (\d+)", page.locator(".where").inner_text())
    return int(found[1]) if found else -1


def digit(number):
    return {"no.Packaged digits": number}


def test_an_attack_runs_to_its_end_and_its_image_fools_again(quiet, server, tmp_path):
    opened(quiet, server, steps=40, **digit(3))
    key = attack(quiet)
    finished(quiet)
    found = kept.result(key)
    expect(quiet.get_by_text("The prediction stays")).to_be_visible()
    overlap = found.numbers["likeness"][0]
    row = quiet.get_by_role("row", name="Top-k overlap")
    expect(row).to_contain_text(f"{overlap['attacked']:.2f}")
    assert overlap["attacked"] < min(overlap["random"])
    kept_at = quiet.get_by_role("button", name="Kept: step")
    best = int(kept_at.inner_text().split()[-1])
    expect(quiet.locator(".where")).to_have_text(f"Step {best} of 40")  # what the page goes on about
    slider = quiet.get_by_role("slider", name="Step")
    slider.focus()
    slider.press("Home")
    expect(quiet.locator(".where")).to_have_text("Step 0 of 40")
    slider.press("End")
    expect(quiet.locator(".where")).to_have_text("Step 40 of 40")
    kept_at.click()
    expect(quiet.locator(".where")).to_have_text(f"Step {best} of 40")
    assert not serious(quiet)
    with quiet.expect_download() as file:
        quiet.get_by_role("button", name="Attacked image (.png)").click()
    path = tmp_path / "attacked.png"
    file.value.save_as(path)
    attacked = levels(found.tensors["attacked"])
    assert np.array_equal(np.asarray(Image.open(path))[None], attacked)
    # uploaded again it is the same image, and so gives the same map
    quiet.goto(f"{server.url}/?{urlencode({'pictures1': 'Your own picture', 'maps': 'Gradient'})}")
    idle(quiet)
    quiet.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(path)
    expect(quiet.get_by_role("button", name="Raw maps (.npz)")).to_be_visible(timeout=30_000)
    idle(quiet)
    with quiet.expect_download() as file:
        quiet.get_by_role("button", name="Raw maps (.npz)").click()
    raw = np.load(BytesIO(file.value.path().read_bytes()))
    assert np.array_equal(raw["image"], attacked)
    name = next(n for n in raw.files if "radient" in n)
    map_ = np.abs(raw[name]).sum(0)
    np.testing.assert_allclose(map_ / map_.sum(), found.tensors["attacked map"].numpy(), rtol=1e-3, atol=1e-7)


def test_one_is_cancelled_and_goes_on_where_it_was(quiet, server):
    opened(quiet, server, **LONG, **digit(4))
    key = attack(quiet)
    until(lambda: store.look(key).done > 3, 60)
    start = time.monotonic()
    quiet.get_by_role("button", name="Cancel").click()
    expect(quiet.get_by_text("It was cancelled.")).to_be_visible(timeout=15_000)
    took, seen = time.monotonic() - start, store.look(key)
    assert seen.state == "cancelled" and seen.resumable and took < 10
    idle(quiet)
    quiet.get_by_role("button", name="Go on").click()
    later = until(lambda: (now := store.look(key)).state == "running" and now.done > seen.done and now, 60)
    assert kept.facts(key)[0][0].n == 0 and later.attempt != seen.attempt  # what was there stays
    quiet.get_by_role("button", name="Cancel").click()
    until(lambda: not store.look(key).live, 30)
    expect(quiet.get_by_text("It was cancelled.")).to_be_visible(timeout=15_000)


def test_a_reload_and_another_visitor_find_the_same_run(quiet, server, browser):
    opened(quiet, server, **LONG, **digit(5))
    key = attack(quiet)
    expect(quiet.locator(".where")).to_be_visible(timeout=60_000)
    until(lambda: store.look(key).done > 5, 60)
    attempt, before = store.look(key).attempt, step(quiet)
    quiet.reload()
    expect(quiet.locator(".where")).to_be_visible(timeout=60_000)
    until(lambda: step(quiet) > before, 60)
    other = browser.new_context().new_page()
    bad = watched(other)
    other.goto(quiet.url)
    expect(other.locator(".where")).to_be_visible(timeout=60_000)
    until(lambda: step(other) > before, 60)
    assert store.look(key).attempt == attempt  # nobody started it anew
    other.get_by_role("button", name="Cancel").click()
    for page in (other, quiet):
        expect(page.get_by_text("It was cancelled.")).to_be_visible(timeout=20_000)
    assert not bad
    other.context.close()


def test_a_worker_that_is_killed_is_said_and_the_run_goes_on(quiet, server):
    opened(quiet, server, **LONG, **digit(6))
    key = attack(quiet)
    until(lambda: store.look(key).done > 3, 60)
    os.kill(Folder(key).said()["worker"]["pid"], signal.SIGKILL)
    expect(quiet.get_by_text("It was broken off.")).to_be_visible(timeout=5_000)
    idle(quiet)
    quiet.get_by_role("button", name=re.compile("^(Go on|Attack)$")).click()
    until(lambda: store.look(key).state == "running" and store.look(key).done > 3, 60)
    expect(quiet.locator(".where")).to_be_visible(timeout=60_000)
    quiet.get_by_role("button", name="Cancel").click()
    expect(quiet.get_by_text("It was cancelled.")).to_be_visible(timeout=20_000)


@pytest.mark.usefixtures("server")
def test_a_restart_of_the_app_finds_the_run_again(page, tmp_path):
    first = Server(tmp_path / "first")
    try:
        opened(page, first, **LONG, **digit(8))
        key = attack(page)
        until(lambda: store.look(key).done > 3, 60)
        where = page.url.removeprefix(first.url)
        page.goto("about:blank")
    finally:
        first.stop()
    seen = store.look(key)
    assert not seen.live and seen.state == "interrupted"
    second = Server(tmp_path / "second")
    try:
        page.goto(f"{second.url}{where}")
        expect(page.get_by_text("It was broken off.")).to_be_visible(timeout=90_000)
        expect(page.locator(".where")).to_be_visible(timeout=30_000)  # what it had shown is there again
        expect(page.get_by_role("button", name=re.compile("^(Go on|Attack)$"))).to_be_visible()
    finally:
        second.stop()


def test_a_region_drawn_with_the_mouse_is_filled(quiet, server):
    opened(quiet, server, aim="Fill a region", steps=60, levels=77, **digit(2))
    canvas = quiet.locator(".canvas canvas, canvas").last
    box = canvas.bounding_box()
    quiet.mouse.move(box["x"] + 0.55 * box["width"], box["y"] + 0.55 * box["height"])
    quiet.mouse.down()
    quiet.mouse.move(box["x"] + 0.95 * box["width"], box["y"] + 0.95 * box["height"], steps=5)
    quiet.mouse.up()
    expect(quiet.get_by_text("of the image: a map spread evenly")).to_be_visible(timeout=15_000)
    idle(quiet)
    key = attack(quiet)
    finished(quiet)
    region = Folder(key).recipe().attack.aim.region.mask(28, 28).numpy()
    rows, columns = np.nonzero(region)
    assert rows.min() >= 14 and columns.min() >= 14 and 0.1 < region.mean() < 0.25
    before, after = (float(kept.result(key).tensors[f"{side} map"][region].sum()) for side in ("clean", "attacked"))
    assert after > 1.5 * before


def test_a_reload_finds_the_run_on_a_drawn_region_again(quiet, server):
    """The drawing is gone with the page; the run goes on and is what the address names."""
    opened(quiet, server, aim="Fill a region", **LONG, **digit(17))
    pad = quiet.get_by_role("application", name="Draw where the map is to go")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    for x, y in ((0.55, 0.6), (0.95, 0.9)):
        quiet.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    expect(quiet.get_by_text("of the image: a map spread evenly")).to_be_visible()
    idle(quiet)
    assert "run=" not in quiet.url
    key = attack(quiet)
    until(lambda: store.look(key).done > 3, 60)
    expect(quiet).to_have_url(re.compile(f"run={key}"))
    expect(quiet.get_by_text("This is the run")).to_have_count(0)
    quiet.reload()
    expect(quiet.get_by_text("This is the run")).to_be_visible(timeout=60_000)
    at = until(lambda: (n := step(quiet)) > 0 and n, 60)
    until(lambda: step(quiet) > at, 60)
    quiet.get_by_role("button", name="Cancel").click()
    until(lambda: not store.look(key).live, 30)
