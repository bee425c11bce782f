"""An execution's steps → a tree for a terminal: what waits for what, how each stands, how long it took."""

from rich.markup import escape
from rich.tree import Tree

from cli.model_build_pipeline import Execution, Step
from cli.tables import printable

_STYLES = {"Succeeded": "green", "Failed": "red", "Executing": "yellow", "Starting": "yellow", "NotRun": "dim"}


def drawn(execution: Execution, steps: list[Step]) -> Tree:
    """The whole picture."""
    tree = Tree(_line(f"execution {execution.id}", execution.state, execution.seconds, ""), guide_style="dim")
    places: dict[str | None, Tree] = {None: tree}
    for step in steps:
        line = _line(step.name, step.state, step.seconds, step.said)
        places[step.name] = places[step.after].add(line)
    return tree


def _line(name: str, state: str, seconds: float | None, said: str) -> str:
    words = "not run" if state == "NotRun" else state.lower()
    time = f" {seconds:.1f} s" if seconds is not None else ""
    style = _STYLES.get(state, "default")
    return f"{escape(name)}  [{style}]{words}[/]{time}  {printable(said)}".rstrip()
