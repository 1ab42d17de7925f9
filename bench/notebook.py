"""What one run of the notebook's attack leaves open: other starts, a random change as long, the maps of other digits.

    python bench/notebook.py          half an hour on a core

Prints the figures that README gives below its table.  Overlap of the 100 most important pixels, and Kendall's tau.
Needs MNIST's test digits in the data folder.
"""

import json
import statistics
import sys
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import attrcore.studies
from attrcore.attack.random_sign import RandomSign
from attrcore.attack.seen import seen
from attrcore.balls import L2
from attrcore.evidence import Case
from attrcore.metrics import Kendall, TopKOverlap
from attrcore.png import reopened
from attrcore.recipe import Recipe
from attrcore.studies.fooling import Fooling
from attrcore.studies.selection import Selection

STARTS, DRAWS, OTHERS = 4, 39, 40


def line(what: str, found: list[tuple[float, float]]) -> None:
    """Mean, lowest and highest of both."""
    told = [f"{statistics.mean(v):.3f} ({min(v):.3f} to {max(v):.3f})" for v in zip(*found, strict=True)]
    print(f"| {what} | {len(found)} | {' | '.join(told)} |", flush=True)


def far(study: Fooling, clean: Tensor, maps: Tensor) -> list[tuple[float, float]]:
    """Overlap and Kendall of each map beside the clean one."""
    clean = clean.expand_as(maps)
    return list(zip(TopKOverlap(k=study.k)(clean, maps).tolist(), Kendall()(clean, maps).tolist(), strict=True))


def maps(case: Case, x: Tensor, target: Tensor) -> Tensor:
    """(B, H, W), of the saved files."""
    return seen(case.net, case.explain, torch.cat([reopened(one[None]) for one in x]), target, target).maps


def main() -> None:
    """Every line."""
    torch.set_num_threads(1)
    file = Path(attrcore.__file__).parent.parent / "assets" / "studies" / "notebook-mnist-50.json"
    study = Recipe.from_dict(json.loads(file.read_text())["study"])
    case = study.subject.opened()
    clean = maps(case, case.x, case.target)
    print("| what | times | top 100 kept (lowest to highest) | Kendall |\n|---|--:|--:|--:|")
    digits = Selection(collection=study.subject.collection, count=OTHERS).opened(study.subject.model).to(case.x)
    with torch.no_grad():
        predicted = case.net(digits).argmax(1)
    line("maps of other digits", far(study, clean, maps(case, digits, predicted)))
    ends = [replace(study.attack, seed=seed)(*case) for seed in range(STARTS)]
    line("attacks from other starts", far(study, clean, maps(case, torch.cat(ends), case.target.expand(STARTS))))
    length = float((ends[0] - case.x).norm())
    moved = torch.cat([RandomSign(ball=L2(eps=length), seed=seed).moved(case.x) for seed in range(DRAWS)])
    kept = far(study, clean, maps(case, moved, case.target.expand(DRAWS)))
    line(f"random changes {length:.1f} long", kept)


if __name__ == "__main__":
    main()
