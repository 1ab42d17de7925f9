"""The server: `streamlit run app.py`.  Workers are up before the first visitor and down before the end."""

import asyncio
import logging
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HERE = Path(__file__).resolve().parent
sys.path[:0] = [p for p in (str(HERE),) if p not in sys.path]  # pages import pages.parts
CALM = 10.0  # seconds until the first visitor has a map and other workers may use the cores to wake up
log = logging.getLogger("attrcore.app")

HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"SAMEORIGIN",
    b"referrer-policy": b"same-origin",  # links hold choices; other sites need not learn them
    b"cross-origin-opener-policy": b"same-origin",
}


class SecurityHeaders:
    """Adds `HEADERS` to every HTTP answer; Streamlit sends none of them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; touch only the start of HTTP answers."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *HEADERS.items()]
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


class NoDelay:
    """Has small answers sent at once.

    Streamlit's socket lacks the protocol number by which asyncio knows TCP (python/cpython: `_set_nodelay`), so that
    every rerun waited 40 ms for an acknowledgement before its second message left.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Set the option on the connection that uvicorn's `receive` belongs to."""
        transport = getattr(getattr(receive, "__self__", None), "transport", None)
        if transport is not None and (connection := transport.get_extra_info("socket")) is not None:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        elif scope["type"] != "lifespan":
            log.warning("TCP_NODELAY could not be set: reruns are 40 ms slower")
        await self.app(scope, receive, send)


def imports() -> None:
    """What the first page needs, while the engine's worker wakes up."""
    import pages.parts.save  # noqa: F401
    from attrcore.data.digits import packaged_digits

    packaged_digits()


def more_workers() -> None:
    """Those beyond the first."""
    from attrcore import jobs

    jobs.engine().grow()


async def done(work: Callable[[], Any], after: float = 0.0) -> None:
    """Do it beside the pages, so many seconds from now.  What fails is logged; pages try again and tell visitors."""
    await asyncio.sleep(after)
    try:
        await asyncio.to_thread(work)
    except Exception:
        log.exception("%s failed at the start", work.__name__)


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Say where the app is, wake the engine beside the first page, and close it in time."""
    from attrcore import jobs

    print(f"The app is at http://{st.get_option('server.address') or 'localhost'}:{st.get_option('server.port')}; "
          "Ctrl+C here ends it.", flush=True)  # fmt: skip
    tasks = [asyncio.create_task(done(work)) for work in (jobs.engine, imports)]
    tasks.append(asyncio.create_task(done(more_workers, after=CALM)))
    yield {}
    tasks[-1].cancel()
    await asyncio.wait(tasks)
    await asyncio.to_thread(jobs.close)


def on_error(error: Exception) -> bool:
    """A bug: the log gets the traceback, the visitor a sentence."""
    log.error("a page failed", exc_info=error)
    st.error("Something went wrong here, and the server's log says what. Reload the page to go on.")
    return True


app = st.App(
    HERE / "pages" / "frame.py",
    lifespan=lifespan,
    middleware=[Middleware(NoDelay), Middleware(SecurityHeaders)],
    on_script_error=on_error,
)
