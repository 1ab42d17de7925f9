"""Waiting for what other processes do."""

import time


def until(true, seconds=20.0):
    """What `true` gives, once that is true."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, f"it never came to be, in {seconds:g} s"
        time.sleep(0.01)
    return found


def over(engine, key, seconds=20.0):
    """The look of a run that has ended."""
    end = time.monotonic() + seconds
    while (seen := engine.look(key)).live:
        assert time.monotonic() < end, f"not over after {seconds:g} s: {seen}"
        time.sleep(0.01)
    return seen
