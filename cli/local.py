"""`loupe local`: the platform on this laptop, started, looked at and stopped."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from local.assembly import UnreadableAssembly
from local.deployment import UnsupportedResources
from local.laptop import HOME, EngineFailed, Laptop, LaptopStatus
from local.stacks import DeploymentFailed
from local.synthesis import SynthesisFailed, synthesize

app = typer.Typer(no_args_is_help=True, help="The platform on this laptop, without Docker and without an account.")
FAILURES = (DeploymentFailed, EngineFailed, SynthesisFailed, UnreadableAssembly, UnsupportedResources)
Home = Annotated[Path, typer.Option(envvar="LOUPE_HOME", help="The folder that holds the laptop's state.")]


@app.command()
def up(
    *,
    home: Home = HOME,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the state of earlier runs first.")] = False,
) -> None:
    """Synthesize the platform and run it here."""
    laptop, console = Laptop(home), Console(stderr=True)
    try:
        with console.status("Synthesizing the stacks") as status:
            assembly = synthesize(laptop.home)
            if fresh:
                laptop.forget()
            status.update("Starting the engine")
            laptop.up(assembly, _reporter(console, status.update))
    except FAILURES as error:
        console.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error
    typer.echo(f"Loupe runs at {laptop.url}")


@app.command()
def down(*, home: Home = HOME) -> None:
    """Stop the platform; its state stays for the next `up`."""
    Laptop(home).down()
    typer.echo("Loupe is stopped.")


@app.command()
def status(
    *,
    home: Home = HOME,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Show what runs; exit code 3 if nothing does."""
    found = Laptop(home).status()
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
    else:
        _show(found)
    if not found.running:
        raise typer.Exit(3)


@app.command()
def logs(
    *,
    home: Home = HOME,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines until interrupted.")] = False,
) -> None:
    """Print what the engine and the programs that it runs wrote."""
    try:
        for line in Laptop(home).logs(follow=follow):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def _reporter(console: Console, update: Callable[[str], None]) -> Callable[[str, str], None]:
    def report(stack: str, state: str) -> None:
        if state == "deploying":
            update(f"Deploying {stack}")
        else:
            console.print(f"{stack}: {state}", highlight=False)

    return report


def _show(found: LaptopStatus) -> None:
    if not found.running:
        typer.echo("Loupe does not run here. Start it with: loupe local up")
        return
    typer.echo(f"Loupe runs at {found.url} (process {found.pid}) for {found.uptime_seconds:.0f} s")
    table = Table(box=None, pad_edge=False, show_header=False)
    for stack, state in sorted(found.stacks.items()):
        table.add_row("stack", stack, state)
    for endpoint in found.endpoints:
        table.add_row("endpoint", endpoint["name"], f"{endpoint['status']}, {endpoint['backlog']} waiting")
    for stand_in in found.stand_ins:
        table.add_row("stand-in", stand_in["name"], f"{stand_in['url']}{'' if stand_in['ready'] else ', starting'}")
    Console().print(table)
    typer.echo(f"{found.denials} denied accesses")
    for denial in found.last_denials:
        typer.echo(f"  {denial['time']} {denial['message']}")
