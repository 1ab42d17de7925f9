"""What made a result: versions and device, for its record."""

import platform
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

MISSING = "not installed"
PACKAGES = ("attrcore", "torch", "torchvision", "captum", "numpy", "scikit-image", "pillow")


@cache
def made_by(device: torch.device) -> dict[str, str]:
    """Versions of what decides a number, and the device it was computed on."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else processor()
    versions = {package: installed(package) for package in PACKAGES}
    return {**versions, "python": platform.python_version(), "device": f"{device.type} {name}"}


def processor() -> str:
    """The processor by its name, where the system tells it: rounding, and with it an attack's way, depends on it."""
    with suppress(OSError):  # Linux only
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def installed(package: str) -> str:
    """Its version; attrcore may also run from its source tree, without one."""
    try:
        return version(package)
    except PackageNotFoundError:
        return MISSING
