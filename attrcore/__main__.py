"""The studies without a browser.

python -m attrcore train assets/mnist-cnn.json --out retrained    reproduce a shipped network from its card
python -m attrcore train my-network.json --out mine               train from your own {"name", "training"} file
torchrun --nproc-per-node 4 -m attrcore train my-network.json     the same on four GPUs
python -m attrcore evaluate "MNIST CNN" --protocol strict         accuracy and robustness of a network, again
python -m attrcore run assets/studies/figure-3-gradient.json      run a study, or go on with it, and print its numbers
"""

import argparse
import json
import shutil
import sys
import threading
from pathlib import Path

import torch

from attrcore import kept, runs, store, studyfile
from attrcore.data.splits import SPLITS
from attrcore.folder import Folder, Look
from attrcore.kinds import Refused
from attrcore.models import find
from attrcore.models.shipped import Shipped, save
from attrcore.models.small import fresh
from attrcore.recipe import Recipe
from attrcore.studies import Training
from attrcore.studies.evaluation import PROTOCOLS, evaluation, scores
from attrcore.studies.running import finish
from attrcore.train.together import launched


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
    judge = commands.add_parser("evaluate", help="measure how accurate a network and how robust its maps are")
    judge.add_argument("model", help="name in the menu of models")
    judge.add_argument("--protocol", choices=PROTOCOLS, default="published", help="the attack on maps")
    judge.add_argument("--count", type=int, default=200, help="test images whose maps are attacked (default: 200)")
    judge.add_argument("--keep", action="store_true", help="write the scores on the network's card")
    judge.set_defaults(command=evaluate)
    runner = commands.add_parser("run", help="run a study, or go on with one that was broken off")
    runner.add_argument("study", type=Path, help="JSON with 'title', 'about' and 'study' (the settings of a study)")
    runner.add_argument("--out", type=Path, help="folder for result.json and result.safetensors")
    runner.set_defaults(command=run)
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
    with launched() as first:
        if not first:
            finish(recipe.run())
            return
        result = kept.result(carried(recipe))
    asked.out.mkdir(parents=True, exist_ok=True)
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
            "data": SPLITS[recipe.digits].about,
            "training": recipe.to_dict(),
            "numbers": result.numbers,
            "made_by": result.made_by,
        },
    )
    print(json.dumps(result.numbers, indent=2))


def evaluate(asked: argparse.Namespace) -> None:
    """Print what the network scores, and what its card says it did."""
    found = kept.result(carried(evaluation(asked.model, asked.protocol, asked.count)), ())
    print(json.dumps(found.numbers, indent=2))
    entry = find(asked.model)
    before = entry.facts().get("robustness", {}) if isinstance(entry, Shipped) else {}
    if asked.protocol in before:
        card = scores(before[asked.protocol]["numbers"])
        for name, (value, *_) in scores(found.numbers).items():
            told, low, high = card[name]
            within = "within" if low <= value <= high else "outside"
            print(f"{name} {value:.4f}: {within} the interval of its card, {told:.4f} ({low:.4f} to {high:.4f})")
    if asked.keep:
        if not isinstance(entry, Shipped):
            raise Refused(f"{asked.model} has no card of this project to keep it on.")
        made = {"study": found.recipe.to_dict(), "numbers": found.numbers, "made_by": found.made_by}
        entry.note({"robustness": {**before, asked.protocol: made}})


def run(asked: argparse.Namespace) -> None:
    """Run a study and print its numbers."""
    key = carried(studyfile.read(asked.study).study)
    print(json.dumps(kept.result(key, ()).numbers, indent=2))
    if asked.out:
        asked.out.mkdir(parents=True, exist_ok=True)
        for name in kept.RESULT:
            shutil.copy(Folder(key) / name, asked.out / name)


def carried(study: Recipe) -> str:
    """Run a study in its folder of the store, where the app finds it too; Ctrl+C keeps a checkpoint.  Its key.

    Raises Refused where it does not come to its end.
    """
    key, bar = study.key(), Bar()
    seen = store.look(key)
    if seen is not None and seen.live:
        raise Refused(f"The study {key} runs already in another process.")
    if not store.sound(key):
        attempt = Folder(key).queue(study, "command line")
        worker = threading.Thread(target=runs.work, args=(key, attempt))
        worker.start()
        try:
            while worker.is_alive():
                worker.join(1.0)
                bar.show(store.there(key))
        except KeyboardInterrupt:
            (Folder(key) / "cancel").touch()  # it ends within its next step
            worker.join()
    seen = store.there(key)
    if seen.state != "done":
        again = "; the same command goes on from the last checkpoint" if seen.resumable else ""
        raise Refused(f"The study {key} ended as {seen.state}{again}. {seen.error}".rstrip())
    return key


class Bar:
    """A line on the terminal, at most one a second: share done, time left, latest facts."""

    def __init__(self) -> None:
        self.shown = -1

    def show(self, seen: Look) -> None:
        """Print how far a run is."""
        if seen.total and seen.done != self.shown:
            self.shown = seen.done
            self.say(seen, seen.left or 0.0)

    def say(self, p: Look, left: float) -> None:
        """One line."""
        plain = {k: v for k, v in p.facts.items() if isinstance(v, int | float | str)}
        facts = "  ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in plain.items())
        print(
            f"\r{p.done / p.total:5.1%}  {left:5.0f} s left  {facts}   ",
            end="\n" if p.done == p.total else "",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
