"""The network that a training has come to, finished or not, as one of the models that every page offers."""

from contextlib import suppress
from dataclasses import asdict

from torch import Tensor

from attrcore import kept, store
from attrcore.data.splits import SPLITS
from attrcore.folder import Folder
from attrcore.kinds import Refused
from attrcore.models.own import Settings, spelled
from attrcore.models.small import fresh
from attrcore.models.stored import Stored, keep
from attrcore.recipe import called
from attrcore.studies.training import Training
from attrcore.train.memory import WEIGHT


def network(key: str) -> Stored:
    """Store the weights of the run of that key among the checkpoints, under a name that says what it was trained for.

    Raises Refused where it is no training, or has no weights yet.
    """
    study = Folder(key).recipe()
    if not isinstance(study, Training):
        raise Refused(f"The run {key} trains no network of its own.")
    done = store.sound(key)
    weights = kept.result(key).tensors if done else halfway(key, study)
    settings = Settings(spelled(study.network), (1, 28, 28), (0.0,), (1.0,), SPLITS[study.digits].classes)
    name = f"{called(type(study.objective))}, {'trained here' if done else 'stopped early'}, {key[:4]}"
    return keep(weights, {**asdict(settings), "resize": 28}, name)


def halfway(key: str, study: Training) -> dict[str, Tensor]:
    """Those of its last checkpoint."""
    state = None
    with suppress(*kept.NO_CHECKPOINT):
        _, state = kept.checkpoint(Folder(key))
    if state is None:
        raise Refused("The training has not come to its first checkpoint yet: there are no weights to look at.")
    return {name: state[WEIGHT + name] for name in fresh(study.network, 0).state_dict()}
