"""What a run would do, without asking the OCR service: whether images are there, how long it takes, what it costs."""

from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from containers.ocr.images import Images, NoImage
from containers.ocr.run import THREADS, Task
from containers.ocr.settings import OcrSettings
from containers.ocr.table import Row, Table, open_table
from loupe.artifacts import open_artifacts

IMAGES_LOOKED_FOR = 10_000
MISSING_SHOWN = 5


def preview(task: Task, settings: OcrSettings) -> dict[str, Any]:
    """Checks the whole table and the first images' presence; BadTable as the run itself would raise it."""
    with open_table(task.dataset, version=task.dataset_version, most_rows=task.max_rows) as table:
        table.check_rows()
        return _previewed(task, settings, table)


def _previewed(task: Task, settings: OcrSettings, table: Table) -> dict[str, Any]:
    images = Images(open_artifacts(task.image_folder))

    def problem(row: Row) -> str | None:
        try:
            if row.image is None:
                folder, name = images.place(row.image_path)
                folder.size(name)
        except (NoImage, FileNotFoundError) as reason:
            said = reason if isinstance(reason, NoImage) else f"{row.image_path} is not there"
            return f"row {row.number}, image_path: {said}"
        return None

    with ThreadPoolExecutor(THREADS) as threads:
        problems = [found for found in threads.map(problem, islice(table.read(0), IMAGES_LOOKED_FOR)) if found]
    return {
        "message": "dry run",
        "rows": table.rows,
        "images_looked_for": min(table.rows, IMAGES_LOOKED_FOR),
        "images_missing": len(problems),
        "first_problems": problems[:MISSING_SHOWN],
        "usd": round(table.rows * settings.usd_per_page, 4),
        "minutes_at_least": round(table.rows / task.rate / 60, 1),
    }
