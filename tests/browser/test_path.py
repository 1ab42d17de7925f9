"""The page Path in a real browser."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import idle, watched

TITLES = ["Image at alpha 0.524", "Gradient there", "Map so far", "Finished map"]


def opened(page, server, query=""):
    page.goto(f"{server.url}/path{query}")
    expect(page.get_by_role("heading", name="Path")).to_be_visible(timeout=90_000)
    idle(page)


def pictures(page):
    return page.locator(".lens .picture").evaluate_all("all => all.map(i => i.src)")


def titles(page):
    return page.locator(".lens .title")


def chart(page):
    return page.locator(".js-plotly-plot").first


def test_a_cold_link_shows_the_path(quiet, server):
    opened(quiet, server)
    expect(titles(quiet)).to_have_text(TITLES)
    expect(quiet.get_by_text(re.compile("^sum kept, "))).to_be_visible()
    expect(chart(quiet)).not_to_contain_text("saturated")  # a digit's logit goes up a straight line
    expect(chart(quiet)).to_contain_text("alpha: 0 is the baseline, 1 the image")


def test_the_slider_walks_along_the_path_and_a_link_leads_back_there(quiet, server, browser):
    opened(quiet, server, "?alpha=0.63")
    expect(titles(quiet).first).to_have_text("Image at alpha 0.620")
    before = pictures(quiet)
    slider = quiet.get_by_role("slider", name="alpha")
    slider.focus()
    for _ in range(3):
        slider.press("ArrowRight")
    expect(titles(quiet).first).to_have_text("Image at alpha 0.666")
    idle(quiet)
    after = pictures(quiet)
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, False, False, True]
    expect(quiet).to_have_url(re.compile("alpha=0.66"))
    fresh = browser.new_context().new_page()
    bad = watched(fresh)
    fresh.goto(quiet.url)
    expect(titles(fresh).first).to_have_text("Image at alpha 0.666", timeout=60_000)
    idle(fresh)
    assert pictures(fresh) == after and not bad
    fresh.context.close()


def test_curves_slider_and_pictures_are_seen_together_and_the_thumb_is_below_the_mark(quiet, server):
    quiet.set_viewport_size({"width": 1280, "height": 900})
    for alpha in (0.1, 0.9):
        opened(quiet, server, f"?IntegratedGradients.rule=midpoint&IntegratedGradients.steps=5&alpha={alpha}")
        expect(titles(quiet).first).to_have_text(f"Image at alpha {alpha:.3f}")
        top, last = chart(quiet).bounding_box()["y"], quiet.locator(".lens .view").nth(3).bounding_box()
        assert last["y"] + last["height"] - top < 840  # below the header
        thumb = quiet.locator(".st-key-along").get_by_test_id("stSliderThumbValue").bounding_box()
        mark = chart(quiet).locator(".shapelayer path").first.bounding_box()
        assert abs(thumb["x"] + thumb["width"] / 2 - mark["x"] - mark["width"] / 2) < 6


def test_what_was_chosen_on_another_page_follows(quiet, server):
    quiet.goto(f"{server.url}/?maps=Integrated+Gradients&IntegratedGradients.steps=9&no.Packaged+digits=13")
    expect(quiet.get_by_role("heading", name="See")).to_be_visible(timeout=90_000)
    idle(quiet)
    quiet.get_by_role("link", name="Path").click()
    expect(quiet.get_by_role("heading", name="Path")).to_be_visible()
    expect(quiet.get_by_role("slider", name="Steps")).to_have_value("9")
    expect(quiet.get_by_text("3 · 28 x 28 px")).to_be_visible(timeout=30_000)


def test_pictures_on_the_path_zoom_together_and_show_their_values(quiet, server):
    opened(quiet, server)
    view = quiet.locator(".lens .view").nth(3)
    view.scroll_into_view_if_needed()
    view.hover()
    reads = quiet.locator(".lens .read").all_inner_texts()
    assert re.fullmatch(r"row 1\d, column 1\d", reads[0])  # near the middle
    assert all(re.fullmatch(re.escape(reads[0]) + r"\n-?\d.*", r) for r in reads[1:])


def test_clicking_patches_changes_the_baseline_and_the_map(quiet, server):
    opened(quiet, server, "?lab=true")
    expect(quiet.get_by_text("Nothing is painted yet")).to_be_visible()
    before = pictures(quiet)
    pad = quiet.get_by_role("application", name="Paint what to replace")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    quiet.mouse.click(box["x"] + 0.4 * box["width"], box["y"] + 0.5 * box["height"])
    expect(quiet.get_by_text(re.compile(r"\d+% of the image is replaced\."))).to_be_visible(timeout=30_000)
    idle(quiet)
    after = pictures(quiet)
    assert after[0] != before[0] and after[3] != before[3]
    expect(quiet.get_by_text("Black where you painted, the image elsewhere")).to_be_visible()
    quiet.get_by_role("button", name="Undo").click()
    expect(quiet.get_by_text("Nothing is painted yet")).to_be_visible(timeout=30_000)
    idle(quiet)
    assert pictures(quiet) == before


def test_another_picture_knows_nothing_of_what_was_painted_on_the_former(quiet, server):
    opened(quiet, server, "?lab=true")
    pad = quiet.get_by_role("application", name="Paint what to replace")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    quiet.mouse.click(box["x"] + 0.4 * box["width"], box["y"] + 0.5 * box["height"])
    says = quiet.locator(".paint .says")
    expect(says).to_have_text(re.compile(r"\d % painted"))
    expect(quiet.get_by_text("The address of this page does not hold what you paint")).to_be_visible(timeout=30_000)
    number = quiet.get_by_label("Picture (0 to 4999)")
    for picture, words in (("13", ""), ("0", re.compile(r"\d % painted"))):
        number.fill(picture)
        number.press("Enter")
        expect(quiet.get_by_text("Nothing is painted yet")).to_have_count(0 if words else 1, timeout=30_000)
        idle(quiet)
        expect(says).to_have_text(words)


def test_another_picture_leaves_nothing_of_the_former(quiet, server):
    opened(quiet, server)
    before = pictures(quiet)
    number = quiet.get_by_label("Picture (0 to 4999)")
    number.fill("13")
    number.press("Enter")
    expect(quiet.get_by_text("3 · 28 x 28 px")).to_be_visible(timeout=30_000)
    idle(quiet)
    assert not set(before) & set(pictures(quiet))
    expect(quiet.get_by_text("label: 0 ·")).to_have_count(0)


def test_gaps_come_when_they_are_asked_for_and_not_again_by_themselves(quiet, server):
    opened(quiet, server)
    expect(quiet.locator(".js-plotly-plot")).to_have_count(1)
    quiet.get_by_role("button", name="Compute the gaps").click()
    expect(quiet.get_by_role("progressbar")).to_be_visible()
    expect(quiet.get_by_role("button", name="Stop computing")).to_be_visible()
    expect(quiet.get_by_role("button", name="Compute the gaps")).to_have_count(0)
    expect(quiet.locator(".js-plotly-plot")).to_have_count(6, timeout=60_000)
    idle(quiet)
    expect(quiet.locator(".js-plotly-plot").nth(5)).to_contain_text("5 %")
    expect(quiet.get_by_role("progressbar")).to_have_count(0)
    number = quiet.get_by_label("Picture (0 to 4999)")
    number.fill("13")
    number.press("Enter")
    expect(quiet.get_by_role("button", name="Compute the gaps")).to_be_visible(timeout=30_000)
    idle(quiet)
    expect(quiet.locator(".js-plotly-plot")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_in_both_themes_and_on_a_phone(browser, server, scheme):
    for width in (390, 1280):
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
        page = context.new_page()
        opened(page, server, "?lab=true")
        button = page.get_by_role("button", name=re.compile("^Compute the "))
        if button.count():  # else they are known already
            button.click()
        expect(page.locator(".js-plotly-plot")).to_have_count(6, timeout=60_000)
        idle(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        main = page.get_by_test_id("stMainBlockContainer").bounding_box()
        for part in page.locator(".js-plotly-plot, .view, .pad").all():
            box = part.bounding_box()
            assert box["x"] >= main["x"] and box["x"] + box["width"] <= main["x"] + main["width"] + 1
        found = Axe().run(page)
        serious = [v["id"] for v in found.response["violations"] if v["impact"] in ("serious", "critical")]
        assert not serious, found.generate_report()
        context.close()
