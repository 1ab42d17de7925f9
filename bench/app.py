"""The app as visitors feel it: a real server, a real Chromium, and thirty visitors at once.

    python bench/app.py

Prints a table; asserts nothing.  Needs the test extra and a Chromium (or its path in CHROMIUM).  Seconds run from the
click to the moment the new pictures are on the screen.  The last column is a yardstick, taken before each line:
seconds of five million additions in Python, by which lines and tables of different moments can be compared.
"""

import asyncio
import re
import statistics
import sys
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from playwright.sync_api import Page, expect, sync_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from attrcore.models import MODELS
from tests.browser.conftest import CHROMIUM, FLAGS, Server, idle

CLICKS, ATTACKS = 60, 8
VISITORS, SECONDS = 30, 20
WARM = 20  # seconds until every worker is up

PICTURES = """[...document.querySelectorAll('.stImage img[alt$="of it"], .stImage img[alt^="The image"]')]"""
SOURCES = f"() => {PICTURES}.map(i => i.src)"
# Note when the browser heard of the last click or key, so that the driver's own time does not count.
LISTEN = """() => ['click', 'keydown'].forEach(kind => document.addEventListener(kind, e => {
    if (kind === 'click' || e.key === 'Enter') window.heard = performance.now()
}, true))"""
# Milliseconds from there to the frame in which every picture has another source, is decoded, and the script has ended.
ALL_NEW = f"""before => {{
    const now = {PICTURES};
    return now.length >= before.length && now.every(i => i.complete && i.naturalWidth && !before.includes(i.src))
        && document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'
        && performance.now() - window.heard;
}}"""
# Milliseconds from there to the first frame of a step that an attack has taken; its stage is in a shadow tree.
MOVING = """() => {
    const find = root => root.querySelector('.where')
        || [...root.querySelectorAll('*')].map(e => e.shadowRoot && find(e.shadowRoot)).find(Boolean);
    return /Step [1-9]/.test(find(document)?.innerText) && performance.now() - window.heard;
}"""


def additions() -> float:
    """Seconds of five million of them."""
    start, total = time.perf_counter(), 0
    for i in range(5_000_000):
        total += i
    return time.perf_counter() - start


def row(what: str, measure: Callable[[], list[float]], target: str) -> None:
    """One line of the table."""
    yardstick = statistics.median(additions() for _ in range(3))
    seconds = measure()
    middle, high = statistics.median(seconds), float(np.percentile(seconds, 95))
    print(f"| {what} | {len(seconds)} | {middle:.2f} | {high:.2f} | {target} | {yardstick:.2f} |", flush=True)


@contextmanager
def served() -> Iterator[Server]:
    """A server that was started just now."""
    with TemporaryDirectory() as folder:
        server = Server(Path(folder) / "log")
        try:
            yield server
        finally:
            server.stop()


def clicks(page: Page, act: Callable[[int], None], count: int) -> list[float]:
    """Seconds from each act to its pictures, by the browser's own clock."""
    page.evaluate(LISTEN)
    found = []
    for i in range(count):
        before = page.evaluate(SOURCES)
        act(i)
        took = page.wait_for_function(ALL_NEW, arg=before, polling="raf", timeout=60_000).json_value()
        found.append(took / 1000)
        idle(page)
    return found


def attacks(page: Page, digits: Iterable[int]) -> list[float]:
    """Seconds from the click on Attack to the first step on the stage, of one digit after the other."""
    page.evaluate(LISTEN)
    found = []
    for digit in digits:
        number = page.get_by_label("Picture (0 to 4999)")
        number.fill(str(digit))
        number.press("Enter")
        idle(page)
        page.get_by_role("button", name="Attack", exact=True).click()
        found.append(page.wait_for_function(MOVING, polling="raf", timeout=60_000).json_value() / 1000)
        expect(page.get_by_role("heading", name="What it did")).to_be_visible(timeout=60_000)
        idle(page)
    return found


def cold(page: Page) -> float:
    """From starting the server to the first map on the screen."""
    start = time.perf_counter()
    with served() as server:
        page.goto(f"{server.url}/?maps=Gradient")
        expect(page.get_by_role("img", name=re.compile("^Gradient map"))).to_be_visible(timeout=60_000)
        return time.perf_counter() - start


async def visitor(url: str, phase: float, end: float, found: list[float]) -> None:
    """Come `phase` seconds late, rerun once a second, and note how long each rerun takes to finish."""
    await asyncio.sleep(phase)
    address = url.replace("http", "ws") + "/_stcore/stream"
    async with connect(address, max_size=None) as socket:
        rerun = BackMsg()
        rerun.rerun_script.query_string = "maps=Gradient"
        first = True
        while time.monotonic() < end:
            start = time.monotonic()
            await socket.send(rerun.SerializeToString())
            while True:
                message = ForwardMsg()
                message.ParseFromString(await socket.recv())
                if message.WhichOneof("type") == "script_finished":
                    break
            if not first:
                found.append(time.monotonic() - start)
            first = False
            await asyncio.sleep(max(0.0, 1 - (time.monotonic() - start)))


async def crowd(url: str) -> list[float]:
    """Reruns of thirty visitors, none of which computes anything new."""
    found: list[float] = []
    end = time.monotonic() + SECONDS
    await asyncio.gather(*(visitor(url, i / VISITORS, end, found) for i in range(VISITORS)))
    return found


def apart(work: Callable[[str], Coroutine[Any, Any, list[float]]], url: str) -> list[float]:
    """Run it in a thread of its own: the browser's driver keeps an event loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(work(url))).result()


def main() -> None:
    """Every line of the table."""
    print("| what | times | median s | p95 s | aim | yardstick s |\n|---|--:|--:|--:|---|--:|")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, "--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        row("cold start of the server to the first map", lambda: [cold(page) for _ in range(3)], "<= 10")
        with served() as server:
            page.goto(f"{server.url}/?maps=Gradient&maps=Integrated+Gradients")
            idle(page)
            time.sleep(WARM)
            number = page.get_by_label("Picture (0 to 4999)")

            def next_digit(i: int) -> None:
                number.fill(str(100 + i))
                number.press("Enter")

            clicks(page, next_digit, 3)
            row(
                "click to a new digit's Gradient and IG maps",
                lambda: clicks(page, lambda i: next_digit(10 + i), CLICKS),
                "p95 <= 0.30",
            )
            if not MODELS["SqueezeNet 1.1"].missing():
                page.goto(f"{server.url}/?model=SqueezeNet+1.1&maps=Gradient")
                idle(page)
                photos = ("a cup of coffee", "a rocket on its pad", "an astronaut", "a retina", "a tabby cat")

                def next_photo(i: int) -> None:
                    page.get_by_role("combobox", name="Picture").click()
                    page.get_by_role("option", name=photos[i % len(photos)]).click()

                row("click to SqueezeNet's gradient on a new photo", lambda: clicks(page, next_photo, 4), "<= 1")
            page.goto(f"{server.url}/fool?steps=20")
            idle(page)
            attacks(page, range(200, 202))
            row(
                "click on Attack to the first step of a digit", lambda: attacks(page, range(202, 202 + ATTACKS)), "<= 1"
            )
            browser.close()  # its machine is not the server's, and even an empty page costs a tenth of a core
            row(
                f"rerun that computes nothing, {VISITORS} visitors, one a second each",
                lambda: apart(crowd, server.url),
                "p95 <= 0.30",
            )


if __name__ == "__main__":
    main()
