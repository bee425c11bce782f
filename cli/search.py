"""`loupe search`: which card is this; the versions that are searched are built, published and taken back."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import search_jobs, search_queries
from cli.account import account
from cli.connection import connection_to
from cli.options import AsJson, Environment
from cli.search_versions import Versions
from cli.tables import print_table
from cli.trouble import Trouble
from containers.search.assembly import Inputs

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="A vector, an image or a row in, the nearest cards out.",
)
Name = Annotated[str, typer.Argument(metavar="VERSION", help="Its name, as `loupe search versions` has it.")]
Exact = Annotated[bool | None, typer.Option(help="Prove the answer, or do not.", show_default="as the version says")]
_VERSION = ["version", "state", "rows", "dims", "search", "images", "created_at"]
_POINTER = ["version", "previous", "published_at"]
_FIELDS = 5  # of the metadata that a table has room for


@app.command()
def build(
    embeddings: Annotated[str, typer.Argument(help="The .npy file: float32, a row of length 1 for each card.")],
    *,
    env: Environment = None,
    index_json: Annotated[str, typer.Option(help="Which card each row is of.")],
    metadata: Annotated[str, typer.Option(help="What is known of each card.")],
    usearch_index: Annotated[str | None, typer.Option(help="An index that came with the embeddings.")] = None,
    embedder: Annotated[str | None, typer.Option(help="An ONNX network, image in and vector out.")] = None,
    preprocessing: Annotated[str | None, typer.Option(help="JSON: how the network wants its images.")] = None,
    version: Annotated[str | None, typer.Option(help="A name; else the time and what the files hold.")] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Let it answer queries, if it verifies.")] = False,
    in_account: Annotated[
        bool, typer.Option("--in-account", help="As a processing job, from s3:// files of the project bucket.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check what there is of the cards and build a version from it; the same files again are the same version.

    Example: loupe search build embeddings.npy --index-json index.json --metadata metadata.json --publish
    """
    given = {
        "embeddings": embeddings,
        "index-json": index_json,
        "metadata": metadata,
        "usearch-index": usearch_index,
        "embedder": embedder,
        "preprocessing": preprocessing,
    }
    files = {flag: file for flag, file in given.items() if file}
    where = account(env)
    versions = Versions(where)
    if in_account:
        name = ["--version", version] if version else []
        search_jobs.run(where, files, [*name, *(["--publish"] if publish else [])])
        _show_versions(versions.all(), as_json=as_json)
        return
    built = versions.build(_inputs(files), version)
    if publish:
        versions.publish(built["version"])
    _show_versions([{**built, "state": "published" if publish else ""}], as_json=as_json)


@app.command()
def publish(name: Name, *, env: Environment = None, as_json: AsJson = False) -> None:
    """Verify a version and let it answer queries from now on; the one before answers until it is loaded.

    Example: loupe search publish 20260104-043258-877a06a6b1c2
    """
    _show(_POINTER, Versions(account(env)).publish(name), as_json=as_json)


@app.command()
def rollback(
    name: Annotated[str | None, typer.Argument(metavar="[VERSION]", help="Else the version before.")] = None,
    *,
    env: Environment = None,
    as_json: AsJson = False,
) -> None:
    """Let the version before answer queries again, or an older one.

    Example: loupe search rollback
    """
    _show(_POINTER, Versions(account(env)).rollback(name), as_json=as_json)


@app.command()
def versions(*, env: Environment = None, as_json: AsJson = False) -> None:
    """Show all versions, newest first, and which one answers.

    Example: loupe search versions
    """
    _show_versions(Versions(account(env)).all(), as_json=as_json)


@app.command()
def verify(name: Name, *, env: Environment = None, as_json: AsJson = False) -> None:
    """Read a version whole and say what is not as it was sealed; exit code 1 if anything is.

    Example: loupe search verify 20260104-043258-877a06a6b1c2
    """
    found = Versions(account(env)).verify(name)
    told = [{"file": one.file, "row": one.row, "reason": one.reason} for one in found]
    if as_json:
        typer.echo(json.dumps({"version": name, "findings": told}, indent=1))
    else:
        print_table(
            ["file", "row", "reason"], [{**one, "row": "" if one["row"] is None else one["row"]} for one in told]
        )
        typer.echo(f"{name}: {len(told)} findings.")
    raise typer.Exit(int(bool(told)))


@app.command()
def query(
    *,
    env: Environment = None,
    vector: Annotated[Path | None, typer.Option(metavar="FILE", help="A .npy or .json file, or text.")] = None,
    image: Annotated[Path | None, typer.Option(metavar="FILE", help="A JPEG, PNG or WebP.")] = None,
    row: Annotated[int | None, typer.Option(metavar="N", min=0, help="A row of the version itself.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many cards.")] = 10,
    only: Annotated[
        list[str] | None,
        typer.Option("--filter", metavar="FIELD=VALUE", help="Only cards with it; repeat for another field or value."),
    ] = None,
    version: Annotated[str | None, typer.Option(help="Not the published version, but this one.")] = None,
    exact: Exact = None,
    as_json: AsJson = False,
) -> None:
    """Find the nearest cards.

    Example: loupe search query --image photo.jpg --limit 5 --filter set=Dusk
    """
    where = account(env)
    asked = search_queries.query_of(
        vector=vector,
        image=image,
        row=row,
        environment=where.environment,
        limit=limit,
        filter=search_queries.filter_of(only or []),
        version=version,
        exact=exact,
    )
    answer = search_queries.ask(connection_to(where), asked)
    if as_json:
        typer.echo(json.dumps(answer, indent=1, ensure_ascii=False))
        return
    fields = list(dict.fromkeys(field for hit in answer["hits"] for field in hit["metadata"]))[:_FIELDS]
    rows = [{**hit["metadata"], **hit, "score": f"{hit['score']:.4f}"} for hit in answer["hits"]]
    print_table(["card_id", "score", "row", *(field for field in fields if field not in {"card_id", "score"})], rows)
    proof = "proven" if answer["proven"] else "of the nearest cells, not proven"
    typer.echo(f"{len(rows)} cards of {answer['version']}, {proof}, in {answer['took_ms']:.1f} ms.")


def _inputs(files: dict[str, str]) -> Inputs:
    missing = [file for file in files.values() if not Path(file).is_file()]
    if missing:
        raise Trouble(f"There is no file {', '.join(missing)}; s3:// files are for --in-account.")
    return Inputs(**{flag.replace("-", "_"): Path(file) for flag, file in files.items()})


def _show_versions(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
    elif rows:
        print_table(_VERSION, rows)
    else:
        typer.echo("There is no version yet: build one with `loupe search build`.")


def _show(columns: list[str], told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(told, indent=1))
    else:
        print_table(columns, [{name: value for name, value in told.items() if value is not None}])
