import re

from playwright.sync_api import expect

from tests.browser.conftest import idle
from tests.browser.test_see import checked, opened


def test_two_maps_stand_under_one_lens_with_their_likeness(quiet, server):
    opened(quiet, server, "compare?method=Gradient&method2=SmoothGrad", "Compare")
    for title in ("Gradient", "SmoothGrad"):
        expect(quiet.get_by_text(title, exact=True).first).to_be_visible()
    table = quiet.get_by_role("table")
    expect(table).to_contain_text("HOG-Pearson")
    expect(table).to_contain_text(re.compile(r"\d\.\d\d \(-?\d\.\d\d to -?\d\.\d\d\)"))
    quiet.get_by_role("radio", name="classes").click()
    expect(quiet.get_by_text(re.compile("Gradient · predicted class")).first).to_be_visible()
    idle(quiet)
    assert "two=classes" in quiet.url


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
