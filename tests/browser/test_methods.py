"""The menu of methods in a real browser."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import idle
from tests.browser.test_see import map_of, opened


def unfold(page):
    """Open the menu, and wait until it has come to rest: what moves under a pointer takes no click."""
    page.get_by_text("Choose maps").click()
    expect(page.get_by_role("button", name="Reset to the usual maps")).to_be_visible()
    rest = "e => Promise.all(e.getAnimations({ subtree: true }).map((a) => a.finished)).then(() => true)"
    assert page.locator(".st-key-choose-maps").evaluate(rest)


def test_favourites_are_remembered_by_the_browser(quiet, server):
    opened(quiet, server, "?maps=Gradient&maps=LRP")
    unfold(quiet)
    expect(quiet.get_by_role("button", name="Show my favourites")).to_be_disabled()
    quiet.get_by_role("button", name="Keep these as favourites").click()
    expect(quiet.get_by_text("Kept in this browser.")).to_be_visible()
    opened(quiet, server, "?maps=DeepLIFT")
    expect(map_of(quiet, "DeepLIFT")).to_be_visible(timeout=30_000)
    expect(map_of(quiet, "LRP")).to_have_count(0)
    idle(quiet)
    unfold(quiet)
    quiet.get_by_role("button", name="Show my favourites").click()
    expect(map_of(quiet, "LRP")).to_be_visible(timeout=30_000)
    idle(quiet)
    expect(map_of(quiet, "DeepLIFT")).to_have_count(0)
    expect(quiet).to_have_url(re.compile("maps=LRP"))


def test_many_quick_clicks_are_all_kept_and_follow_the_reader(quiet, server):
    opened(quiet, server, "?maps=DeepLIFT&maps=Gradient")
    unfold(quiet)
    for name in ("Guided Backprop", "Deconvnet", "LRP", "Deep Taylor", "Sobel edges", "Random map"):
        quiet.get_by_role("button", name=name, exact=True).click()
    for name in ("Deep Taylor", "Random map"):
        expect(map_of(quiet, name)).to_be_visible(timeout=60_000)
    idle(quiet)
    names = ["Gradient", "Guided+Backprop", "Deconvnet", "DeepLIFT", "LRP", "Deep+Taylor", "Sobel+edges", "Random+map"]
    expect(quiet).to_have_url(re.compile("&".join(f"maps={re.escape(name)}" for name in names)))
    mark = quiet.locator('[class*="st-key-under-"]').first.get_by_role("button", name="Help")
    expect(mark).to_be_visible()  # at the badge, for keyboards and fingers too
    quiet.get_by_role("link", name="Compare").click()
    expect(quiet.get_by_role("heading", name="Compare", exact=True)).to_be_visible()
    idle(quiet)
    quiet.get_by_role("link", name="See").click()
    expect(map_of(quiet, "Deep Taylor")).to_be_visible(timeout=60_000)
    expect(quiet).to_have_url(re.compile(r"\?.*maps=Random"))


def test_what_is_still_computed_takes_its_room_and_clears_its_badge(quiet, server):
    opened(quiet, server, "?maps=Gradient&maps=KernelSHAP&KernelSHAP.samples=5000")
    expect(quiet.get_by_text(re.compile("^random part"))).to_be_visible()
    quiet.evaluate("""() => {
        window.seen = []
        new MutationObserver(() => {
            for (const e of document.querySelectorAll(".pending")) {
                const [box, card] = [e.getBoundingClientRect(), e.closest("[class*='st-key-card-']")]
                window.seen.push([box.width, box.height, card.querySelectorAll(".stMarkdownBadge").length])
            }
        }).observe(document.body, { subtree: true, childList: true })
    }""")
    number = quiet.get_by_label("Picture (0 to 4999)")
    number.fill("21")
    number.press("Enter")
    expect(quiet.get_by_text("1 · 28 x 28 px")).to_be_visible(timeout=30_000)
    idle(quiet)
    expect(map_of(quiet, "KernelSHAP")).to_be_visible()
    seen = quiet.evaluate("window.seen")
    assert seen and all(abs(w - h) < 1 and badges == 0 for w, h, badges in seen)
