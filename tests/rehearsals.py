"""Studies that behave, and some that do not."""

import os
import time
from dataclasses import dataclass

import torch

from attrcore import runs
from attrcore.batches import go_on
from attrcore.folder import Folder
from attrcore.kinds import Progress, Refused, Result
from attrcore.recipe import Recipe, knob

MOODS = ("good", "deaf", "absorbed", "broken", "refusing", "deadly", "stateless", "hungry", "busy")


@dataclass(frozen=True)
class Rehearsal(Recipe):
    """Adds up random numbers, one a step."""

    steps: int = knob(10, 1, 10**6, "Numbers to add.")
    pause: float = knob(0.0, 0.0, 60.0, "Seconds of a step.")
    mood: str = knob("good", choices=MOODS, help="What it does from step `at` on.")
    at: int = knob(3, 0, 10**6, "Steps before the mood shows.")
    seed: int = knob(0, 0, 2**31 - 1, "Of the numbers.")

    def run(self, state=None):
        g, x, first = torch.Generator().manual_seed(self.seed), torch.zeros(5), 0
        if state is not None:
            g.set_state(state["generator"])
            x, first = state["x"], int(state["n"])

        def kept():
            return {"generator": g.get_state(), "x": x, "n": torch.tensor(n)}

        for n in range(first + 1, self.steps + 1):
            time.sleep(self.pause)
            if n > self.at:
                self.show()
            x = 0.9 * x + torch.randn(5, generator=g)
            frame = {"x": x} if n % 5 == 0 else {}
            if self.mood == "hungry":
                frame = {"x": torch.zeros(50_000)}
            yield Progress(n, self.steps, {"sum": x.sum()}, frame, None if self.mood == "stateless" else kept)
        return Result(self, {"sum": float(x.sum()), "worker": os.getpid()}, {"x": x, "same": x}, {"device": "cpu"})

    def show(self):
        """The mood."""
        if self.mood == "deaf":
            time.sleep(600)
        while self.mood == "absorbed":
            go_on()
            time.sleep(0.01)
        if self.mood == "busy":
            torch.randn(400, 400, generator=torch.Generator().manual_seed(0)).matrix_power(8)
        if self.mood == "deadly":
            os._exit(1)
        if self.mood == "broken":
            raise ZeroDivisionError("by nothing")
        if self.mood == "refusing":
            raise Refused("This network has no gradient.")


def done(**settings):
    """A run that is over: its folder."""
    study = Rehearsal(**settings)
    attempt = Folder(study.key()).queue(study, "anna")
    runs.work(study.key(), attempt)
    return Folder(study.key())


STUDIES = {"Rehearsal": Rehearsal}
