"""The studies without a browser.

python -m attrcore train assets/mnist-cnn.json --out retrained    reproduce a shipped network from its card
python -m attrcore train my-network.json --out mine               train from your own {"name", "training"} file
"""

import argparse
import json
import sys
import time
from pathlib import Path

import torch

from attrcore.kinds import Progress
from attrcore.models.shipped import save
from attrcore.models.small import fresh
from attrcore.studies import Training
from attrcore.studies.running import finish


def main(words: list[str] | None = None) -> int:
    """Run the command; 0 when it worked, 2 when what was asked makes no sense."""
    parser = argparse.ArgumentParser(
        "python -m attrcore", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    trainer = commands.add_parser("train", help="train a small network from its card")
    trainer.add_argument("card", type=Path, help="JSON with 'name' and 'training' (the settings of a Training)")
    trainer.add_argument("--out", type=Path, default=Path("runs"), help="folder for weights and card (default: runs)")
    trainer.set_defaults(command=train)
    asked = parser.parse_args(words)
    try:
        asked.command(asked)
    except (ValueError, TypeError, OSError) as e:
        print(f"attrcore: {e}", file=sys.stderr)
        return 2
    return 0


def train(asked: argparse.Namespace) -> None:
    """Train what the card describes and write card and weights under the same name to `--out`."""
    card = json.loads(asked.card.read_text())
    if not isinstance(card, dict) or not {"name", "training"} <= card.keys():
        raise ValueError(f"{asked.card} must be a JSON object with 'name' and 'training'")
    recipe = Training.from_dict(card["training"])
    asked.out.mkdir(parents=True, exist_ok=True)
    result = finish(recipe.run(), Bar())
    net = fresh(recipe.network, seed=0)
    net.load_state_dict(result.tensors)
    halves = result.numbers["predictions_changed_by_half_precision"] == 0
    save(
        asked.out / asked.card.name,
        net,
        torch.float16 if halves else torch.float32,
        {
            **{k: card[k] for k in ("name", "about") if k in card},
            "architecture": recipe.network,
            "size": [1, 28, 28],
            "classes": [str(i) for i in range(10)],
            "data": "MNIST (LeCun et al., 1998): 60,000 training digits; measured on the 10,000 test digits",
            "training": recipe.to_dict(),
            "numbers": result.numbers,
            "made_by": result.made_by,
        },
    )
    print(json.dumps(result.numbers, indent=2))


class Bar:
    """A line on the terminal, at most one a second: share done, time left, latest facts."""

    def __init__(self) -> None:
        self.start = self.last = time.monotonic()

    def __call__(self, p: Progress) -> None:
        """Print how far the run is."""
        now = time.monotonic()
        if now - self.last < 1 and p.done < p.total:
            return
        self.last = now
        left = (now - self.start) / p.done * (p.total - p.done)
        facts = "  ".join(f"{k} {v:.4g}" for k, v in p.facts.items())
        print(
            f"\r{p.done / p.total:5.1%}  {left:5.0f} s left  {facts}   ",
            end="\n" if p.done == p.total else "",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
