import torch

from attrcore.origin import PACKAGES, installed, made_by


def test_a_result_tells_versions_and_device():
    told = made_by(torch.device("cpu"))
    assert set(told) == {*PACKAGES, "python", "device"} and told["device"].startswith("cpu ")
    assert told["torch"] == torch.__version__.partition("+")[0] or told["torch"] == torch.__version__


def test_a_package_that_is_not_installed_is_said_to_be_missing():
    assert installed("no-such-package") == "not installed"
