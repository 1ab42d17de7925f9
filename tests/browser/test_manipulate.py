"""The page Manipulate in a real browser."""

import json
import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from attrcore import kept, store
from attrcore.studies.model_fooling import ModelFooling
from tests.browser.conftest import idle, serious

SMALL = {"model": "MNIST MLP", "manipulate.count": 10, "manipulate.steps": 12, "manipulate.batch": 8,
         "manipulate.every": 4, "ModelFooling.pictures": 200}  # fmt: skip


def opened(page, server, **choices):
    page.goto(f"{server.url}/manipulate?{urlencode(choices)}")
    expect(page.get_by_role("heading", name="Manipulate", exact=True)).to_be_visible(timeout=120_000)
    idle(page)


def done(page, server, **choices):
    """The page with a study that is done; its key."""
    opened(page, server, **SMALL, **choices)
    start = page.get_by_role("button", name="Manipulate", exact=True)
    if start.count():
        start.click()
    expect(page.get_by_text(re.compile("^Made by "))).to_be_visible(timeout=120_000)
    idle(page)
    return next(entry.key for entry in store.listed() if entry.kind == ModelFooling.__name__ and entry.state == "done")


def test_maps_and_curves_move_while_it_runs_and_it_can_be_cancelled(quiet, server):
    opened(quiet, server, **{**SMALL, "manipulate.steps": 3000})
    quiet.get_by_role("button", name="Manipulate", exact=True).click()
    stage = quiet.locator(".theatre")
    expect(stage).to_have_attribute("data-step", re.compile("^[1-9]"), timeout=120_000)
    first = int(stage.get_attribute("data-step"))
    expect(stage).not_to_have_attribute("data-step", str(first), timeout=60_000)
    expect(quiet.get_by_role("img", name=re.compile("^Maps now at step"))).to_be_visible()
    expect(quiet.locator(".theatre .region.core")).to_have_count(4)
    expect(quiet.locator(".theatre .region.core").last).to_have_attribute("d", re.compile("^M"))  # still outlined
    quiet.get_by_role("button", name="Cancel").click()
    expect(quiet.get_by_text("It was cancelled.")).to_be_visible(timeout=60_000)
    expect(quiet.get_by_role("button", name="Go on")).to_be_visible(timeout=60_000)


def test_what_it_found_is_shown_downloaded_and_loaded_again_as_a_checkpoint(quiet, server, tmp_path):
    key = done(quiet, server)
    n = kept.result(key, ()).numbers
    fooled = n["networks"]["fooled"]["fooled"]
    expect(quiet.get_by_role("row", name="Fooled, by share")).to_contain_text(f"{fooled['share']:.0%} (")
    expect(quiet.locator(".swipe")).to_have_count(4)
    divider = quiet.get_by_role("slider", name="Divider").first
    before = divider.get_attribute("aria-valuenow")
    divider.focus()
    quiet.keyboard.press("ArrowLeft")
    expect(divider).not_to_have_attribute("aria-valuenow", before)
    with quiet.expect_download() as file:
        quiet.get_by_role("button", name="Numbers (.json)").click()
    assert json.loads(file.value.path().read_text())["numbers"] == n
    with quiet.expect_download() as file:
        quiet.get_by_role("button", name="Fooled weights (.safetensors)").click()
    weights = tmp_path / "fooled.safetensors"
    file.value.save_as(weights)
    quiet.get_by_text("Look at the fooled network on the other pages").click()
    says = quiet.get_by_text(re.compile("^Download the weights")).inner_text()
    assert "architecture MnistMLP" in says and "normalisation none" in says and "height 28" in says
    quiet.goto(f"{server.url}/?{urlencode({'model': 'Your own checkpoint …'})}")
    expect(quiet.get_by_role("heading", name="Your own checkpoint")).to_be_visible(timeout=60_000)
    idle(quiet)
    quiet.get_by_role("combobox", name="Architecture").click()
    quiet.get_by_role("option", name="MnistMLP").click()
    idle(quiet)
    quiet.locator('input[type="file"]').set_input_files(weights)
    quiet.get_by_role("button", name="Use these weights").click(timeout=60_000)
    expect(quiet.get_by_role("heading", name="Your own checkpoint")).to_have_count(0, timeout=60_000)
    expect(quiet.get_by_role("combobox", name="Model")).to_have_value(re.compile("fooled.safetensors"), timeout=60_000)


def test_a_link_opens_the_run_and_a_region_of_nothing_is_refused_in_a_sentence(quiet, server):
    key = done(quiet, server)
    quiet.goto(f"{server.url}/manipulate?run={key}")
    expect(quiet.get_by_text(re.compile("^Made by "))).to_be_visible(timeout=120_000)
    expect(quiet.get_by_text(f"This is the run {key} from the store")).to_be_visible()
    opened(quiet, server, **{"Frame.width": 0.0})
    expect(quiet.get_by_role("alert")).to_contain_text("The region holds no pixel")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_in_both_themes_and_on_a_phone(browser, server, scheme):
    for width in (390, 1280):
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
        page = context.new_page()
        done(page, server)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert not serious(page)
        context.close()
