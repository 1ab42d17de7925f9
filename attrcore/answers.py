"""Answers to come: what a question to the engine gives, once it is known."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from distributed import Future, KilledWorker
from distributed.client import FutureCancelledError
from distributed.comm import CommClosedError

from attrcore.kinds import NotNow, Refused

PATIENCE = 600.0  # seconds until a question that nobody answers is given up; who asked may leave before
SLICE = 0.1  # seconds between two looks at whether the visitor is still there
LOST = "The scheduler has gone away. Reload the page in a moment."
BROKEN = (KilledWorker, FutureCancelledError, CommClosedError)  # the worker died; the question may be innocent

log = logging.getLogger(__name__)


class NoAnswer(RuntimeError):
    """The engine did not answer.  The message is fit for a page."""


class Answer:
    """What a question gives, once it is known.  Shared by all who ask the same."""

    def __init__(self, submit: Callable[[], Future], forget: Callable[["Answer"], None]) -> None:
        self.submit, self.forget = submit, forget
        self.askers = self.tries = 0
        self.lock = threading.Lock()
        self.value: Any = None
        self.size = 0  # bytes of the arrays in it
        self.error: Exception | None = None
        self.put()

    def put(self) -> None:
        """Hand the question to the cluster."""
        self.tries += 1
        self.deadline = time.monotonic() + PATIENCE
        self.future: Future | None = self.submit()
        self.come = come = threading.Event()
        self.future.add_done_callback(lambda _: come.set())

    def soon(self, seconds: float) -> bool:
        """Is it there, or will it be within `seconds`?"""
        return self.future is None or self.come.wait(seconds)

    def result(self, still_there: Callable[[], Any] = lambda: None) -> Any:
        """Wait for it, calling `still_there` ten times a second, which may raise to leave.

        Raises what the question raised, or NoAnswer.
        """
        while self.future is not None:
            if self.come.wait(SLICE):
                self.collect()
            elif time.monotonic() < self.deadline:
                still_there()
            else:
                self.forget(self)
                raise NoAnswer(f"No answer within {PATIENCE:.0f} seconds: the server is busy. Try again later.")
        if self.error is not None:
            raise self.error.with_traceback(None)  # else it would grow by a frame with every asker
        return self.value

    def collect(self) -> None:
        """Take what has come, or put the question once more when its first worker died."""
        with self.lock:
            if self.future is None or not self.come.is_set():
                return  # another asker was faster
            try:
                self.value = self.future.result(timeout=PATIENCE)
                self.size = nbytes(self.value)
            except BROKEN as e:
                self.future.release()
                try:
                    if self.tries == 1:
                        return self.put()
                    raise NoAnswer("The computation broke down twice; the server's log says why.") from e
                except NoAnswer as given_up:
                    self.error = given_up
                    log.exception("a computation broke down")
            except Exception as e:
                self.error = e
            lasting = isinstance(self.error, Refused) and not isinstance(self.error, NotNow)
            if self.error is not None and not lasting:
                self.forget(self)  # a refusal stays true; the rest the next visitor may try again
            self.future.release()  # a held future would be computed again when its worker dies later
            self.future = None

    def give_up(self) -> None:
        """One asker less.  What nobody waits for any more is not computed, or stops at its next slice."""
        self.askers -= 1
        if self.askers == 0 and (future := self.future) is not None:
            self.forget(self)
            future.cancel()


def nbytes(value: Any) -> int:
    """Bytes of the arrays within tuples, lists and dicts."""
    if isinstance(value, dict):
        return sum(map(nbytes, value.values()))
    return sum(map(nbytes, value)) if isinstance(value, tuple | list) else getattr(value, "nbytes", 0)


def as_they_come(answers: dict[str, Answer], still_there: Callable[[], Any] = lambda: None) -> Iterator[str]:
    """The names of the answers, each when it is there (or too late), so that no quick one waits for a slow one."""
    waiting = dict(answers)
    while waiting:
        for name in [n for n, a in waiting.items() if a.soon(0) or time.monotonic() > a.deadline]:
            del waiting[name]
            yield name
        if waiting:
            next(iter(waiting.values())).soon(SLICE / 4)
            still_there()
