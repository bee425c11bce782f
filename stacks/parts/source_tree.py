"""The part of this repository that one program needs, in the repository's own layout: one import path everywhere."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_LEFT_OUT = ("__pycache__", "examples", "*.in")


def contents(wing: str, slice_name: str) -> list[str]:
    """What `lambdas/<slice>` or `containers/<slice>` needs beside its libraries."""
    schemas = [f"schemas/{slice_name}"] + (["schemas/api"] if wing == "lambdas" else [])
    return [f"{wing}/__init__.py", f"{wing}/{slice_name}", "loupe", *schemas]


def copy(names: list[str], target: Path) -> None:
    for name in names:
        source, copied = ROOT / name, target / name
        copied.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copied, ignore=shutil.ignore_patterns(*_LEFT_OUT))
        else:
            shutil.copy2(source, copied)


def fingerprint(names: list[str], *options: str) -> str:
    """A hash of names and bytes, the same on every machine."""
    digest = hashlib.sha256("\0".join(options).encode())
    for path in sorted(_files(names)):
        digest.update(f"{path.relative_to(ROOT).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _files(names: list[str]) -> Iterator[Path]:
    for name in names:
        found = [ROOT / name] if (ROOT / name).is_file() else (ROOT / name).rglob("*")
        yield from (path for path in found if path.is_file() and not _is_left_out(path))


def _is_left_out(path: Path) -> bool:
    return any(part.match(pattern) for part in map(Path, path.relative_to(ROOT).parts) for pattern in _LEFT_OUT)
