import gc
import threading
import time
import weakref

import pytest

from attrcore import jobs
from pages.parts import cached


@pytest.fixture(scope="module", autouse=True)
def engine():
    yield jobs.engine()
    jobs.close()


class Node:
    """Part of a ring that only the collector can free."""


def ring():
    a, b = Node(), Node()
    a.other, b.other = b, a
    return weakref.ref(a)


def test_garbage_is_swept_in_the_end(monkeypatch):
    gone = ring()
    gc.freeze()
    gc.collect()
    assert gone() is not None  # hidden, as everything is that was there when a run began
    monkeypatch.setattr(cached, "_swept", time.monotonic() - cached.SWEEP - 1)
    cached.spare_the_collector()
    assert gone() is None
    gone = ring()
    gc.collect()  # what a run leaves behind is freed after it, as Streamlit does
    assert gone() is None
    gc.unfreeze()


def test_so_many_pages_are_drawn_at_a_time_and_who_waits_lets_others_draw(monkeypatch):
    monkeypatch.setattr(cached, "TURNS", threading.Semaphore(2))
    drawing, most, waiting = [], [], threading.Event()

    def page(waits):
        with cached.run():
            if waits:
                with cached.aside():
                    waiting.wait(10)
            drawing.append(1)
            most.append(len(drawing))
            time.sleep(0.05)
            drawing.pop()

    idle = [threading.Thread(target=page, args=(True,)) for _ in range(3)]
    busy = [threading.Thread(target=page, args=(False,)) for _ in range(6)]
    for t in (*idle, *busy):
        t.start()
    for t in busy:
        t.join(10)
    assert len(most) == 6  # the three that wait have held nobody
    waiting.set()
    for t in idle:
        t.join(10)
    assert len(most) == 9 and max(most) <= 2


def test_a_page_that_fails_or_is_left_while_it_waits_gives_its_turn_back(monkeypatch):
    monkeypatch.setattr(cached, "TURNS", threading.Semaphore(1))
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), cached.run(), cached.aside():
            raise ZeroDivisionError
        with pytest.raises(KeyError), cached.run():
            raise KeyError
    with cached.run():
        assert not cached.TURNS.acquire(blocking=False)
    assert cached.TURNS.acquire(blocking=False)
