"""A real server on a free port and a real Chromium."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

ROOT = Path(__file__).parents[2]
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome") or ""
FLAGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream",
         "--use-fake-ui-for-media-stream"]  # fmt: skip


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    if not CHROMIUM:
        give_up = pytest.fail if os.environ.get("ATTRCORE_BROWSER") == "required" else pytest.skip
        give_up("no Chromium on this machine; install one or name it in the variable CHROMIUM")
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": FLAGS + root}


class Server:
    """`streamlit run` in a process of its own, of the app or of another script."""

    def __init__(self, log, script="app.py"):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.url, self.log = f"http://127.0.0.1:{port}", log
        options = ["--server.headless=true", "--server.address=127.0.0.1", f"--server.port={port}"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", script, *options],
            cwd=ROOT, stdout=log.open("w"), stderr=subprocess.STDOUT,
        )  # fmt: skip
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            try:
                if urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1).read() == b"ok":
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(log.read_text())

    def stop(self):
        """Ask it to end; seconds until it did."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        finally:
            self.process.kill()
        return time.monotonic() - start


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server") / "log")
    yield running
    running.stop()
    log = running.log.read_text()
    assert "Traceback" not in log and "TCP_NODELAY" not in log and "Compute Failed" not in log, log


@pytest.fixture(scope="session")
def parts(tmp_path_factory):
    """The components of our own, each by itself."""
    running = Server(tmp_path_factory.mktemp("parts") / "log", "tests/browser/components/app.py")
    yield running
    running.stop()
    assert "Traceback" not in running.log.read_text(), running.log.read_text()


def idle(page):
    """The script has finished, and every widget that loads late has replaced its skeleton."""
    ready = '[data-testid="stApp"][data-test-connection-state="CONNECTED"][data-test-script-state="notRunning"]'
    expect(page.locator(ready)).to_be_visible(timeout=90_000)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=60_000)


def serious(page):
    """What axe finds on a page that shuts people out, in words."""
    found = Axe().run(page)
    return [f"{v['id']}: {v['nodes']}" for v in found.response["violations"] if v["impact"] in ("serious", "critical")]


def watched(page):
    """Complaints of a page: console errors, uncaught exceptions, failed requests, requests to other machines."""
    bad = []
    # On a deep link Streamlit asks <page>/_stcore/... first and gets 404 (streamlit#7074).
    probe = ("/_stcore/health", "/_stcore/host-config")

    def console(message):
        url = message.location.get("url", "")
        # A run that a newer one breaks off takes its pictures with it; whether those that stay arrive, tests ask.
        gone = "/media/" in url or message.text.startswith("Client Error: Image source error")
        if message.type == "error" and not gone and not url.endswith(probe):
            bad.append(f"console: {message.text}")

    page.on("console", console)
    page.on("pageerror", lambda e: bad.append(f"uncaught: {e}"))

    def failed(request):
        if request.failure != "net::ERR_ABORTED":  # which is a page that was left while it loaded
            bad.append(f"failed: {request.url} {request.failure}")

    page.on("requestfailed", failed)
    page.on(
        "request",
        lambda r: r.url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")) or bad.append(r.url),
    )
    return bad


@pytest.fixture
def quiet(page):
    """A page that fails its test on any complaint."""
    bad = watched(page)
    yield page
    assert not bad, bad
