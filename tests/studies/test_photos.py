"""Sanity checks of networks for photos, of which nobody has the weights here: they are written anew."""

from functools import partial

import pytest
import torch
from safetensors.torch import save_file

from attrcore.models import find
from attrcore.models.imagenet import untrained
from attrcore.models.small import drawn
from attrcore.studies.class_randomisation import ClassRandomisation
from attrcore.studies.randomisation import Randomisation
from attrcore.studies.running import finish
from attrcore.studies.selection import Selection

ONE = Selection(collection="Sample photos", count=1)
NETWORKS = {"ResNet-18": ("resnet18", 6, "layer1"), "Inception-v3": ("inception_v3", 17, "Conv2d_1a_3x3")}


@pytest.fixture
def digest(tmp_path, monkeypatch):
    """Writes a network's weights to a data folder of its own; their digest."""
    monkeypatch.setenv("ATTRCORE_DATA", str(tmp_path))

    def write(name):
        architecture = NETWORKS[name][0]
        folder = tmp_path / "imagenet" / "weights"
        folder.mkdir(parents=True)
        net = drawn(partial(untrained, architecture), 3)
        save_file({k: v.contiguous() for k, v in net.state_dict().items()}, folder / f"{architecture}.safetensors")
        return find(name).digest

    return write


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_for_photos_loses_its_blocks_one_after_the_other(name, digest):
    _, count, block = NETWORKS[name]
    study = Randomisation(model=name, digest=digest(name), pictures=ONE, explained="Gradient, Grad-CAM", seeds=1,
                          measured="Spearman, absolute", statistics="reset")  # fmt: skip
    found = finish(study.run())
    n = found.numbers
    assert len(n["steps"]) == 1 + count and block in n["steps"] and n["steps"][1] == "fc" and not n["refused"]
    for points in n["curves"]["Spearman, absolute"].values():
        assert points[0]["mean"] == pytest.approx(1) and points[-1]["mean"] < 0.95


def test_of_a_thousand_classes_some_ranks_are_explained(digest):
    study = ClassRandomisation(model="ResNet-18", digest=digest("ResNet-18"), pictures=ONE, explained="Gradient")
    n = finish(study.run()).numbers
    assert n["steps"][:2] == ["predicted", "2nd"] and n["steps"][-1] == "1000th"
    assert all(torch.isfinite(torch.tensor([p["mean"] for p in n["curves"]["Spearman, absolute"]["Gradient"]])))
