"""Before an execution is paid for: everything that it needs, looked at; one line for each thing that is amiss."""

from collections.abc import Callable
from dataclasses import dataclass

from cli.account import Account
from cli.model_build_bundle import bundle
from cli.model_build_pipeline import Pipeline
from cli.model_build_project import COMMIT, TABLES, Project
from cli.trouble import Trouble


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was looked at, and what was found; `amiss` ends the build before it begins."""

    check: str
    amiss: bool
    found: str


def findings(account: Account, revision: str | None, tables: dict[str, str]) -> list[Finding]:
    """Each check in the order in which they depend on each other; none keeps the others from being done."""
    checks: dict[str, Callable[[], str]] = {
        "identity": lambda: _identity(account),
        "bucket": lambda: _bucket(account),
        "pipeline": lambda: _pipeline(account),
        "train": lambda: _table(account, "InputTrainUri", tables),
        "validation": lambda: _table(account, "InputValidationUri", tables),
        "bundle": lambda: _bundle(revision),
        "published": lambda: Project(account).published(revision).uri,
    }
    return [_finding(name, look) for name, look in checks.items()]


def _finding(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(check=name, amiss=False, found=look())
    except Trouble as trouble:
        return Finding(check=name, amiss=True, found=str(trouble))


def _identity(account: Account) -> str:
    with account.asked():
        return str(account.client("sts").get_caller_identity()["Arn"])


def _bucket(account: Account) -> str:
    name = Project(account).bucket
    with account.asked():
        account.client("s3").head_bucket(Bucket=name)
    return name


def _pipeline(account: Account) -> str:
    pipeline = Pipeline(account)
    with account.asked():
        return str(pipeline.client.describe_pipeline(PipelineName=pipeline.name)["PipelineArn"])


def _table(account: Account, parameter: str, tables: dict[str, str]) -> str:
    project = Project(account)
    uri = tables.get(parameter) or project.uri(TABLES[parameter])
    return f"{uri}, version {project.version(uri)}"


def _bundle(revision: str | None) -> str:
    """A commit that is named in full may be another repository's."""
    if revision is not None and COMMIT.fullmatch(revision):
        return f"commit {revision}, as it was published"
    made = bundle(revision)
    return f"commit {made.commit}, {len(made.body)} bytes"
