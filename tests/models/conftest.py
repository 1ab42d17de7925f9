import pytest


@pytest.fixture
def shelf(monkeypatch, tmp_path):
    """A machine without checkpoints, and where it would put them."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "attrcore" / "checkpoints"
