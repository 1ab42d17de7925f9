"""The pages Train and Models in a real browser."""

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import idle, serious

# The five-minute preset, cut to seconds.
SECONDS = {"train.network": "MnistMLP", "train.start.MnistMLP": "MNIST MLP", "train.batch": 1000, "train.epochs": 1}
CONTEST = {"model": "MNIST MLP", "models.against": "MNIST CNN", "steps": 5}


def opened(page, server, name, **choices):
    page.goto(f"{server.url}/{name}?{urlencode(choices)}")
    expect(page.get_by_role("heading", name=name.title(), exact=True)).to_be_visible(timeout=90_000)
    idle(page)


def done(page, server, name, **choices):
    """The page with all that it finds."""
    opened(page, server, name, **choices)
    start = page.get_by_role("button", name={"train": "Train", "models": "Attack all"}[name], exact=True)
    if start.count():
        start.click()
    expect(page.get_by_role("button", name="Recipe (.json)")).to_be_visible(timeout=180_000)
    idle(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("name", "choices"), [("train", SECONDS), ("models", CONTEST)])
def test_it_is_accessible_in_both_themes_and_on_a_phone(browser, server, name, choices, scheme):
    for width in (390, 1280):
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
        page = context.new_page()
        done(page, server, name, **choices)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert not serious(page)
        context.close()


def test_a_training_is_watched_cancelled_and_what_it_came_to_is_compared(quiet, server):
    opened(quiet, server, "train", **{**SECONDS, "train.batch": 200, "train.epochs": 200})
    quiet.get_by_role("button", name="Train", exact=True).click()
    expect(quiet.get_by_text(re.compile("^Last look: NA"))).to_be_visible(timeout=120_000)
    expect(quiet.get_by_role("figure", name=re.compile("^Terms of the loss now"))).to_be_visible(timeout=60_000)
    quiet.get_by_role("button", name="Cancel").click()
    expect(quiet.get_by_text("It was cancelled.")).to_be_visible(timeout=60_000)
    quiet.get_by_role("button", name="Offer this network on every page").click()
    expect(quiet.get_by_text(re.compile("is in the menu of models now"))).to_be_visible(timeout=60_000)
    quiet.get_by_role("link", name="Models").click()
    expect(quiet.get_by_role("heading", name="Models", exact=True)).to_be_visible(timeout=60_000)
    expect(quiet.get_by_role("combobox", name="Model")).to_have_value(re.compile("IG-SUM-NORM, stopped early"))
    idle(quiet)
    quiet.get_by_role("spinbutton", name="Steps").fill("5")
    quiet.keyboard.press("Enter")
    idle(quiet)
    quiet.get_by_role("button", name="Attack all").click()
    expect(quiet.get_by_role("heading", name="What it did")).to_be_visible(timeout=120_000)
    expect(quiet.get_by_role("img", name=re.compile("^1. IG-SUM-NORM, stopped early.* at step 5"))).to_be_visible()


def test_panes_of_one_network_stand_in_one_column_and_scrub_together(quiet, server):
    done(quiet, server, "models", **CONTEST)
    boxes = [view.bounding_box() for view in quiet.locator(".theatre .view").all()]
    assert len(boxes) == 6
    for left, right in zip(boxes[::2], boxes[1::2], strict=True):
        assert left["y"] == right["y"] and left["x"] == boxes[0]["x"] and right["x"] == boxes[1]["x"]
    expect(quiet.locator('.theatre[data-step="5"]')).to_be_visible(timeout=30_000)  # before, there is nowhere to go
    slider = quiet.get_by_role("slider", name="Step")
    slider.press("Home")
    expect(quiet.locator('.theatre[data-step="0"]')).to_be_visible()
    expect(quiet.get_by_role("img", name="2. Map at step 0")).to_be_visible()
    plots = [plot.bounding_box() for plot in quiet.locator(".theatre .plot").all()]
    assert [plot["x"] for plot in plots[:2]] == [boxes[0]["x"], boxes[1]["x"]]
