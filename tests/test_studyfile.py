import json
import shutil

import pytest

from attrcore import kept, store, studyfile
from attrcore.__main__ import main
from attrcore.models import MODELS, find
from attrcore.studies import Budget
from attrcore.studies.running import finish

SMALL = Budget(model="MNIST CNN", digest=MODELS["MNIST CNN"].digest, count=3, levels="8 64", steps=3, k=50)


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTRCORE_RUNS", str(tmp_path / "runs"))


def written(folder, **said):
    path = folder / "small.json"
    path.write_text(json.dumps({"title": "Small", "about": "A *trial*.", "study": SMALL.to_dict(), **said}))
    return path


def test_a_study_file_runs_once_and_its_result_is_that_of_the_study(tmp_path, capsys):
    path = written(tmp_path)
    assert main(["run", str(path), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    direct = finish(SMALL.run())
    assert json.loads(said[said.index("{") :]) == json.loads(json.dumps(direct.numbers))
    assert kept.read(tmp_path / "out").tensors["table"].equal(direct.tensors["table"])
    before = store.look(SMALL.key()).attempt
    assert main(["run", str(path)]) == 0
    assert store.look(SMALL.key()).attempt == before  # it was found, not run again


def test_a_study_that_fails_says_why(tmp_path, capsys):
    assert main(["run", str(written(tmp_path, study={**SMALL.to_dict(), "digest": "0" * 64}))]) == 2
    assert "ended as failed. The weights of MNIST CNN were exchanged" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "sentence"),
    [({"study": None}, "must be a JSON object with 'study'"), ({"study": {"kind": "Linf"}}, "kind must be one of"),
     ({"study": {"kind": "Budget", "steps": 0}}, "Budget.steps must be in [1, 10000], got 0")],
)  # fmt: skip
def test_a_bad_study_file_gets_one_sentence(tmp_path, capsys, said, sentence):
    assert main(["run", str(written(tmp_path, **said))]) == 2
    assert sentence in capsys.readouterr().err


def test_shipped_studies_are_of_networks_that_are_known_and_their_results_are_their_own():
    for name, file in studyfile.shipped().items():
        assert file.title and file.about, name
        model = getattr(file.study, "model", "") or file.study.subject.model
        digest = getattr(file.study, "digest", "") or file.study.subject.digest
        assert find(model).digest == digest, name
        found = file.result()
        assert found is None or found.recipe == file.study, name


def test_a_result_of_other_settings_does_not_count(tmp_path, monkeypatch):
    monkeypatch.setattr(studyfile, "FOLDER", tmp_path)
    path = written(tmp_path)
    assert studyfile.read(path).result() is None
    main(["run", str(path), "--out", str(tmp_path / "small")])
    assert studyfile.read(path).result().recipe == SMALL
    other = written(tmp_path, study={**SMALL.to_dict(), "seed": 1})
    assert studyfile.read(other).result() is None
    (tmp_path / "small" / "result.json").write_text("{}")
    with pytest.raises(kept.Damaged):
        studyfile.read(other).result()
    shutil.rmtree(tmp_path / "small")
    assert studyfile.read(other).result() is None
