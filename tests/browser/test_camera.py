import re

from playwright.sync_api import expect

from tests.browser.test_see import loaded, map_of, opened


def test_a_photo_by_camera_is_explained(quiet, server):
    """Chromium's own fake device stands for a camera: a green picture with a moving pie."""
    opened(quiet, server, "?pictures1=Your+camera&maps=Gradient")
    expect(quiet.get_by_text("Choose, take or draw a picture in the sidebar.")).to_be_visible()
    quiet.wait_for_function("document.querySelector('video')?.readyState === 4", timeout=30_000)
    quiet.get_by_role("button", name=re.compile("Take Photo", re.I)).click()
    expect(map_of(quiet, "Gradient")).to_be_visible(timeout=60_000)
    expect(quiet.get_by_text(re.compile("28 x 28 px"))).to_be_visible()
    loaded(quiet)
    quiet.get_by_role("button", name=re.compile("Clear photo", re.I)).click()
    expect(quiet.get_by_text("Choose, take or draw a picture in the sidebar.")).to_be_visible(timeout=30_000)
