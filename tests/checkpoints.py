"""Random networks of every architecture, and files of their weights as a visitor might have them."""

import io

import torch

from attrcore.models.architectures import ARCHITECTURES
from attrcore.models.own import NORMALISATIONS, Settings
from tests.conftest import seeded


def fresh(architecture, classes=5, side=32):
    """A random network of five classes."""
    return seeded(lambda: ARCHITECTURES[architecture].build(classes, side))


def said(architecture, side=None, **more):
    """Settings for it, where the test does not care; pixels go to [-1, 1]."""
    channels, usual, _ = ARCHITECTURES[architecture].size
    side = side or usual
    return Settings(architecture, (channels, side, side), *NORMALISATIONS["to [-1, 1]"], **more)


def torch_file(what, **more):
    """The bytes that torch.save writes."""
    file = io.BytesIO()
    torch.save(what, file, **more)
    return file.getvalue()
