"""What the README promises to newcomers, done to a copy of the project: one file and one line make a method."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

FILE = '''
"""The image, brighter."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from attrcore.recipe import Recipe, knob


@dataclass(frozen=True)
class Brightness(Recipe):
    """The image itself, times a factor (Newcomer, 2026)."""

    passes: ClassVar[int] = 0
    differentiable: ClassVar[bool] = True
    promises: ClassVar[dict[str, float]] = {}

    factor: float = knob(1.0, 0.0, 4.0, "How much brighter it gets.")

    def __call__(self, net: nn.Module, x: Tensor, target: Tensor) -> Tensor:
        return self.factor * x
'''

PAGE = """
from pathlib import Path
from streamlit.testing.v1 import AppTest
from attrcore import jobs

def test_the_page_offers_it():
    at = AppTest.from_file(Path("pages/frame.py").resolve(), default_timeout=120)
    at.query_params["maps"], at.query_params["Brightness.factor"] = ["Brightness"], "2.0"
    try:
        at.run()
        assert not at.exception and any("**Brightness**" in m.value for m in at.markdown)
        assert at.slider(key="Brightness.factor").value == 2.0
        at.slider(key="Brightness.factor").set_value(0.0).run()
        assert any("all zero" in m.value for m in at.markdown)
    finally:
        jobs.close()
"""


@pytest.fixture
def copy(tmp_path):
    for part in ("attrcore", "pages", "assets", "tests", ".streamlit"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "attrcore" / "explain" / "brightness.py").write_text(FILE)
    table = tmp_path / "attrcore" / "explain" / "__init__.py"
    line = '"Gradient": Gradient,'
    text = table.read_text().replace(line, f'{line} "Brightness": Brightness,')
    table.write_text(text.replace('"""\n', '"""\nfrom attrcore.explain.brightness import Brightness\n', 1))
    (tmp_path / "tests" / "test_offered.py").write_text(PAGE)
    return tmp_path


def test_a_method_of_one_file_and_one_line_passes_the_shared_tests_and_stands_on_the_page(copy):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_every.py", "tests/test_offered.py",
         "-k", "Brightness or offers"],
        cwd=copy, env={**os.environ, "PYTHONPATH": str(copy)}, capture_output=True, text=True,
    )  # fmt: skip
    passed = re.search(r"(\d+) passed", done.stdout)
    assert done.returncode == 0 and passed and int(passed[1]) >= 14, done.stdout + done.stderr
