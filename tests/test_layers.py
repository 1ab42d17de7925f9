"""The direction of imports, kept by a test rather than by memory."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GROUND = {
    f"attrcore.{m}"
    for m in (
        "nodes",
        "rewrite",
        "backward",
        "baselines",
        "recipe",
        "kinds",
        "maps",
        "balls",
        "batches",
        "paths",
        "processes",
        "look",
        "origin",
        "png",
        "published",
        "quadrature",
    )
}
FAMILIES = {f"attrcore.{m}" for m in ("explain", "attack", "sanity", "train", "models", "data", "metrics")}
ABOVE = {
    "attrcore.studies",
    "attrcore.quick",
    "attrcore.axioms",
    "attrcore.compare",
    "attrcore.ig_path",
    "attrcore.answers",
    "attrcore.jobs",
    "attrcore.lanes",
    "attrcore.long_lane",
    "attrcore.runs",
    "attrcore.store",
    "attrcore.kept",
    "attrcore.folder",
    "attrcore.studyfile",
    "attrcore.grown",
    "attrcore.__main__",
}
SCREEN = {"streamlit", "plotly", "pages", "app"}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{a.name}" for a in node.names)


def within(name, packages):
    return next((p for p in packages if name == p or name.startswith(p + ".")), None)


def files(where):
    return [where] if where.is_file() else sorted(where.rglob("*.py"))


def trespasses(where, packages):
    """Imports of `packages` below `where`, which must hold something: an empty place keeps every rule."""
    paths = files(ROOT / where)
    assert paths and all(path.is_file() for path in paths), where
    return [f"{path.relative_to(ROOT)} imports {n}" for path in paths for n in imports(path) if within(n, packages)]


def test_the_library_knows_no_screen():
    assert not trespasses("attrcore", SCREEN)


@pytest.mark.parametrize("module", sorted(GROUND))
def test_the_ground_floor_imports_nothing_above_it(module):
    assert not trespasses(module.replace(".", "/") + ".py", FAMILIES | ABOVE)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_families_do_not_know_each_other(family):
    path = Path(family.replace(".", "/"))
    path = path if (ROOT / path).is_dir() else path.with_suffix(".py")
    if not (ROOT / path).exists():
        pytest.skip(f"{family} comes with a later issue")
    assert not trespasses(path, (FAMILIES - {family}) | ABOVE)


def test_studies_do_not_know_the_engine():
    engine = ("jobs", "answers", "lanes", "long_lane", "runs", "store", "kept", "folder")
    assert not trespasses("attrcore/studies", {f"attrcore.{m}" for m in engine})


def test_what_lies_on_disk_knows_no_workers():
    """So that runs can be read where none is computed."""
    for part in ("store", "kept", "folder", "processes"):
        workers = {"distributed", "dask", *(f"attrcore.{m}" for m in ("jobs", "answers", "lanes", "long_lane", "runs"))}
        assert not trespasses(f"attrcore/{part}.py", workers)


def test_captum_is_used_only_by_explainers():
    for path in files(ROOT / "attrcore") + files(ROOT / "pages"):
        if path.parent.name != "explain" or "attrcore" not in path.parts:
            assert not [n for n in imports(path) if within(n, {"captum"})], path


def test_only_choosing_touches_session_state_and_only_parts_touch_plotly():
    for path in [*files(ROOT / "pages"), ROOT / "app.py"]:
        words = {n.attr for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Attribute)}
        may = ("pick.py", "knobs.py", "methods.py", "address.py", "cached.py")  # the last only looks
        assert "session_state" not in words or path.name in may, path
        assert "parts" in path.parts or not [n for n in imports(path) if within(n, {"plotly"})], path


def test_only_studies_choose_a_device_and_nobody_seeds_the_world():
    """Tensors stay where the caller put them: no `.cuda()`, no `.to("cuda")`, no `torch.manual_seed`."""
    for path in files(ROOT / "attrcore"):
        tree = ast.walk(ast.parse(path.read_text()))
        calls = [n for n in tree if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
        for call in calls:
            owner = call.func.value.id if isinstance(call.func.value, ast.Name) else ""
            assert call.func.attr not in ("cuda", "mps"), path
            assert call.func.attr != "manual_seed_all" and (owner, call.func.attr) != ("torch", "manual_seed"), path
            named = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            assert call.func.attr != "to" or not named, path
        words = [n.value for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Constant)]
        assert "mps" not in words or path.name == "running.py", path


@pytest.mark.parametrize("path", files(ROOT / "pages"), ids=lambda p: p.name)
def test_pages_are_short(path):
    most = 80 if path.parent.name != "parts" else 250
    assert len(path.read_text().splitlines()) <= most


@pytest.mark.parametrize("path", files(ROOT / "attrcore"), ids=lambda p: p.name)
def test_library_files_are_read_in_one_sitting(path):
    assert len(path.read_text().splitlines()) <= 250
