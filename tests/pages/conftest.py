import sys

import pytest


@pytest.fixture(autouse=True)
def main():
    """AppTest leaves its script as the main module, which every worker that starts later would run anew."""
    module = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = module
