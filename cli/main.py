"""`loupe`: one command for every slice."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer
from rich.console import Console

from cli import local, room_detection
from cli.trouble import Trouble

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
app.add_typer(local.app, name="local")
app.add_typer(room_detection.app, name="room-detection")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("loupe"))
        raise typer.Exit


@app.callback()
def loupe(
    *,
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Images in; structured, checked, permanently kept answers out."""


def main() -> None:
    """Run; what a person can mend is one sentence and exit code 1."""
    try:
        app()
    except Trouble as trouble:
        Console(stderr=True).print(str(trouble), style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
