"""`make demo-ocr [TABLE=file]`: the synthesized stacks on this laptop; page images in, words printed and drawn."""

import json
import tempfile
from collections import Counter
from pathlib import Path

from rich.table import Table

from cli import ocr_following, ocr_results, ocr_submission
from cli.account import Account, laptop_account
from cli.demonstration import CONSOLE, PICTURES, Phases, deployed, show
from cli.ocr_exports import Row
from cli.ocr_runs import Run, Runs
from cli.ocr_submission import Dataset
from cli.tables import printable
from cli.trouble import Trouble
from examples import pages
from local.laptop import Laptop

PAGES = 6
DRAWN_AT_MOST, TEXT_SHOWN = 12, 30


def demo(given: list[Path]) -> None:
    """Draw pages if none are given, deploy, submit them, wait, print, draw the words, stop."""
    if len(given) > 1:
        raise Trouble("One table at a time, please.")
    phases = Phases()
    with tempfile.TemporaryDirectory(prefix="loupe-pages-") as folder:
        table = given[0] if given else _drawn_pages(Path(folder), phases)
        dataset = ocr_submission.read(table, name=None, max_rows=None)
        with deployed(phases) as laptop:
            _through_the_platform(laptop, dataset, _printed_words(table), phases)
    CONSOLE.print(f"\nThe words are drawn beside their pages in {PICTURES}/*.words.png", highlight=False)


def _drawn_pages(folder: Path, phases: Phases) -> Path:
    with phases.phase(f"Draw {PAGES} pages"):
        pages.write(folder, PAGES)
    return folder / "pages.parquet"


def _through_the_platform(laptop: Laptop, dataset: Dataset, printed: dict[str, Counter[str]], phases: Phases) -> None:
    account = laptop_account(laptop)
    runs = Runs(account)
    with phases.phase(f"Send {dataset.rows} pages"):
        version = ocr_following.sent(account, dataset)
    with phases.phase(f"Read {dataset.rows} pages"):
        run = ocr_following.followed(runs, ocr_submission.ask(account, dataset.key, version, {}))
    if run.state != "COMPLETE":
        raise Trouble(f"The run stopped: {runs.last_words(run) or run.reason}")
    with phases.phase("Fetch and draw the words"):
        rows = _fetched(account, run)
    CONSOLE.print(_summary(rows, printed))


def _fetched(account: Account, run: Run) -> list[Row]:
    result = ocr_results.result_of(account, run)
    rows = list(result.rows())
    for _ in ocr_results.drawn(result, enumerate(rows[:DRAWN_AT_MOST]), PICTURES):
        pass
    return rows


def _printed_words(table: Path) -> dict[str, Counter[str]]:
    """What is printed on each page, where the table's folder tells."""
    truth = table.parent / "truth.jsonl"
    lines = map(json.loads, truth.read_text().splitlines()) if truth.exists() else []
    return {line["image_filename"]: Counter(word["text"] for word in line["words"]) for line in lines}


def _summary(rows: list[Row], printed: dict[str, Counter[str]]) -> Table:
    table = Table("page", "words", "printed", "read right", "text", "error", box=None, title="Words")
    for row in rows:
        words, true = Counter[str](row["texts"]), printed.get(row["image_filename"])
        right = f"{(words & true).total() / max(1, true.total()):.0%}" if true else ""
        told = (row["image_filename"], len(row["texts"]), true.total() if true else "", right)
        table.add_row(
            *map(printable, told), printable(" ".join(row["texts"])[:TEXT_SHOWN]), printable(row["error"] or "")
        )
    return table


if __name__ == "__main__":
    show(demo)
