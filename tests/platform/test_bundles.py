"""A function's zip holds what the function imports, and no more than Lambda takes."""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SLICES = sorted(path.parent.name for path in (ROOT / "lambdas").glob("*/requirements.txt"))
OF_THE_RUNTIME = {"boto3", "botocore"}
MOST_BYTES = 250 << 20  # that Lambda unpacks
OURS = ("lambdas", "loupe")


def modules(path: Path) -> Iterator[str]:
    """What a file imports when it runs."""
    tree = ast.parse(path.read_text())
    for_types = {
        id(node)
        for found in ast.walk(tree)
        if isinstance(found, ast.If) and ast.unparse(found.test) == "TYPE_CHECKING"
        for node in ast.walk(found)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (
                [f"{node.module}.{alias.name}" for alias in node.names] if node.module in OURS else [node.module]
            )
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def reachable(slice_name: str) -> set[str]:
    """The modules of others that the slice's functions and what they import of ours need."""
    seen, others = set[Path](), set[str]()
    todo = list((ROOT / "lambdas" / slice_name).glob("*.py"))
    while todo:
        path = todo.pop()
        if path in seen or not path.exists():
            continue
        seen.add(path)
        for name in modules(path):
            if name.split(".")[0] in OURS:
                parts = name.split(".")
                todo += [(ROOT / Path(*parts[:count])).with_suffix(".py") for count in range(2, len(parts) + 1)]
            else:
                others.add(name.split(".")[0])
    return others - set(sys.stdlib_module_names)


@cache
def owners() -> dict[str, list[str]]:
    return {name: [_plain(one) for one in found] for name, found in packages_distributions().items()}


def locked(slice_name: str) -> set[str]:
    text = (ROOT / "lambdas" / slice_name / "requirements.txt").read_text()
    return {_plain(name) for name in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("slice_name", SLICES)
def test_every_library_that_a_function_imports_is_in_its_zip_or_in_the_runtime(slice_name: str) -> None:
    there = locked(slice_name) | OF_THE_RUNTIME
    missing = {name for name in reachable(slice_name) if there.isdisjoint(owners().get(name, []))}
    assert missing == set()


@pytest.mark.parametrize("slice_name", SLICES)
def test_a_function_unpacked_leaves_a_fifth_of_what_lambda_takes(slice_name: str) -> None:
    """Measured on this machine's wheels, of the same versions; those for Lambda's processor are smaller."""
    files = [file for name in locked(slice_name) for file in distribution(name).files or []]
    wheels = [Path(str(file.locate())) for file in files if "__pycache__" not in file.parts]
    ours = sum(path.stat().st_size for wing in OURS for path in (ROOT / wing).rglob("*.py"))
    assert sum(path.stat().st_size for path in wheels if path.is_file()) + ours < 0.8 * MOST_BYTES
