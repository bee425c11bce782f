"""`make demo-model [TRAIN=file VALIDATION=file]`: the synthesized stacks on this laptop; tables in, a model out."""

import tempfile
from pathlib import Path
from typing import Any

from rich.table import Table

from cli.account import Account, laptop_account
from cli.demonstration import CONSOLE, PICTURES, Phases, deployed, show
from cli.model_build_bundle import bundle
from cli.model_build_drawing import drawn
from cli.model_build_pipeline import Pipeline
from cli.model_build_project import TABLES, Project, Published, parameters
from cli.model_build_versions import Lineage, Versions
from cli.outputs import folder, new_file
from cli.trouble import Trouble
from examples import passengers

REPORT = "model.html"


def demo(given: list[Path]) -> None:
    """Invent passengers if none are given, deploy, publish, build, show what was made from what, stop."""
    if len(given) not in (0, 2) or not all(file.is_file() for file in given):
        raise Trouble("Two tables, please: TRAIN=train.csv VALIDATION=validation.csv, or none.")
    phases, made = Phases(), bundle()
    with tempfile.TemporaryDirectory(prefix="loupe-passengers-") as name:
        tables = given or list(passengers.write(Path(name)))
        with deployed(phases) as laptop:
            account = laptop_account(laptop)
            project = Project(account)
            with phases.phase("Publish the bundle and the tables"):
                published = project.publish(made)
                for parameter, table in zip(TABLES, tables, strict=True):
                    project.bring(parameter, table)
            with phases.phase("Prepare, train, judge, register"):
                _build(account, published)
            lineage = Versions(account).lineage(None)
            _keep_report(project, lineage)
    CONSOLE.print(_confusion(lineage.evaluation))
    CONSOLE.print("\n".join(lineage.lines()), highlight=False, markup=False, soft_wrap=True)
    CONSOLE.print(f"\nThe evaluation, with its curves, is in {PICTURES}/{REPORT}", highlight=False)


def _build(account: Account, published: Published) -> None:
    """An execution, to its end."""
    pipeline = Pipeline(account)
    asked = parameters(Project(account), published, {}, None)
    *_, (execution, steps) = pipeline.follow(pipeline.start(asked, commit=published.commit))
    CONSOLE.print(drawn(execution, steps))
    if execution.state != "Succeeded":
        raise Trouble(f"The execution failed: {execution.reason}")


def _keep_report(project: Project, lineage: Lineage) -> None:
    report = lineage.package["CustomerMetadataProperties"]["report"]
    with new_file(folder(PICTURES) / REPORT, force=True) as file:
        file.write(project.read(report, advice="the evaluation writes it"))


def _confusion(evaluation: dict[str, Any]) -> Table:
    count, metrics = evaluation["confusion"], evaluation["metrics"]
    numbers = "  ".join(f"{name} {metrics[name]['value']:.3f}" for name in ("accuracy", "auc", "f1"))
    table = Table("", "predicted to die", "predicted to survive", title=numbers, box=None)
    table.add_row("died", str(count["true_negative"]), str(count["false_positive"]))
    table.add_row("survived", str(count["false_negative"]), str(count["true_positive"]))
    return table


if __name__ == "__main__":
    show(demo)
