"""`loupe model-build`: a model is registered only if it earned it, and anyone can say from what."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from cli.account import account
from cli.model_build_bundle import NAME, bundle
from cli.model_build_check import findings
from cli.model_build_drawing import drawn
from cli.model_build_pipeline import Execution, Pipeline, Step
from cli.model_build_project import TABLES, Project, parameters
from cli.model_build_versions import Versions
from cli.options import AsJson, Environment
from cli.outputs import new_file
from cli.tables import print_table
from cli.trouble import Trouble

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Curated tables and a commit's code in, a registered model out.",
)
Commit = Annotated[str | None, typer.Option(metavar="REV", help="A commit; else the one that is checked out.")]
Train = Annotated[str | None, typer.Option(metavar="URI", help="s3://…; else data/curated/train.csv.")]
Validation = Annotated[str | None, typer.Option(metavar="URI", help="s3://…; else data/curated/validation.csv.")]
Which = Annotated[str, typer.Argument(metavar="VERSION", help="Its number in the group, or its ARN.")]
Note = Annotated[str, typer.Option(help="Why; it is kept with the version.")]
_EXECUTION = ["execution", "state", "commit", "started_at", "seconds", "reason"]
_VERSION = ["version", "approval", "created_at"]


@app.command("bundle")
def make_bundle(
    *,
    commit: Commit = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The archive to write.")] = Path(NAME),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Make the code bundle of a commit: the same bytes whoever makes it.

    Example: loupe model-build bundle --commit v1.4 --out pipeline_code.tar.gz
    """
    made = bundle(commit)
    with new_file(out, force=force) as file:
        file.write(made.body)
    typer.echo(f"{made.sha256}  {out}  (commit {made.commit})")


@app.command()
def publish(
    *,
    env: Environment = None,
    commit: Commit = None,
    train: Annotated[Path | None, typer.Option(metavar="FILE", help="Put this table there as train.csv, too.")] = None,
    validation: Annotated[Path | None, typer.Option(metavar="FILE", help="And this as validation.csv.")] = None,
    as_json: AsJson = False,
) -> None:
    """Put the code bundle of a commit into the project, once and for all; the same again changes nothing.

    Example: loupe model-build publish --train train.csv --validation validation.csv
    """
    made, project = bundle(commit), Project(account(env))
    published = project.publish(made)
    tables = [project.bring(name, file) for name, file in zip(TABLES, (train, validation), strict=True) if file]
    if as_json:
        typer.echo(json.dumps({**asdict(published), "tables": tables}, indent=1))
        return
    typer.echo(f"{published.sha256}  {published.uri}")
    for uri in tables:
        typer.echo(uri)


@app.command()
def check(
    *,
    env: Environment = None,
    commit: Commit = None,
    train: Train = None,
    validation: Validation = None,
    as_json: AsJson = False,
) -> None:
    """Look at everything that an execution needs; exit code 1 if anything is amiss.

    Example: loupe model-build check
    """
    found = findings(account(env), commit, _tables(train, validation))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in found], indent=1))
    else:
        for finding in found:
            typer.echo(f"{'amiss' if finding.amiss else 'well'}  {finding.check}: {finding.found}")
    raise typer.Exit(int(any(finding.amiss for finding in found)))


@app.command()
def start(
    *,
    env: Environment = None,
    commit: Commit = None,
    train: Train = None,
    validation: Validation = None,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="The accuracy to reach; else as the environment says.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the execution until it is over.")] = False,
    as_json: AsJson = False,
) -> None:
    """Build a model from a published bundle and the tables; what is amiss is told before anything begins.

    Example: loupe model-build start --wait
    """
    where, given = account(env), _tables(train, validation)
    amiss = [finding for finding in findings(where, commit, given) if finding.amiss]
    if amiss:
        raise Trouble("\n".join(f"{finding.check}: {finding.found}" for finding in amiss))
    pipeline = Pipeline(where)
    project = Project(where)
    published = project.published(commit)
    arn = pipeline.start(parameters(project, published, given, threshold), commit=published.commit)
    _show(pipeline, arn, wait=wait, as_json=as_json)


@app.command()
def status(
    execution: Annotated[str | None, typer.Argument(help="An execution's id or ARN; else all.")] = None,
    *,
    env: Environment = None,
    as_json: AsJson = False,
) -> None:
    """Show how executions stand, and the versions in the group; or the steps of one, and why it failed.

    Example: loupe model-build status 4r83jejmhorv
    """
    where = account(env)
    pipeline = Pipeline(where)
    if execution:
        _show(pipeline, pipeline.arn_of(execution), wait=False, as_json=as_json)
        return
    executions, versions = [one.told() for one in pipeline.executions()], Versions(where).all()
    if as_json:
        typer.echo(json.dumps({"executions": executions, "versions": versions}, indent=1))
        return
    print_table(_EXECUTION, executions)
    print_table(_VERSION, versions)


@app.command()
def approve(version: Which, *, env: Environment = None, note: Note = "") -> None:
    """Approve of a version; whoever listens to the topic is told.

    Example: loupe model-build approve 3 --note "better than 2 on every class"
    """
    typer.echo(f"Approved: {Versions(account(env)).judge(version, 'Approved', note)}")


@app.command()
def reject(version: Which, *, env: Environment = None, note: Note = "") -> None:
    """Reject a version; whoever listens to the topic is told.

    Example: loupe model-build reject 3 --note "trained on a table with a shifted column"
    """
    typer.echo(f"Rejected: {Versions(account(env)).judge(version, 'Rejected', note)}")


@app.command()
def lineage(
    version: Annotated[str | None, typer.Argument(help="Its number in the group, or its ARN; else the newest.")] = None,
    *,
    env: Environment = None,
    as_json: AsJson = False,
) -> None:
    """Say from what a version was made: commit, bundle, tables, execution; and what of that has changed since.

    Example: loupe model-build lineage 3
    """
    found = Versions(account(env)).lineage(version)
    if as_json:
        typer.echo(json.dumps(found.told(), indent=1))
        return
    for line in found.lines():
        typer.echo(line)


def _tables(train: str | None, validation: str | None) -> dict[str, str]:
    given = zip(TABLES, (train, validation), strict=True)
    return {name: uri for name, uri in given if uri}


def _show(pipeline: Pipeline, arn: str, *, wait: bool, as_json: bool) -> None:
    """The steps of an execution, once it is over if that is waited for; exit code 1 if it failed."""
    if wait and sys.stdout.isatty() and not as_json:
        execution = _live(pipeline, arn)
    else:
        execution, steps = _last(pipeline, arn, wait=wait)
        if as_json:
            typer.echo(json.dumps({**execution.told(), "steps": [asdict(step) for step in steps]}, indent=1))
        else:
            Console(width=160).print(drawn(execution, steps))
    raise typer.Exit(int(execution.state in {"Failed", "Stopped"}))


def _live(pipeline: Pipeline, arn: str) -> Execution:
    with Live() as live:
        for execution, steps in pipeline.follow(arn):
            live.update(drawn(execution, steps))
    return execution


def _last(pipeline: Pipeline, arn: str, *, wait: bool) -> tuple[Execution, list[Step]]:
    if not wait:
        return pipeline.one(arn), pipeline.steps(arn)
    *_, last = pipeline.follow(arn)
    return last
