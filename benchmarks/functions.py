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

from local.synthesis import synthesize

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


def bundles(assembly: Path) -> dict[str, Path]:
    """Slice → the folder that becomes its functions' zip."""
    return {
        folder.name: asset
        for asset in assembly.glob("asset.*")
        for folder in asset.glob("lambdas/[a-z]*")
        if folder.is_dir()
    }


def main() -> None:
    table = Table(Column("function", no_wrap=True), "zip, MB", "unpacked, MB", "cold import, s", "of boto3 alone")
    with tempfile.TemporaryDirectory() as home:
        for slice_name, folder in bundles(synthesize(Path(home))).items():
            archive = Path(shutil.make_archive(str(Path(home) / slice_name), "zip", folder))
            unpacked = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
            sdk = cold_seconds("import boto3", folder)
            for handler in sorted((folder / "lambdas" / slice_name).glob("*.py")):
                if re.search(r"^def handle\(", handler.read_text(), re.MULTILINE):
                    took = cold_seconds(f"import lambdas.{slice_name}.{handler.stem}", folder)
                    sizes = (f"{archive.stat().st_size / 1e6:.2f}", f"{unpacked / 1e6:.1f}")
                    table.add_row(f"{slice_name}.{handler.stem}", *sizes, f"{took:.2f}", f"{took / sdk:.2f} x")
    Console().print(table)


if __name__ == "__main__":
    main()
