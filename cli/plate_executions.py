"""Executions of an environment's state machine: started, and what Step Functions tells of each."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from cli.account import Account
from cli.plate_archives import Archive, archives
from cli.plate_reports import Run, run_of, runs_of
from loupe.claims import RUN_ID

LOOKED_AT = 50  # the newest; of older ones the reports tell
READERS = 8
_FIRST_EVENTS = 30


@dataclass(frozen=True, kw_only=True)
class Execution:
    """RUNNING, SUCCEEDED, or FAILED with its reason, which are all other ways to end; `run` once an id is claimed."""

    arn: str
    state: str
    dataset: str
    run: str | None
    reason: str | None

    @property
    def name(self) -> str:
        """What tells it from the others."""
        return self.arn.rpartition(":")[2]


class Executions:
    """The executions of one environment, and the runs of all its datasets."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._machine = account.parameter("plate_runs/state-machine")

    def start(self, **asked: Any) -> str:
        """Begin a run, or let one go on; the ARN of its execution. What is None is not asked for."""
        text = json.dumps({name: value for name, value in asked.items() if value is not None})
        with self.account.asked():
            return str(self._client.start_execution(stateMachineArn=self._machine, input=text)["executionArn"])

    def one(self, arn: str, run: str | None = None) -> Execution:
        """How an execution stands; its history is not asked for a run that is known."""
        with self.account.asked():
            found = self._client.describe_execution(executionArn=arn)
            state = found["status"] if found["status"] in {"RUNNING", "SUCCEEDED"} else "FAILED"
            return Execution(
                arn=arn,
                state=state,
                dataset=_dataset(found),
                run=run or self._run_id(found),
                reason=_reason(found) if state == "FAILED" else None,
            )

    def runs(self) -> list[Run]:
        """Every run of every dataset, and executions that ended before they had an id."""
        with ThreadPoolExecutor(READERS) as readers:
            executions = list(readers.map(self.one, self._newest()))
            found = [run for runs in readers.map(runs_of, archives(self.account)) for run in runs]
        told = {execution.run: execution for execution in reversed(executions)}  # of several, the newest
        known = [_with(run, told.get(run.run)) for run in found]
        ids = {run.run for run in found}
        return known + [_without_reports(execution) for execution in executions if execution.run not in ids]

    @cached_property
    def _client(self) -> Any:
        return self.account.client("stepfunctions")

    def _newest(self) -> list[str]:
        with self.account.asked():
            listed = self._client.list_executions(stateMachineArn=self._machine, maxResults=LOOKED_AT)["executions"]
        return [one["executionArn"] for one in listed]

    def _run_id(self, found: dict[str, Any]) -> str | None:
        """The id that went in, came out, or was told on the way first."""
        if match := RUN_ID.search(f"{found.get('input')} {found.get('output')}"):
            return match[0]
        arn = found["executionArn"]
        events = self._client.get_execution_history(executionArn=arn, maxResults=_FIRST_EVENTS)["events"]
        match = RUN_ID.search(json.dumps(events, default=str))
        return match[0] if match else None


def run_in(archive: Archive, execution: Execution) -> Run:
    """The run of an execution over a dataset, as far as either tells."""
    found = run_of(archive, execution.run) if execution.run else None
    return _with(found, execution) if found else _without_reports(execution)


def _with(run: Run, execution: Execution | None) -> Run:
    """An execution that goes on or failed says more than the reports so far."""
    if not execution:
        return run
    if execution.state == "SUCCEEDED":
        return replace(run, execution=execution.name)
    reason = execution.reason or run.reason
    return replace(run, state=execution.state, reason=reason, execution=execution.name)


def _without_reports(execution: Execution) -> Run:
    return Run(
        run=execution.run or "",
        dataset=execution.dataset,
        state="COMPLETE" if execution.state == "SUCCEEDED" else execution.state,
        reason=execution.reason,
        execution=execution.name,
    )


def _dataset(found: dict[str, Any]) -> str:
    """What the input names; whoever started it may have written anything."""
    asked = json.loads(found.get("input") or "null")
    return str(asked.get("dataset", "")) if isinstance(asked, dict) else ""


def _reason(found: dict[str, Any]) -> str:
    """In one line."""
    return "; ".join(str(found.get("cause") or found.get("error") or found["status"]).splitlines())
