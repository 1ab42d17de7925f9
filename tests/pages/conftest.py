import pytest


@pytest.fixture(scope="module")
def studying():
    """The engine with its worker for studies awake: its first start takes longer than a page waits."""
    from attrcore import jobs  # not above: dask takes the handlers that it finds, and pytest's are not there yet

    engine = jobs.engine()
    engine.long.client.wait_for_workers(1, timeout=120)
    yield engine
    jobs.close()


@pytest.fixture
def noted(monkeypatch):
    """Have what a function of a module returns be noted, call by call: `noted(module, name)` gives the list."""

    def note(module, name):
        seen, real = [], getattr(module, name)
        monkeypatch.setattr(module, name, lambda *args: seen.append(real(*args)) or seen[-1])
        return seen

    return note
