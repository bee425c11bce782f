"""`loupe`: one command for every slice."""

import sys
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from cli.proxies import ask_loopback_directly
from cli.trouble import Trouble, say

SLICES = {
    "archive": "Everything the project owns, and whether it is still there.",
    "local": "The platform on this laptop, without Docker and without an account.",
    "model-build": "Curated tables and a commit's code in, a registered model out.",
    "ocr": "Tables of page images in, words out.",
    "plate-runs": "Archives of plates in, measurements out.",
    "room-detection": "Blueprints in, rooms out.",
    "search": "A vector, an image or a row in, the nearest cards out.",
}


class Slices(TyperGroup):
    """Sub-commands whose modules are imported when they are called: they bring the SDK and the detector."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        if name in SLICES:
            command = get_group(import_module(f"cli.{name.replace('-', '_')}").app)
        return name, command, rest


app = typer.Typer(cls=Slices, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
for _name, _help in SLICES.items():
    app.add_typer(typer.Typer(help=_help), name=_name)


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
    ask_loopback_directly()


def main() -> None:
    """Run; what a person can mend is one sentence and exit code 1."""
    try:
        app()
    except Trouble as trouble:
        say(trouble)
        sys.exit(1)


if __name__ == "__main__":
    main()
