import sys

import pytest

from attrcore import jobs


@pytest.fixture(autouse=True)
def main():
    """AppTest leaves its script as the main module, which every worker that starts later would run anew."""
    module = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = module


@pytest.fixture(scope="module")
def studying():
    """The engine with its worker for studies awake: one that wakes up later would run the page as its main script."""
    engine = jobs.engine()
    engine.long.client.wait_for_workers(1, timeout=120)
    yield engine
    jobs.close()
