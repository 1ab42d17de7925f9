"""Networks whose maps can be worked out by hand, and where the real data lies."""

import atexit
import os
import shutil
import tempfile
from multiprocessing import spawn

import pytest
import torch
from torch import nn

from attrcore.paths import data_folder

torch.set_num_threads(1)  # two test processes on two cores

# Nothing lands among the user's own runs; workers and servers that tests start inherit both.
os.environ["ATTRCORE_RUNS"] = tempfile.mkdtemp(prefix="attrcore-runs-")
os.environ["ATTRCORE_STUDIES"] = "tests.rehearsals"
atexit.register(shutil.rmtree, os.environ["ATTRCORE_RUNS"], ignore_errors=True)


_prepared = spawn.get_preparation_data


def without_main(name):
    """AppTest leaves its script as the main module, which every worker that starts later would run anew, or hang in."""
    return {k: v for k, v in _prepared(name).items() if not k.startswith("init_main")}


spawn.get_preparation_data = without_main


class Toy(nn.Module):
    """Curved, small and convolutional, used with any image of three channels."""

    def __init__(self, activation: type[nn.Module] = nn.ReLU, classes: int = 3) -> None:
        super().__init__()
        self.conv1, self.act1, self.pool = nn.Conv2d(3, 16, 3, padding=1), activation(), nn.MaxPool2d(2)
        self.conv2, self.act2 = nn.Conv2d(16, 16, 3, padding=1), activation()
        self.head = nn.Linear(16, classes)

    def forward(self, x):
        x = self.act2(self.conv2(self.pool(self.act1(self.conv1(x)))))
        return self.head(x.mean((2, 3)))


def seeded(make, seed=0):
    """A network with weights of its own seed, global random state untouched."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make().eval()


@pytest.fixture
def toy():
    return seeded(Toy)


@pytest.fixture
def linear():
    """logits = W x, so that every gradient is a row of W."""
    return seeded(lambda: nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 3, bias=False)))


@pytest.fixture
def x():
    return torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(2))


@pytest.fixture
def target():
    return torch.tensor([0, 2, 1])


def needs(part):
    """Skip a test where the data folder lacks one of its parts."""
    return pytest.mark.skipif(not (data_folder() / part).is_dir(), reason=f"there is no {part} in {data_folder()}")


@pytest.fixture(scope="module")
def engine():
    """Warm: the lane's worker is there."""
    from attrcore import jobs  # not above: dask takes the handlers that it finds, and pytest's are not there yet
    from tests.lane import fresh
    from tests.waiting import over

    started = jobs.engine()
    over(started, started.start(fresh(), "anna"), 120)
    yield started
    jobs.close()
