"""Processes that a file speaks of: are they still there?  And what a worker keeps to itself."""

import logging
import os
import re
import socket
from functools import cache
from pathlib import Path
from typing import Any

import psutil

SAME = 3.0  # seconds between two readings of one process's start, which follow the clock when it is set


@cache
def host() -> str:
    """This machine, and on Linux the space of process numbers: containers of one name have each their own."""
    space = Path("/proc/self/ns/pid")
    return f"{socket.gethostname()}/{space.stat().st_ino}" if space.exists() else socket.gethostname()


def me() -> dict[str, Any]:
    """This process, so that another can tell later whether it is gone.  Numbers are used again; with the start not."""
    return {"pid": os.getpid(), "host": host(), "born": psutil.Process().create_time()}


def running(who: dict[str, Any]) -> psutil.Process | None:
    """The process that `me` described, if it runs on this machine."""
    try:
        process = psutil.Process(who["pid"])
        same = abs(process.create_time() - who["born"]) < SAME
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (psutil.Error, KeyError, TypeError, ValueError):  # gone, or a description that nobody wrote
        return None


def overlook(*words: str) -> None:
    """Keep out of a worker's log what is no failure, by words of its message; and a scheduler that was closed first."""
    known = re.compile("|".join(map(re.escape, (*words, "Failed to communicate with scheduler during heartbeat"))))
    logging.getLogger("distributed.worker").addFilter(lambda said: not known.search(said.getMessage()))
