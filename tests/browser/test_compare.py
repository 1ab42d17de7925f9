import re

from playwright.sync_api import expect

from tests.browser.conftest import idle
from tests.browser.test_see import checked, opened


def test_two_maps_stand_under_one_lens_with_their_likeness(quiet, server):
    opened(quiet, server, "compare?method=Gradient&method2=SmoothGrad", "Compare")
    for title in ("Gradient", "SmoothGrad"):
        expect(quiet.get_by_text(title, exact=True).first).to_be_visible()
    marks = quiet.locator(".likeness li")
    expect(marks).to_have_count(9)
    expect(marks.first).to_contain_text("alike")
    expect(quiet.get_by_text("Computing maps of")).to_have_count(0)
    quiet.get_by_text("Every number, and what it means").click()
    table = quiet.get_by_role("table")
    expect(table).to_contain_text("HOG-Pearson")
    expect(table).to_contain_text(re.compile(r"\d\.\d\d \(-?\d\.\d\d to -?\d\.\d\d\)"))
    quiet.get_by_role("radio", name="classes").click()
    expect(quiet.get_by_text(re.compile("Gradient · predicted class")).first).to_be_visible()
    idle(quiet)
    expect(quiet).to_have_url(re.compile("two=classes"))


def test_choices_follow_the_reader_and_the_address_holds_them(quiet, server, browser):
    opened(quiet, server, "?model=MNIST+MLP&no.Packaged+digits=7&class10=3")
    quiet.get_by_role("link", name="Compare").click()
    expect(quiet.get_by_role("heading", name="Compare")).to_be_visible()
    expect(quiet.get_by_text(re.compile("Explains “3” in MNIST MLP")).first).to_be_visible(timeout=30_000)
    expect(quiet).to_have_url(re.compile(r"compare\?.*model=MNIST\+MLP"))
    idle(quiet)
    assert quiet.get_by_label("Picture (0 to 4999)").input_value() == "7"
    fresh = browser.new_context().new_page()
    fresh.goto(quiet.url)
    expect(fresh.get_by_text(re.compile("Explains “3” in MNIST MLP")).first).to_be_visible(timeout=60_000)
    fresh.context.close()


def test_it_is_accessible_in_both_themes_and_fits_a_phone(browser, server):
    checked(browser, server, "compare?method=Gradient&method2=LRP", "Compare")


def test_on_a_phone_the_two_maps_stand_side_by_side_and_no_verdict_is_cut_off(quiet, server):
    quiet.set_viewport_size({"width": 390, "height": 844})
    for two in ("methods", "pictures"):
        opened(quiet, server, f"compare?two={two}&method=Gradient&method2=SmoothGrad", "Compare")
        expect(quiet.locator("figure").last).to_be_visible()
        *_, left, right = quiet.locator("figure").all()
        left, right = left.bounding_box(), right.bounding_box()
        assert left["y"] == right["y"] and left["x"] + left["width"] < right["x"]
        for line in quiet.locator(".likeness li").all():
            assert line.evaluate("e => e.scrollWidth <= e.clientWidth")
