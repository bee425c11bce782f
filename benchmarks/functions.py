"""`python -m benchmarks.functions`: each slice's zip, and what importing each handler costs beside the SDK alone."""

import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from stacks.parts import source_tree
from stacks.parts.python_function import LAMBDA_PLATFORM, install_libraries

ROOT = Path(__file__).parents[1]
ROUNDS = 7


def cold_seconds(code: str, folder: Path) -> float:
    """Median time of a new process that runs this code; its interpreter's own start included."""
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)  # noqa: S603  # our own code
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def bundle(slice_name: str, folder: Path) -> Path:
    """What Lambda unpacks, for Lambda's processor; needs a package index."""
    install_libraries(slice_name, folder, LAMBDA_PLATFORM)
    source_tree.copy(source_tree.contents("lambdas", slice_name), folder)
    return folder


def main() -> None:
    table = Table(Column("function", no_wrap=True), "zip, MB", "unpacked, MB", "cold import, s", "of boto3 alone")
    sdk = cold_seconds("import boto3", ROOT)
    for slice_name in sorted(path.parent.name for path in (ROOT / "lambdas").glob("*/requirements.txt")):
        with tempfile.TemporaryDirectory() as home:
            folder = bundle(slice_name, Path(home) / slice_name)
            archive = Path(shutil.make_archive(str(Path(home) / "code"), "zip", folder))
            unpacked = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
            sizes = (f"{archive.stat().st_size / 1e6:.2f}", f"{unpacked / 1e6:.1f}")
        for handler in sorted((ROOT / "lambdas" / slice_name).glob("*.py")):
            if re.search(r"^def handle\(", handler.read_text(), re.MULTILINE):
                took = cold_seconds(f"import lambdas.{slice_name}.{handler.stem}", ROOT)
                table.add_row(f"{slice_name}.{handler.stem}", *sizes, f"{took:.2f}", f"{took / sdk:.2f} x")
    Console().print(table)


if __name__ == "__main__":
    main()
