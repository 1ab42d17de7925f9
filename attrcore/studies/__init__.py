"""What can be run from start to finish: recipes whose `run` yields progress and returns a result."""

from attrcore.recipe import Recipe
from attrcore.studies.training import Training

STUDIES: dict[str, type[Recipe]] = {"Training": Training}
