"""How long an attack will take here, told from how long its map took just now."""

from attrcore.attack.directions import SPSA, Derivative
from attrcore.studies.fooling import Fooling
from pages.parts import watch

# How often a map is taken, measured on digits and photos with five methods: a step by derivative takes 3 to 7 times as
# long as a map, one of the walk and a random change little more than one.
BY_DERIVATIVE, LOOK = 5.0, 1.2
DRAWN = 0.04  # seconds that a step takes beside its maps, most of them to keep and send what is to be seen


def told(study: Fooling, one: float) -> str:
    """In words, where a map took `one` second."""
    return f"It will take about {watch.duration(seconds(study, one))} here, as long as nobody else computes."


def seconds(study: Fooling, one: float) -> float:
    """About; a factor of two either way is usual."""
    how = study.attack
    look = LOOK * how.restarts
    if isinstance(how.direction, Derivative):
        step = BY_DERIVATIVE * how.restarts
    else:
        step = look * (2 * how.direction.trials + 1 if isinstance(how.direction, SPSA) else 1)
    return one * (how.steps * (step + LOOK) + study.draws * LOOK) + DRAWN * how.steps
