"""What all components of our own have in common, in a real browser."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.components.driver import SEVEN, draw, opened
from tests.browser.conftest import idle


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("part", ["digit", "mask", "mask&how=polygon", "lens", "small", "theatre", "swipe"])
def test_they_are_accessible_in_both_themes_and_fit_a_phone(browser, parts, part, scheme):
    context = browser.new_context(color_scheme=scheme, viewport={"width": 390, "height": 844})
    page = context.new_page()
    opened(page, parts, part)
    if part.startswith(("digit", "mask")):
        draw(page, *SEVEN)
    elif part == "theatre":
        page.get_by_role("slider", name="Step").press("PageDown")
    elif part == "swipe":
        page.get_by_role("slider", name="Divider").press("PageDown")
    else:
        page.get_by_role("application").focus()
        page.keyboard.press("ArrowDown")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.set_viewport_size({"width": 1280, "height": 900})
    idle(page)
    found = Axe().run(page)
    serious = [v["id"] for v in found.response["violations"] if v["impact"] in ("serious", "critical")]
    assert not serious, found.generate_report()
    context.close()
