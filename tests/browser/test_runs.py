"""The page Runs in a real browser, of a server that shares its shelf with this process."""

import re
import threading

import pytest
from playwright.sync_api import expect

from attrcore import runs, store
from attrcore.folder import Folder
from tests.browser.conftest import idle, serious
from tests.rehearsals import Rehearsal


def begun(**settings):
    """A run in a thread of this process: its key, and the thread."""
    study = Rehearsal(**settings)
    attempt = Folder(study.key()).queue(study, "anna")
    thread = threading.Thread(target=runs.work, args=(study.key(), attempt))
    thread.start()
    return study.key(), thread


def done(**settings):
    key, thread = begun(**settings)
    thread.join()
    return key


def opened(page, server, query="?runs.kind=Rehearsal"):
    page.goto(f"{server.url}/runs{query}")
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible(timeout=90_000)
    idle(page)


def row(page, key):
    return page.locator(f".st-key-run-{key}")


def test_a_live_run_moves_and_ends_without_a_reload_and_the_page_stays_where_it_is(quiet, server):
    for seed in range(8):
        done(seed=500 + seed)
    key, thread = begun(steps=10**5, pause=0.02, seed=600)
    opened(quiet, server)
    expect(row(quiet, key).get_by_text(re.compile(r"Step \d+ of 100000, about \d+ min left"))).to_be_visible()
    said = row(quiet, key).get_by_text(re.compile("Step "))
    first = said.inner_text()
    expect(said).not_to_have_text(first, timeout=2_000)
    main = quiet.get_by_test_id("stMain")
    main.evaluate("m => m.scrollTo(0, 250)")
    before = main.evaluate("m => m.scrollTop")
    second = said.inner_text()
    expect(said).not_to_have_text(second, timeout=2_000)
    assert before > 100 and main.evaluate("m => m.scrollTop") == before
    (Folder(key) / "cancel").touch()
    expect(row(quiet, key).get_by_text("cancelled")).to_be_visible(timeout=10_000)
    thread.join()
    expect(row(quiet, key).get_by_role("button", name="More")).to_be_visible()


def test_a_run_that_somebody_else_starts_comes_by_itself(quiet, server):
    done(seed=500)
    opened(quiet, server)
    key, thread = begun(steps=10**5, pause=0.02, seed=601)
    expect(row(quiet, key)).to_be_visible(timeout=20_000)
    (Folder(key) / "cancel").touch()
    thread.join()


def test_deleting_by_keyboard_asks_first(quiet, server):
    key = done(seed=602)
    opened(quiet, server)
    more = row(quiet, key).get_by_role("button", name="More")
    for thought_over in (True, False):
        more.focus()
        quiet.keyboard.press("Enter")
        delete = quiet.get_by_text("Delete", exact=True)
        expect(delete).to_be_visible()
        quiet.wait_for_function("document.activeElement.closest('[role=menu], [role=listbox]')")
        quiet.keyboard.press("ArrowUp")  # the last of the menu
        quiet.keyboard.press("Enter")
        dialog = quiet.get_by_role("dialog")
        expect(dialog).to_contain_text("This cannot be undone")
        assert store.look(key) is not None
        if thought_over:
            quiet.keyboard.press("Escape")
            expect(dialog).to_have_count(0)
            idle(quiet)
    dialog.get_by_role("button", name="Delete it").focus()
    quiet.keyboard.press("Enter")
    expect(row(quiet, key)).to_have_count(0)
    assert store.look(key) is None


def test_ticks_are_in_the_address_and_a_link_shows_the_same_table(quiet, server, browser):
    a, b = done(seed=603), done(seed=604)
    opened(quiet, server)
    for key in (a, b):
        row(quiet, key).get_by_text(key).click()
        idle(quiet)
    table = quiet.get_by_role("region", name="Settings that differ")
    expect(table).to_contain_text("603")
    expect(quiet).to_have_url(re.compile(f"compare={a}&compare={b}"))
    fresh = browser.new_context().new_page()
    fresh.goto(quiet.url)
    expect(fresh.get_by_role("region", name="Settings that differ")).to_have_text(table.inner_text(), timeout=60_000,
                                                                              use_inner_text=True)  # fmt: skip
    fresh.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_in_both_themes_and_on_a_phone(browser, server, scheme):
    a, b = done(seed=605), done(seed=606)
    for width in (390, 1280):
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
        page = context.new_page()
        opened(page, server, f"?runs.kind=Rehearsal&compare={a}&compare={b}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert not serious(page)
        context.close()
