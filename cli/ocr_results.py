"""A run's rows, in S3 or in a folder of this machine: counted, shown, drawn over their pages, exported."""

import io
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import typer

from cli import ocr_pictures
from cli.account import Account, account
from cli.blueprints import safe_name
from cli.ocr_exports import FORMATS, Row
from cli.ocr_runs import Run, Runs, parts_at, rows_of
from cli.outputs import folder, new_file
from cli.tables import print_table, printable
from cli.trouble import Trouble, say
from containers.ocr.images import Images, NoImage
from containers.ocr.parts import Parts
from containers.ocr.table import BadTable, Table, open_table
from loupe.artifacts import open_artifacts

REASONS_SHOWN = 5
TEXT_SHOWN = 100  # characters


@dataclass(frozen=True)
class Result:
    """A run's committed rows, and where their images are: in the dataset itself, or where its paths lead."""

    name: str
    parts: Parts
    images: Images
    complete: bool
    dataset: str
    version: str | None
    client: Any = None

    def rows(self) -> Iterator[Row]:
        return rows_of(self.parts)


def open_result(name: str, env: str | None) -> Result:
    """A run of an environment, or the folder of one on this machine."""
    here = Path(name)
    if (here / "run.json").is_file():
        parts = parts_at(str(here))
        begun, complete = parts.begun(), parts.manifest() is not None
        images = Images(open_artifacts(begun["images"]))
        return Result(name, parts, images, complete, begun["dataset"], begun["dataset_version"])
    where = account(env)
    return result_of(where, Runs(where).find(name))


def result_of(where: Account, run: Run) -> Result:
    """A run of an environment."""
    s3 = where.client("s3")
    images = Images(open_artifacts(run.images, s3), s3)
    return Result(run.run, parts_at(run.output, s3), images, run.state == "COMPLETE", run.dataset, run.version, s3)


def inspected(result: Result, *, row: str | None, failed: bool, limit: int) -> dict[str, Any]:
    """Counts over all rows, the commonest reasons, and the rows that are asked for."""
    counts, reasons = Counter[str](), Counter[str]()
    shown: list[Row] = []
    for number, one in enumerate(result.rows()):
        counts.update(rows=1, failed=int(one["status"] == "failed"), words=len(one["texts"]))
        reasons.update([one["error"]] if one["error"] else [])
        wanted = row in {None, one["id"]} and (not failed or one["status"] == "failed")
        if wanted and len(shown) < limit:
            shown.append({"row": number, **one})
    if row is not None and not shown:
        raise Trouble(f"{result.name} has no row {row!r} among the {counts['rows']} that are done.")
    return {"complete": result.complete, **counts, "reasons": dict(reasons.most_common(REASONS_SHOWN)), "shown": shown}


def show(seen: dict[str, Any]) -> None:
    """For people: the counts, then the rows."""
    print_table(["complete", "rows", "failed", "words"], [seen])
    for reason, count in seen["reasons"].items():
        typer.echo(f"{count} x {printable(reason)}")
    print_table(["row", "id", "image_path", "size", "words", "text", "error"], [_line(row) for row in seen["shown"]])
    for picture in seen.get("pictures", []):
        typer.echo(picture)


def drawn(result: Result, rows: Iterable[tuple[int, Row]], out: Path) -> Iterator[Path]:
    """A picture of each of these rows of the dataset, named after its image and its number."""
    with ExitStack() as opened:
        table = _dataset(result, opened)
        for number, row in rows:
            try:
                page = result.images.load(row["image_path"], table.image(number) if table else None)
                picture = ocr_pictures.draw(page.body, row)
            except (NoImage, BadTable, OSError, Trouble) as error:
                say(f"{row['id']}: {error}")
                continue
            target = folder(out) / safe_name(row["image_filename"], f"{number:04}", "words.png")
            with new_file(target, force=True) as file:
                picture.save(file, "PNG")
            yield target


def _dataset(result: Result, opened: ExitStack) -> Table | None:
    """The dataset if it is still there; most hold no images, and paths lead to them all the same."""
    try:
        return opened.enter_context(open_table(result.dataset, version=result.version, client=result.client))
    except BadTable:
        return None


def export(result: Result, form: str, out: Path, *, partial: bool, force: bool) -> int:
    """Write the rows to a file; how many there are."""
    if not result.complete and not partial:
        raise Trouble(f"{result.name} is not complete: let it go on with `loupe ocr resume`, or add --partial.")
    with new_file(out, force=force) as file:
        text = io.TextIOWrapper(file, "utf-8")
        FORMATS[form](result.rows, text)
        text.detach()  # which writes what is left
    return result.parts.reached


def _line(row: Row) -> dict[str, Any]:
    text = " ".join(islice(row["texts"], TEXT_SHOWN))
    size = f"{row['width']} x {row['height']}" if row["width"] else ""
    told = {
        "row": row["row"],
        "id": row["id"],
        "image_path": row["image_path"],
        "size": size,
        "words": len(row["texts"]),
    }
    return {**told, "text": text[:TEXT_SHOWN], "error": row["error"] or ""}
