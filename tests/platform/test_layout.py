"""The house keeps its shape: every slice has one name in every wing, and imports go one way."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SLICES = sorted(path.name for path in (ROOT / "lambdas").iterdir() if (path / "__init__.py").exists())
WINGS = ("app", "cli", "config", "containers", "lambdas", "local", "loupe", "stacks")
SOURCES = sorted(path for wing in WINGS for path in [*ROOT.glob(f"{wing}.py"), *(ROOT / wing).rglob("*.py")])
DOORS = ("settings", "limits", "tree")
OCR_SERVICE = sorted((ROOT / "local").glob("ocr_*.py"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def ours(path: Path) -> list[list[str]]:
    return [name.split(".") for name in imports(path) if name.split(".")[0] in WINGS]


def wing(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def allowed(path: Path, target: list[str]) -> bool:
    home = wing(path)
    if target[0] in {"loupe", home}:
        return True
    if home == "app":
        return target[0] in {"config", "stacks"}
    if home == "stacks":
        return target[0] == "config" or (target[0] in {"lambdas", "containers"} and target[2] in DOORS)
    return home == "cli"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_downwards_only(path: Path) -> None:
    assert [target for target in ours(path) if not allowed(path, target)] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_slice_never_imports_another(path: Path) -> None:
    parts = path.relative_to(ROOT).with_suffix("").parts
    home = parts[1] if parts[0] in {"lambdas", "containers"} and len(parts) > 2 else None
    others = [t for t in ours(path) if home and t[0] in {"lambdas", "containers"} and len(t) > 1 and t[1] != home]
    assert others == []


@pytest.mark.parametrize("name", SLICES)
def test_a_slice_has_the_same_name_in_every_wing(name: str) -> None:
    assert (ROOT / "stacks" / f"{name}.py").is_file()
    assert (ROOT / "schemas" / name).is_dir()
    assert (ROOT / "tests" / name).is_dir()


def test_the_engine_knows_resource_types_and_no_slice() -> None:
    texts = {path: path.read_text() for path in (ROOT / "local").rglob("*.py") if path not in OCR_SERVICE}
    named = [re.compile(rf"{name}(?!s\b)") for name in SLICES]  # any archives may be unpacked, but none is the slice
    assert [path for path, text in texts.items() for name in named if name.search(text)] == []


def test_the_engine_and_the_ocr_service_never_import_each_other() -> None:
    crossing = [
        (path, target)
        for path in (ROOT / "local").rglob("*.py")
        for target in ours(path)
        if target[0] == "local" and target[1].startswith("ocr_") != (path in OCR_SERVICE)
    ]
    assert crossing == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_flows_through_it(path: Path) -> None:
    text = path.read_text()
    assert not text.strip() or ast.get_docstring(ast.parse(text))


def test_types_of_every_part_of_the_cdk_that_we_import_are_checked() -> None:
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    [checked] = [override["module"] for override in overrides if override.get("follow_imports") == "normal"]
    used = {name for path in SOURCES for name in imports(path) if name.startswith("aws_cdk.aws_")}
    assert used
    assert used <= set(checked)


def test_no_module_is_named_after_nothing() -> None:
    vague = {"utils", "helpers", "common", "manager", "index", "misc"}
    assert [path for path in SOURCES if path.stem in vague] == []


def test_handlers_are_short() -> None:
    handlers = [
        path for path in (ROOT / "lambdas").rglob("*.py") if re.search(r"^def handle\(", path.read_text(), re.MULTILINE)
    ]
    assert handlers
    assert {path.name: len(path.read_text().splitlines()) for path in handlers if _lines(path) > 60} == {}


def _lines(path: Path) -> int:
    """Lines of code; docstrings and blanks explain, they do not count."""
    tree = ast.parse(path.read_text())
    docs = [
        node.value for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    ]
    skipped = {line for doc in docs for line in range(doc.lineno, (doc.end_lineno or doc.lineno) + 1)}
    lines = path.read_text().splitlines()
    return sum(1 for number, line in enumerate(lines, 1) if line.strip() and number not in skipped)


def test_every_make_target_that_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)", (ROOT / "README.md").read_text()))
    assert named
    assert named <= targets
