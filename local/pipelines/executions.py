"""Executions of pipelines: started, stopped, retried, and buried when their engine ended."""

import copy
import secrets
import string
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from local import identity
from local.jobs.jobs import Jobs
from local.models import InvalidRecord, Record
from local.pipelines import checks, given, property_files
from local.pipelines.definition import Step
from local.pipelines.execution import ENDED, FAILED, LOST, Execution, read_executions, told
from local.pipelines.expressions import Scope
from local.pipelines.kinds import MAKERS
from local.pipelines.maker import Made
from local.pipelines.runner import Runner
from local.pipelines.step_work import Frozen, StepWork
from local.requests import SERVICE, Conflict, NotFound
from local.seams import access
from local.surroundings import Surroundings
from local.workers import Workers

EVENT = "SageMaker Model Building Pipeline Execution Status Change"
STEP_EVENT = "SageMaker Model Building Pipeline Execution Step Status Change"
MOST_STEPS = 50
UNKNOWN = {"SelectiveExecutionConfig", "PipelineVersionId", "MlflowExperimentName"}
Emit = Callable[[str, Record, list[str]], None]


class Executions:
    """All executions of all pipelines."""

    def __init__(self, here: Surroundings, jobs: Mapping[str, Jobs], *, emit: Emit) -> None:
        self._here, self._jobs, self._emit = here, jobs, emit
        self._folder = here.home / "pipelines"
        self._lock = threading.RLock()
        self._workers = Workers("pipelines")
        self._runners: dict[str, Runner] = {}
        self._frozen = False
        self._all = read_executions(self._folder)

    def start(self, pipeline: Record, ask: Record) -> Execution:
        """Start an execution; the same request token starts it once."""
        with self._lock:
            mine = [one for one in self._all.values() if one.pipeline == pipeline["PipelineName"]]
            for one in mine:
                if one.token == ask["ClientRequestToken"]:
                    return one
            if unknown := sorted(ask.keys() & UNKNOWN):
                raise InvalidRecord(f"The laptop's executions know no {', '.join(unknown)}.")
            if not access.trusts(pipeline["RoleArn"], SERVICE):
                raise InvalidRecord(f"SageMaker is unable to assume the role {pipeline['RoleArn']}.")
            definition = checks.read(pipeline["PipelineDefinition"])
            values = given.values(definition.parameters, ask.get("PipelineParameters", []))
            execution = _execution(pipeline, ask, values)
            self._all[execution.id] = execution
            self._run(execution, "")
        return execution

    def retry(self, arn: str, most: int | None) -> Execution:
        """Let an execution that failed or was stopped go on; what has succeeded stays."""
        with self._lock:
            execution = self.find(arn)
            if execution.status not in {"Failed", "Stopped"}:
                raise Conflict(f"{arn} is {execution.status}: only what failed or was stopped is retried.")
            for name in [name for name, status in execution.states.items() if status != "Succeeded"]:
                del execution.steps[name]
            execution.most = most or execution.most
            execution.detail.pop("FailureReason", None)
            self._run(execution, execution.status)
        return execution

    def stop_execution(self, arn: str) -> Execution:
        """Ask an execution to stop."""
        with self._lock:
            execution = self.find(arn)
            if execution.status in ENDED:
                raise Conflict(f"{arn} cannot be stopped: it is {execution.status}.")
            if execution.status == "Executing":
                self._move(execution, "Stopping")
                self._workers.start(self._runners[execution.id].stop)
        return execution

    def find(self, arn: str) -> Execution:
        """An execution by its ARN."""
        found = self._all.get(arn.rpartition("/")[2])
        if found is None or found.arn.lower() != arn.lower():
            raise NotFound(f"Pipeline execution with ARN '{arn}' does not exist.")
        return found

    def of(self, pipeline: str) -> list[Execution]:
        """The executions of a pipeline."""
        with self._lock:
            return [one for one in self._all.values() if one.pipeline == pipeline]

    def update(self, ask: Record) -> Execution:
        """Change how an execution is called."""
        with self._lock:
            execution = self.find(ask["PipelineExecutionArn"])
            names = ("PipelineExecutionDisplayName", "PipelineExecutionDescription")
            execution.detail.update({name: ask[name] for name in names if name in ask})
            execution.save(self._folder)
        return execution

    def forget(self, pipeline: str) -> None:
        """Forget the executions of a pipeline, if none runs."""
        with self._lock:
            mine = self.of(pipeline)
            if running := [one.arn for one in mine if one.status not in ENDED]:
                raise Conflict(f"The pipeline {pipeline} cannot be deleted: {', '.join(running)} runs.")
            for one in mine:
                one.forget(self._folder)
                del self._all[one.id]

    def resume(self) -> None:
        """Bury the executions that ran when the last engine ended; nothing of them goes on."""
        for execution in [one for one in self._all.values() if one.status not in ENDED]:
            end = "Stopped" if execution.status == "Stopping" else "Failed"
            reason = {"FailureReason": LOST} if end == "Failed" else {}
            with self._lock:
                for step in execution.steps.values():
                    if step["StepStatus"] not in ENDED:
                        step.update(reason, StepStatus=end, EndTime=time.time())
                self._move(execution, end, **reason)

    def freeze(self) -> None:
        """Let no execution go on, because the engine ends: none may take the end of its jobs for their failure."""
        self._frozen = True
        for runner in list(self._runners.values()):
            runner.freeze()

    def join(self) -> None:
        """Return once nothing is at work any more."""
        self._workers.join()

    def _run(self, execution: Execution, before: str) -> None:
        self._runners[execution.id] = Runner(
            execution,
            checks.read(execution.body),
            lock=self._lock,
            work=self._work,
            start=self._workers.start,
            changed=partial(self._step_changed, execution),
        )
        self._move(execution, "Executing", before=before)
        self._workers.start(self._follow, execution)

    def _follow(self, execution: Execution) -> None:
        status = self._runners[execution.id].run()
        if not status:
            return
        with self._lock:
            del self._runners[execution.id]
            self._move(execution, status, **({"FailureReason": FAILED} if status == "Failed" else {}))

    def _work(self, step: Step, execution: Execution, tell: Callable[..., None]) -> StepWork:
        scope = Scope(
            parameters=execution.parameters,
            execution=execution.variables,
            properties=execution.properties.__getitem__,
            read=partial(self._read, execution),
        )
        return StepWork(
            step,
            execution,
            scope,
            self._client("sagemaker", execution),
            wait=self._wait,
            earlier=partial(self._earlier, execution),
            tell=tell,
        )

    def _read(self, execution: Execution, step: str, name: str) -> Any:
        file = checks.read(execution.body).steps[step].files[name]
        return property_files.read(self._client("s3", execution), step, file, execution.properties[step])

    def _wait(self, made: str, name: str) -> None:
        self._jobs[made].wait(name, seconds=None)
        if self._frozen:
            raise Frozen

    def _earlier(self, execution: Execution, step: Step, signature: str) -> tuple[str, Made] | None:
        """What the latest execution of the same pipeline made of the same, if it is fresh enough."""
        since = time.time() - (step.fresh_seconds or 0)
        with self._lock:
            found = [
                one
                for one in self.of(execution.pipeline)
                if one.signatures.get(step.name) == signature
                and one.states.get(step.name) == "Succeeded"
                and one.steps[step.name]["EndTime"] > since
            ]
            if not found:
                return None
            last = max(found, key=lambda one: float(one.steps[step.name]["EndTime"]))
            arn = last.steps[step.name]["Metadata"][MAKERS[step.kind].metadata]["Arn"]
            return last.arn, Made(arn, copy.deepcopy(last.properties[step.name]))

    def _client(self, service: str, execution: Execution) -> Any:
        return identity.client(service, role=execution.role, name="SageMakerPipelines", url=self._here.url)

    def _step_changed(self, execution: Execution, event: Record) -> None:
        execution.save(self._folder)
        if event:
            self._workers.tell(self._emit, STEP_EVENT, event, [execution.detail["PipelineArn"], execution.arn])

    def _move(self, execution: Execution, status: str, *, before: str | None = None, **changes: Any) -> None:
        """Change an execution's status, on disk first, then for those who listen."""
        was = execution.status if before is None else before
        execution.detail.update(changes, PipelineExecutionStatus=status, LastModifiedTime=time.time())
        execution.save(self._folder)
        about = [execution.detail["PipelineArn"], execution.arn]
        self._workers.tell(self._emit, EVENT, told(execution, was), about)


def _execution(pipeline: Record, ask: Record, values: dict[str, Any]) -> Execution:
    now = time.time()
    fresh = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(12))
    named = {"PipelineExecutionDisplayName": f"execution-{int(now * 1000)}"}
    kept = ("PipelineExecutionDisplayName", "PipelineExecutionDescription", "ParallelismConfiguration")
    asked = {name: value for name, value in {**pipeline, **ask}.items() if name in kept}
    return Execution(
        id=fresh,
        pipeline=pipeline["PipelineName"],
        body=pipeline["PipelineDefinition"],
        role=pipeline["RoleArn"],
        token=ask["ClientRequestToken"],
        parameters=values,
        most=asked.get("ParallelismConfiguration", {}).get("MaxParallelExecutionSteps", MOST_STEPS),
        detail={
            **named,
            **asked,
            "PipelineArn": pipeline["PipelineArn"],
            "PipelineExecutionArn": f"{pipeline['PipelineArn']}/execution/{fresh}",
            "PipelineExecutionStatus": "Executing",
            "CreationTime": now,
            "LastModifiedTime": now,
        },
    )
