import platform

import torch

from attrcore import origin
from attrcore.origin import PACKAGES, installed, made_by, processor


def test_a_result_tells_versions_and_device():
    told = made_by(torch.device("cpu"))
    assert set(told) == {*PACKAGES, "python", "device"} and told["device"].startswith("cpu ")
    assert told["torch"] == torch.__version__.partition("+")[0] or told["torch"] == torch.__version__


def test_a_processor_has_a_name_where_the_system_tells_none(monkeypatch):
    def nothing(path):
        raise FileNotFoundError(path)

    assert processor()
    monkeypatch.setattr(origin.Path, "read_text", nothing)
    monkeypatch.setattr(origin.platform, "processor", lambda: "")
    assert processor() == platform.machine()


def test_a_package_that_is_not_installed_is_said_to_be_missing():
    assert installed("no-such-package") == "not installed"
