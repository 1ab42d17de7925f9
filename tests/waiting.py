"""Waiting for what other processes do."""

import time


def until(true, seconds=20.0):
    """What `true` gives, once that is true."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.01)
    return found


def over(engine, key, seconds=20.0):
    """The look of a run that has ended."""
    return until(lambda: not (seen := engine.look(key)).live and seen, seconds)
