"""What can be run from start to finish: recipes whose `run` yields progress and returns a result."""

from attrcore.recipe import Recipe
from attrcore.studies.budget import Budget
from attrcore.studies.class_randomisation import ClassRandomisation
from attrcore.studies.contest import Contest
from attrcore.studies.data_randomisation import DataRandomisation
from attrcore.studies.evaluation import Evaluation
from attrcore.studies.fooling import Fooling
from attrcore.studies.model_fooling import ModelFooling
from attrcore.studies.randomisation import Randomisation
from attrcore.studies.training import Training
from attrcore.studies.transfer import Transfer

STUDIES: dict[str, type[Recipe]] = {
    "Budget": Budget,
    "Class randomisation": ClassRandomisation,
    "Contest": Contest,
    "Data randomisation": DataRandomisation,
    "Evaluation": Evaluation,
    "Fooling": Fooling,
    "Model fooling": ModelFooling,
    "Randomisation": Randomisation,
    "Training": Training,
    "Transfer": Transfer,
}
