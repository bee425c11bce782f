"""Options that commands of several slices have, in the same words."""

from typing import Annotated

import typer

Environment = Annotated[
    str | None, typer.Option("--env", envvar="LOUPE_ENV", help="laptop, dev, staging or prod; else the running laptop.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, for machines.")]
