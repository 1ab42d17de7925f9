"""Study files: settings of a study with a title, to be run from a page or without one, and what they gave here.

Those that ship lie in `assets/studies`, each with a folder of its name for the result where one was computed.
"""

import json
from pathlib import Path
from typing import NamedTuple

from attrcore import kept
from attrcore.kinds import Result
from attrcore.paths import ASSETS
from attrcore.recipe import Recipe
from attrcore.runs import studies

FOLDER = ASSETS / "studies"


class StudyFile(NamedTuple):
    """What the file says."""

    name: str  # the file's, without its ending
    title: str
    about: str  # Markdown: what is reproduced, under which settings, and what deviates
    study: Recipe

    def result(self) -> Result | None:
        """What it gave when it was run for this project, where it ships; None otherwise.

        Raises Damaged where the files are not what was written.
        """
        path = FOLDER / self.name
        found = kept.read(path) if path.is_dir() else None
        return found if found is None or found.recipe == self.study else None


def read(path: Path) -> StudyFile:
    """A study file.  Raises ValueError, in a sentence, for what is none; OSError where it cannot be read."""
    said = json.loads(path.read_text())
    if not isinstance(said, dict) or not isinstance(said.get("study"), dict):
        raise ValueError(f"{path} must be a JSON object with 'study', the settings of a study")
    kinds = studies()  # first: a recipe is known once its module is imported
    study = Recipe.from_dict(said["study"])
    if type(study) not in kinds.values():
        raise ValueError(f"{path}: kind must be one of {', '.join(kinds)}, got {type(study).__name__!r}")
    return StudyFile(path.stem, str(said.get("title", path.stem)), str(said.get("about", "")), study)


def written(study: Recipe, title: str) -> bytes:
    """A study file, as `read` takes it."""
    return json.dumps({"title": title, "about": "", "study": study.to_dict()}, indent=1).encode()


def shipped() -> dict[str, StudyFile]:
    """Those that come with the project, by name."""
    return {path.stem: read(path) for path in sorted(FOLDER.glob("*.json"))}
