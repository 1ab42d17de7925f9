"""Studies on a lane that a test has started."""

from attrcore.folder import Folder
from tests.rehearsals import Rehearsal
from tests.waiting import over, until

SEEDS = iter(range(10**6))


def fresh(**settings):
    """A study that nobody has run yet."""
    return Rehearsal(seed=next(SEEDS), **settings)


def running(engine, key, done=1):
    """Wait until a run has made so many steps; its worker's pid."""
    until(lambda: engine.look(key).done >= done and engine.look(key).state == "running")
    return Folder(key).said()["worker"]["pid"]


def free(engine):
    """Does the lane take a new study to its end?"""
    return over(engine, engine.start(fresh(steps=1), "free")).state == "done"
