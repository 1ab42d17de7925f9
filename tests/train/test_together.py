"""Several processes train as one does."""

import json
import os
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

SCHEDULE = {"kind": "Schedule", "epochs": 1, "batch": 999, "rate": 0.001, "shift": 1}
OBJECTIVE = {
    "kind": "IgSumNorm",
    "inner": {"kind": "Inner", "eps": 0.1, "steps": 2, "size": 0.05},
    "near": {"kind": "PathIntegral", "steps": 2},
    "path": {"kind": "PathIntegral", "steps": 2},
}
TRAINING = {"kind": "Training", "network": "MnistMLP", "digits": "Packaged digits", "objective": OBJECTIVE}
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")


def trained(folder, *launcher):
    folder.mkdir()
    card = folder / "net.json"
    card.write_text(json.dumps({"name": "Net", "training": {**TRAINING, "schedule": SCHEDULE}}))
    command = [sys.executable, *launcher, "-m", "attrcore", "train", str(card), "--out", str(folder / "out")]
    env = {**os.environ, "ATTRCORE_RUNS": str(folder / "store"), "OMP_NUM_THREADS": "1"}
    subprocess.run(command, env=env, check=True, capture_output=True, timeout=300)
    return load_file(folder / "out" / "net.safetensors"), json.loads((folder / "out" / "net.json").read_text())


@pytest.mark.skipif(not torch.distributed.is_available(), reason="this build of PyTorch has no torch.distributed")
def test_two_processes_end_at_the_weights_of_one(tmp_path):
    alone, card = trained(tmp_path / "one")
    together, shared = trained(tmp_path / "two", *TORCHRUN)
    for name, weights in alone.items():
        assert torch.allclose(weights.float(), together[name].float(), atol=2e-4), name
    a, b = (c["numbers"]["test_accuracy"]["share"] for c in (card, shared))
    assert a == pytest.approx(b, abs=0.005) and a > 0.3
