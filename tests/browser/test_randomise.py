"""The page Randomise in a real browser: one slider moves all maps and the cursor of every curve."""

import re
from urllib.parse import urlencode

import numpy as np
from playwright.sync_api import expect

from attrcore import kept, store
from pages.parts.unlearned import USUAL
from tests.browser.conftest import idle, serious
from tests.waiting import until

CHOICES = {"randomise.count": 2, "randomise.seeds": 2, "Selection.seed": 11,
           "randomise.methods": ["Gradient", "Guided Backprop"]}  # fmt: skip


def pixels(page, name):
    """What a canvas shows."""
    canvas = page.get_by_role("img", name=re.compile(name)).last
    return np.array(canvas.evaluate("c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"))


def test_the_slider_moves_every_map_and_every_cursor_and_the_run_is_found_again(quiet, server):
    before = {entry.key for entry in store.listed()}
    quiet.goto(f"{server.url}/randomise?{urlencode(CHOICES, doseq=True)}")
    expect(quiet.get_by_role("heading", name="Randomise", exact=True)).to_be_visible(timeout=90_000)
    idle(quiet)
    quiet.get_by_role("button", name="Start", exact=True).click()
    expect(quiet.get_by_role("heading", name="Every number")).to_be_visible(timeout=180_000)
    idle(quiet)
    key = until(lambda: next((e.key for e in store.listed() if e.key not in before), None), 10)
    points = kept.result(key, ()).numbers["curves"][USUAL]
    slider = quiet.get_by_role("slider", name="Layer")
    slider.focus()
    slider.press("Home")
    trained = pixels(quiet, "Gradient, trained")
    expect(quiet.locator(".where")).to_have_text("trained")
    slider.press("End")
    expect(quiet.locator(".where")).to_have_text("4 of 4: conv1")
    assert slider.get_attribute("aria-valuetext") == "random down to conv1"
    assert (pixels(quiet, "Gradient, conv1") != trained).mean() > 0.1
    for name, said in zip(points, quiet.locator(".lane .value").all_inner_texts(), strict=True):
        assert abs(float(said.replace("\u2212", "-")) - points[name][-1]["mean"]) < 0.01
    absolute = pixels(quiet, "Gradient, conv1")
    quiet.get_by_role("button", name="Signed maps").click()
    assert (pixels(quiet, "Gradient, conv1") != absolute).mean() > 0.3
    assert not serious(quiet)
    quiet.reload()
    expect(quiet.get_by_role("heading", name="Every number")).to_be_visible(timeout=60_000)
    assert store.look(key).state == "done" and quiet.get_by_role("button", name="Start", exact=True).count() == 0
