"""What Runs says that a run found."""

import pytest

from attrcore import kept, runs, store
from attrcore.attack.ascent import Ascent
from attrcore.balls import Linf
from attrcore.data.digits import packaged_digits
from attrcore.folder import Folder
from attrcore.kinds import Result
from attrcore.models import MODELS
from attrcore.png import in_letters
from attrcore.studies.budget import Budget
from attrcore.studies.data_randomisation import DataRandomisation
from attrcore.studies.fooling import Fooling, Subject
from attrcore.studies.model_fooling import ModelFooling
from attrcore.studies.randomisation import Randomisation
from attrcore.studies.selection import Selection
from attrcore.studies.transfer import Transfer
from attrcore.train.fooled import FineTuning
from pages.parts import outcomes

CNN = {"model": "MNIST CNN", "digest": MODELS["MNIST CNN"].digest}
DIGIT = packaged_digits()[0][7]
SMALL = Ascent(ball=Linf(eps=0.2), steps=3)
SUBJECT = Subject(picture=in_letters(DIGIT[None]), **CNN)


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTRCORE_RUNS", str(tmp_path))
    return tmp_path


def ran(study):
    runs.work(study.key(), Folder(study.key()).queue(study, "anna"))
    (entry,) = [e for e in store.listed() if e.key == study.key()]
    return entry


@pytest.mark.parametrize(
    ("study", "says"),
    [
        (Fooling(subject=SUBJECT, attack=SMALL, draws=3), "of the top pixels left, by a random walk"),
        (Fooling(subject=SUBJECT, attack=Ascent(ball=Linf(eps=0.0), steps=2), draws=3), "failed: the image"),
        (Budget(levels="8 26", steps=2, count=2, k=100, **CNN), "at 26 levels the top-k attack leaves"),
        (Transfer(pictures=Selection(count=1), attacked="Gradient", explained="Gradient, CGI", attack=SMALL, **CNN),
         "attacked maps keep"),
        (Randomisation(pictures=Selection(count=2), seeds=1, explained="Gradient", **CNN),
         "at conv1 maps keep (Spearman, absolute): Gradient"),
        (DataRandomisation(network="MnistMLP", count=3, explained="Gradient"), "permuted labels less another network"),
        (ModelFooling(count=4, pictures=20, every=2, schedule=FineTuning(steps=2, batch=4), **CNN), "fooled by share"),
    ],
    ids=lambda v: type(v).__name__ if not isinstance(v, str) else "",
)  # fmt: skip
def test_every_kind_of_study_says_what_it_found(root, study, says):
    assert says in outcomes.found(ran(study))


def test_what_is_said_is_what_stands_in_the_result(root):
    study = Fooling(subject=SUBJECT, attack=SMALL, draws=3)
    entry = ran(study)
    overlap = kept.result(study.key(), ()).numbers["likeness"][0]
    assert f"{overlap['attacked']:.0%} of the top pixels left" in outcomes.found(entry)
    assert outcomes.seen(study.key()).shape == (28, 28, 3) and (outcomes.seen(study.key())[..., 0] == DIGIT).all()


def test_what_cannot_be_read_says_nothing(root):
    folder = Folder((study := Fooling(subject=SUBJECT)).key())
    attempt = folder.queue(study, "anna")
    kept.write_result(folder, Result(study, {}))
    folder.end("done", attempt)
    (entry,) = store.listed()
    assert outcomes.found(entry) == "" and outcomes.found(entry._replace(state="failed")) == ""


def test_a_result_is_read_once(root, monkeypatch):
    entry = ran(Fooling(subject=SUBJECT, attack=SMALL, draws=3))
    said = outcomes.found(entry)
    monkeypatch.setattr(kept, "result", None)
    assert said and outcomes.found(entry) == said
