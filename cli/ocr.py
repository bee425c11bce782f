"""`loupe ocr`: a table of page images in, words out, each row once."""

import json
import math
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import ocr_following, ocr_results, ocr_submission
from cli.account import account
from cli.ocr_exports import FORMATS, plain
from cli.ocr_runs import Run, Runs
from cli.ocr_submission import Answer
from cli.options import AsJson, Environment
from cli.tables import print_table
from cli.trouble import Trouble, say
from cli.words import KEY, host
from config import UnknownEnvironment, config_for
from containers.ocr.preview import preview
from containers.ocr.run import Task
from containers.ocr.settings import OcrSettings
from containers.ocr.table import BadTable

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Tables of page images in, words out.",
)
Wait = Annotated[bool, typer.Option("--wait", help="Follow the run until it is complete or stops.")]
Concurrency = Annotated[
    int | None, typer.Option(min=1, help="Calls in flight at most; else as many as the pace needs, up to 64.")
]


def _dollars(value: float | None) -> float | None:
    if value is not None and not 0 < value < math.inf:
        raise typer.BadParameter(f"{value} is not more than 0")
    return value


MaxUsd = Annotated[
    float | None, typer.Option(callback=_dollars, help="Stop, resumably, before the OCR service costs more.")
]
MaxFailures = Annotated[int | None, typer.Option(min=0, help="Stop when more rows than this failed.")]
SingleFile = Annotated[bool, typer.Option("--single-file", help="Write output.parquet beside the parts too.")]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, a dataset's name, or a folder with a run.")]
_RUN = ["run", "dataset", "state", "done", "rows", "failed", "reason"]
_PREVIEW = ["rows", "images_looked_for", "images_missing", "usd", "minutes_at_least"]


@app.command()
def connect(url: Annotated[str, typer.Argument(help="The OCR service's address.")], *, env: Environment = None) -> None:
    """Tell an environment the OCR service to use; its key is read from LOUPE_OCR_KEY, else asked for.

    Example: loupe ocr connect https://api.upstage.ai --env dev
    """
    host(url)
    key = os.environ.get(KEY) or typer.prompt("Key of the OCR service", hide_input=True)
    where = account(env)
    with where.asked():
        secret = json.dumps({"url": url, "key": key.strip()})
        where.client("secretsmanager").put_secret_value(SecretId=where.parameter("ocr/secret"), SecretString=secret)
    typer.echo(f"Runs in {where.environment} ask {host(url)} from their next start on.")


@app.command()
def submit(
    dataset: Annotated[str, typer.Argument(help="A Parquet file here, or s3://… in the project bucket.")],
    *,
    env: Environment = None,
    name: Annotated[str | None, typer.Option(help="The dataset's name; else the file's.")] = None,
    concurrency: Concurrency = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Rows between two checkpoints.")] = None,
    max_rows: Annotated[int | None, typer.Option(min=1, help="Only the first rows: a run of its own.")] = None,
    max_usd: MaxUsd = None,
    max_failures: MaxFailures = None,
    single_file: SingleFile = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the file and its images, and tell the cost.")
    ] = False,
    wait: Wait = False,
    as_json: AsJson = False,
) -> None:
    """Upload a dataset and its images and start its run; the same dataset again is the same run, which goes on.

    Example: loupe ocr submit letters.parquet --max-rows 20 --wait
    """
    if dry_run:
        _refuse_s3(dataset)
        _preview(Path(dataset), env or "laptop", max_rows, as_json=as_json)
        return
    options = {
        "concurrency": concurrency,
        "batch_size": batch_size,
        "max_rows": max_rows,
        "max_usd": max_usd,
        "max_failures": max_failures,
        "single_file": single_file or None,
    }
    where = account(env)
    if dataset.startswith("s3://"):
        key, version = ocr_submission.key_in(dataset, where.parameter("storage/project-bucket")), None
    else:
        found = ocr_submission.read(Path(dataset), name=name, max_rows=max_rows)
        key, version = found.key, ocr_following.sent(where, found)
    _started(Runs(where), ocr_submission.ask(where, key, version, options), wait=wait, as_json=as_json)


@app.command()
def resume(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or a dataset's name.")],
    *,
    env: Environment = None,
    concurrency: Concurrency = None,
    max_usd: MaxUsd = None,
    max_failures: MaxFailures = None,
    single_file: SingleFile = False,
    wait: Wait = False,
    as_json: AsJson = False,
) -> None:
    """Let a run that stopped go on where it was; rows that are done are not paid again.

    Example: loupe ocr resume letters --max-usd 20
    """
    where = account(env)
    runs = Runs(where)
    found = runs.find(run)
    key = ocr_submission.key_in(found.dataset, where.parameter("storage/project-bucket"))
    options = {
        "concurrency": concurrency,
        "max_rows": found.max_rows,
        "max_usd": max_usd,
        "max_failures": max_failures,
        "single_file": single_file or None,
    }
    answer = ocr_submission.ask(where, key, found.version, options)
    _started(runs, answer, wait=wait, as_json=as_json)


@app.command()
def status(
    names: Annotated[list[str] | None, typer.Argument(metavar="[RUN]...", help="Ids or datasets; else all.")] = None,
    *,
    env: Environment = None,
    as_json: AsJson = False,
) -> None:
    """Show how runs stand, and the last words of those that stopped.

    Example: loupe ocr status letters
    """
    runs = Runs(account(env))
    found = [run for name in names for run in runs.named(name)] if names else runs.all()
    _show(runs, found, as_json=as_json, last_words=bool(names))
    raise typer.Exit(int(bool(names) and any(run.state == "STOPPED" for run in found)))


@app.command()
def inspect(
    run: RunName,
    *,
    env: Environment = None,
    row: Annotated[str | None, typer.Option(metavar="ID", help="Only the row of this id.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only rows that failed.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="How many rows to show.")] = 5,
    draw: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Draw the words of these rows over their pages.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look into a run's rows: what was read, what failed and why.

    Example: loupe ocr inspect letters --limit 3 --draw pictures
    """
    result = ocr_results.open_result(run, env)
    seen = ocr_results.inspected(result, row=row, failed=failed, limit=limit)
    if draw is not None:
        rows = [(one["row"], one) for one in seen["shown"]]
        seen["pictures"] = [str(path) for path in ocr_results.drawn(result, rows, draw)]
    if as_json:
        typer.echo(json.dumps(seen, indent=1, ensure_ascii=False, default=plain))
    else:
        ocr_results.show(seen)


@app.command()
def export(
    run: RunName,
    *,
    env: Environment = None,
    form: Annotated[str, typer.Option("--format", help=", ".join(FORMATS))] = "jsonl",
    out: Annotated[Path, typer.Option(metavar="FILE", help="The file to write.")],
    partial: Annotated[bool, typer.Option("--partial", help="Also of a run that is not complete.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Write a run's rows for labelling tools and trainers.

    Example: loupe ocr export letters --format label-studio --out letters.json
    """
    if form not in FORMATS:
        raise Trouble(f"There is no format {form!r}: choose one of {', '.join(FORMATS)}.")
    rows = ocr_results.export(ocr_results.open_result(run, env), form, out, partial=partial, force=force)
    typer.echo(f"{rows} rows are in {out}")


def _refuse_s3(dataset: str) -> None:
    if dataset.startswith("s3://"):
        raise Trouble(f"A dry run looks at a file and images of this machine, not at {dataset}: copy them here first.")


def _preview(file: Path, env: str, max_rows: int | None, *, as_json: bool) -> None:
    """No account is asked: the file and its images are here."""
    try:
        config = config_for(env).ocr
        settings = OcrSettings(ocr_url="", ocr_key="", usd_per_page=config.usd_per_page)
        task = Task(dataset=str(file), output="", rate=config.rate_per_second, max_rows=max_rows)
        told = preview(task, settings)
    except (UnknownEnvironment, BadTable, OSError) as error:
        raise Trouble(str(error)) from error
    if as_json:
        typer.echo(json.dumps(told, indent=1))
    else:
        print_table(_PREVIEW, [told])
        for problem in told["first_problems"]:
            typer.echo(problem)
    raise typer.Exit(int(told["images_missing"] > 0))


def _started(runs: Runs, answer: Answer, *, wait: bool, as_json: bool) -> None:
    """Tell what became of the request, or follow the run to its end."""
    if answer["state"] == "REFUSED":
        raise Trouble(answer["reason"])
    if not wait:
        columns = ["run_id", "state", "output", "job_id"]
        typer.echo(json.dumps(answer, indent=1)) if as_json else print_table(columns, [answer])
        return
    ended = ocr_following.followed(runs, answer)
    _show(runs, [ended], as_json=as_json, last_words=True)
    if ended.failed:
        say(f"{ended.failed} of {ended.rows} rows failed: `loupe ocr inspect {ended.run} --failed` says why.")
    raise typer.Exit(int(ended.state != "COMPLETE"))


def _show(runs: Runs, found: list[Run], *, as_json: bool, last_words: bool) -> None:
    told: list[dict[str, Any]] = [run.told() for run in found]
    if last_words:
        for run, one in zip(found, told, strict=True):
            if run.state == "STOPPED" and (words := runs.last_words(run)):
                one["reason"] = words
    if as_json:
        typer.echo(json.dumps(told, indent=1))
        return
    print_table(_RUN, [{**one, "dataset": run.name} for run, one in zip(found, told, strict=True)])
    if len(found) == 1:
        typer.echo(found[0].output)
