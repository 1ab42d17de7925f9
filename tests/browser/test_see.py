import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import Server, idle, serious, watched


def map_of(page, name):
    return page.get_by_role("img", name=re.compile(f"^{re.escape(name)} map: "))


def opened(page, server, query="", title="See"):
    page.goto(f"{server.url}/{query}")
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible(timeout=90_000)
    idle(page)


def checked(browser, server, query, title="See"):
    """No serious complaint of axe in either theme, and no scrolling sideways on a phone."""
    for scheme, size in (("light", (1280, 900)), ("dark", (1280, 900)), ("light", (390, 844)), ("dark", (390, 844))):
        context = browser.new_context(color_scheme=scheme, viewport=dict(zip(("width", "height"), size, strict=True)))
        page = context.new_page()
        opened(page, server, query, title)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        if size[0] > 1000:
            assert not serious(page)
        context.close()


def loaded(page):
    """Every picture on the page has arrived and is not blank."""
    assert page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 1)")


def test_a_newcomer_sees_a_digit_its_prediction_and_maps(quiet, server):
    opened(quiet, server)
    for name in ("Gradient", "Integrated Gradients", "SmoothGrad", "Guided Backprop", "Grad-CAM", "Sobel edges"):
        expect(map_of(quiet, name)).to_be_visible()
    expect(quiet.get_by_text("100.0% ◂ explained")).to_be_visible()
    expect(quiet.get_by_text(re.compile(r"^sum kept, ")).first).to_be_visible()
    loaded(quiet)


@pytest.mark.parametrize("width", [1280, 1920])
def test_nothing_is_cut_off(quiet, server, width):
    quiet.set_viewport_size({"width": width, "height": 1000})
    opened(quiet, server, "?inspect=Gradient")
    assert quiet.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    main = quiet.get_by_test_id("stMainBlockContainer").bounding_box()
    for picture in quiet.get_by_test_id("stMainBlockContainer").get_by_role("img").all():
        box = picture.bounding_box()
        assert box is None or (box["x"] >= main["x"] and box["x"] + box["width"] <= main["x"] + main["width"] + 1)
    tops = [map_of(quiet, n).first.bounding_box()["y"] for n in ("Gradient", "Integrated Gradients")]
    assert abs(tops[0] - tops[1]) < 5  # four cards fit in the first row beside the sidebar


def test_a_copied_link_restores_the_screen_in_a_fresh_browser(quiet, server, browser):
    opened(quiet, server)
    number = quiet.get_by_label("Picture (0 to 4999)")
    number.fill("13")
    number.press("Enter")
    expect(quiet.get_by_text("3 · 28 x 28 px")).to_be_visible()
    quiet.get_by_text("Choose maps").click()
    quiet.get_by_role("button", name="DeepLIFT", exact=True).click()
    expect(map_of(quiet, "DeepLIFT")).to_be_visible()
    quiet.get_by_text("Display (recomputes nothing)").click()
    quiet.get_by_role("radio", name="signed").click()
    expect(quiet.get_by_role("img", name="Colour scale from negative to positive")).to_be_visible()
    idle(quiet)
    expect(quiet).to_have_url(re.compile("DeepLIFT.*signed|signed.*DeepLIFT"))
    fresh = browser.new_context().new_page()
    bad = watched(fresh)
    fresh.goto(quiet.url)
    expect(map_of(fresh, "DeepLIFT")).to_be_visible(timeout=60_000)
    idle(fresh)

    def names(page):
        return [i.get_attribute("alt") for i in page.get_by_role("img").all()]

    assert names(fresh) == names(quiet) and fresh.get_by_label("Picture (0 to 4999)").input_value() == "13"
    assert not bad
    fresh.context.close()


def test_the_three_downloads_hold_what_they_say(quiet, server):
    opened(quiet, server, "?model=MNIST+MLP&maps=Gradient&maps=DeepLIFT&maps=Grad-CAM&no.Packaged+digits=4")

    def saved(label):
        with quiet.expect_download() as waiting:
            quiet.get_by_role("button", name=label).click()
        return Path(waiting.value.path()).read_bytes()

    settings = json.loads(saved("Settings (.json)"))
    assert settings["class"] == {"index": 4, "name": "4"} and list(settings["maps"]) == ["Gradient", "DeepLIFT"]
    assert settings["maps"]["DeepLIFT"]["checks"][1]["holds"] and settings["maps"]["DeepLIFT"]["made_by"]["torch"]
    arrays = np.load(BytesIO(saved("Raw maps (.npz)")))
    assert sorted(arrays) == ["DeepLIFT", "Gradient", "image"] and arrays["DeepLIFT"].shape == (1, 28, 28)
    assert np.abs(arrays["Gradient"]).max() > 0 > arrays["Gradient"].min()
    assert Image.open(BytesIO(saved("Picture (.png)"))).size == (3 * 292 + 12, 280 + 3 * 20 + 36)


def test_values_can_be_read_off_an_inspected_map(quiet, server):
    opened(quiet, server, "?maps=Gradient&inspect=Gradient")
    view = quiet.locator(".lens .view").nth(1)
    view.scroll_into_view_if_needed()
    view.hover()
    expect(quiet.locator(".lens .read").nth(1)).to_have_text(re.compile(r"row 1[34], column 1[34]\s+\d+\.\d+"))


def test_a_visitors_own_picture(quiet, server, tmp_path):
    paper = Image.new("L", (200, 300), 255)
    paper.paste(0, (90, 60, 110, 240))
    paper.save(tmp_path / "one.png")
    (tmp_path / "evil.png").write_bytes(b"<script>alert(1)</script>")
    opened(quiet, server, "?pictures1=Your+own+picture&maps=Gradient")
    quiet.locator("input[type=file]").set_input_files(tmp_path / "one.png")
    expect(map_of(quiet, "Gradient")).to_be_visible(timeout=30_000)
    expect(quiet.get_by_text(re.compile(r"1 · \d+\.\d% ◂ explained"))).to_be_visible()
    expect(
        quiet.get_by_text("28 x 28 px, as the network gets it: framed as MNIST's digits are", exact=True)
    ).to_be_visible()
    quiet.get_by_text("Frame as MNIST's digits are").click()
    expect(
        quiet.get_by_text("28 x 28 px, as the network gets it: padded to a square, inverted", exact=True)
    ).to_be_visible()
    quiet.locator("input[type=file]").set_input_files(tmp_path / "evil.png")
    expect(quiet.get_by_text("This file is none of PNG")).to_be_visible(timeout=30_000)
    quiet.locator("input[type=file]").set_input_files(tmp_path / "one.png")  # the choices outlived the bad file
    expect(map_of(quiet, "Gradient")).to_be_visible(timeout=30_000)
    idle(quiet)
    expect(map_of(quiet, "SmoothGrad")).to_have_count(0)
    expect(quiet).to_have_url(re.compile("maps=Gradient"))
    assert "SmoothGrad" not in quiet.url


def test_it_is_accessible_in_both_themes_and_on_a_phone(browser, server):
    checked(browser, server, "?maps=Gradient&maps=Guided+Backprop&inspect=Gradient")


def test_answers_carry_security_headers(server):
    headers = urllib.request.urlopen(server.url).headers
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "SAMEORIGIN"


def children(pid):
    """Process ids of the descendants of `pid`, with their commands."""
    import psutil

    return {p.pid: " ".join(p.cmdline()) for p in psutil.Process(pid).children(recursive=True)}


def workers_of(server):
    return [pid for pid, command in children(server.process.pid).items() if "spawn_main" in command]


def settled(server):
    """Process ids of the workers of both lanes, once they are up and idle: two quick ones, and one for studies."""
    import psutil

    for _ in range(200):
        workers = workers_of(server)
        if len(workers) == 3 and all(psutil.Process(pid).cpu_percent(0.5) < 20 for pid in workers):
            return workers
        time.sleep(0.5)
    raise AssertionError(f"three idle workers were expected, got {workers}")


def test_a_killed_worker_costs_no_visitor_and_the_end_leaves_no_process(quiet, tmp_path):
    import psutil

    server = Server(tmp_path / "log")
    opened(quiet, server, "?maps=Gradient")
    workers = settled(server)
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    number = quiet.get_by_label("Picture (0 to 4999)")
    number.fill("5")
    number.press("Enter")
    expect(quiet.get_by_text("5 · 28 x 28 px")).to_be_visible(timeout=60_000)
    expect(map_of(quiet, "Gradient")).to_be_visible(timeout=60_000)
    idle(quiet)
    expect(quiet.get_by_test_id("stAlert")).to_have_count(0)
    quiet.goto("about:blank")
    assert set(settled(server)).isdisjoint(workers)  # all were started anew
    family = children(server.process.pid)
    assert server.stop() < 15
    time.sleep(1)
    assert not [pid for pid in family if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]
    assert server.process.returncode in (0, -signal.SIGTERM)
    assert "Traceback" not in server.log.read_text(), server.log.read_text()


def test_what_the_pages_import_is_light():
    """Neither a weight nor torchvision nor captum: the page is there before they would be."""
    script = "import pages.parts.show, pages.parts.save, sys, attrcore.quick as q; print(q.loaded.cache_info().currsize, 'captum' in sys.modules, 'torchvision' in sys.modules)"  # noqa: E501
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "False", "False"]


def test_another_class_is_one_click_away(quiet, server):
    opened(quiet, server, "?maps=Gradient&no.Packaged+digits=7")
    before = map_of(quiet, "Gradient").get_attribute("src")
    quiet.get_by_role("button", name="Explain another").click()
    quiet.get_by_role("menuitem").nth(1).click()
    expect(quiet.get_by_text("of the predicted class in")).to_have_count(0)
    idle(quiet)
    assert map_of(quiet, "Gradient").get_attribute("src") != before
    expect(quiet).to_have_url(re.compile("class10="))


def test_a_drawn_digit_is_explained(quiet, server):
    opened(quiet, server, "?pictures1=A+digit+you+draw&maps=Gradient")
    expect(quiet.get_by_text("Choose, take or draw a picture in the sidebar.")).to_be_visible()
    box = quiet.locator("canvas").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 5
    quiet.mouse.move(x, y)
    quiet.mouse.down()
    quiet.mouse.move(x, y + 0.6 * box["height"], steps=12)
    quiet.mouse.up()
    expect(map_of(quiet, "Gradient")).to_be_visible(timeout=30_000)
    expect(quiet.get_by_text(re.compile(r"1 · \d+\.\d% ◂ explained"))).to_be_visible()


def test_a_visitors_own_checkpoint(quiet, server, tmp_path):
    from safetensors.torch import save_file

    from attrcore.models.small import fresh

    large = {"padding": "." * 12 * 2**20}  # more than a picture may have
    save_file(fresh("MnistMLP", 5).state_dict(), tmp_path / "mine.safetensors", large)
    (tmp_path / "wrong.safetensors").write_bytes(b"no weights at all")
    opened(quiet, server, "?model=Your+own+checkpoint+%E2%80%A6&maps=Gradient")
    expect(quiet.get_by_role("heading", name="Your own checkpoint")).to_be_visible()
    quiet.get_by_role("combobox", name="Architecture").click()
    quiet.get_by_role("option", name="MnistMLP").click()
    quiet.locator("input[type=file]").set_input_files(tmp_path / "wrong.safetensors")
    quiet.get_by_role("button", name="Use these weights").click()
    expect(quiet.get_by_text("This file is neither a .safetensors file nor one that torch.save wrote.")).to_be_visible()
    quiet.locator("input[type=file]").set_input_files(tmp_path / "mine.safetensors")
    expect(quiet.get_by_text("mine.safetensors")).to_be_visible()
    expect(quiet.get_by_text("This file is neither")).to_have_count(0)  # the new file has arrived and was looked at
    idle(quiet)
    quiet.get_by_role("button", name="Use these weights").click()
    expect(map_of(quiet, "Gradient")).to_be_visible(timeout=30_000)
    idle(quiet)
    expect(quiet).to_have_url(re.compile("own(%3A|:)"))
    quiet.get_by_role("combobox", name="Model").fill("Your own")  # the last: those in view are drawn
    quiet.get_by_role("option", name="Your own checkpoint …").click()
    quiet.get_by_text("Remove one that is kept here").click()
    remove = quiet.get_by_role("button", name=re.compile(r"^Remove mine\.safetensors \("))
    remove.click()
    expect(remove).to_have_count(0)
    idle(quiet)


def test_a_slow_map_does_not_hold_its_visitor(quiet, server):
    """Occlusion takes seconds on a photo; whoever moves on meanwhile need not wait for it."""
    opened(quiet, server, "?maps=Occlusion&maps=SmoothGrad&SmoothGrad.samples=500&no.Packaged+digits=31")
    number = quiet.get_by_label("Picture (0 to 4999)")
    for digit in ("32", "33", "34"):
        number.fill(digit)
        number.press("Enter")
    expect(quiet.get_by_text("4 · 28 x 28 px")).to_be_visible(timeout=30_000)
    idle(quiet)
    expect(map_of(quiet, "SmoothGrad")).to_be_visible()
