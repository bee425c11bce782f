"""Promises of Batch's rules, apart from a running engine."""

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from local.batch import requests, retries, tasks
from local.batch.attempt import Attempt, Plan
from local.batch.requests import Refused
from local.batch.retries import Ended
from local.faults import Fault, UnknownFault
from local.processes import Process
from local.programs import Program, Programs
from local.seams.platform import Platform
from local.surroundings import Surroundings
from local.task_log import TaskLog

SPOT = Ended(status_reason="Your Spot Task was interrupted.", exit_code=137)
EXITED = Ended(status_reason="Essential container in task exited", exit_code=1)
NO_IMAGE = Ended(status_reason="Task failed to start", reason="CannotPullContainerError: no")


def rule(action: str, **conditions: str) -> dict[str, str]:
    return {"action": action, **conditions}


@pytest.mark.parametrize(
    ("rules", "ended", "again"),
    [
        ([], EXITED, True),
        ([rule("EXIT", onReason="*")], EXITED, False),
        ([rule("EXIT", onExitCode="2")], EXITED, True),
        ([rule("exit", onExitCode="1")], EXITED, False),
        ([rule("EXIT", onExitCode="1*")], SPOT, False),
        ([rule("EXIT", onExitCode="*")], NO_IMAGE, True),
        ([rule("RETRY", onStatusReason="Your Spot*"), rule("EXIT", onReason="*")], SPOT, True),
        ([rule("EXIT", onReason="*"), rule("RETRY", onStatusReason="Your Spot*")], SPOT, False),
        ([rule("EXIT", onReason="CannotPull*", onStatusReason="Essential*")], NO_IMAGE, True),
        ([rule("EXIT", onReason="CannotPull*", onStatusReason="Task failed*")], NO_IMAGE, False),
        ([rule("EXIT", onStatusReason="Your Spot Task")], SPOT, True),
    ],
)
def test_the_first_entry_whose_conditions_all_match_decides_and_without_one_a_job_is_tried_again(
    rules: list[dict[str, str]], ended: Ended, again: bool
) -> None:
    strategy = {"attempts": 3, "evaluateOnExit": rules}
    retries.check(strategy)
    assert retries.again(strategy, ended, attempts=1) is again
    assert not retries.again(strategy, ended, attempts=3)


def test_an_attempt_that_was_stopped_for_good_is_never_tried_again_nor_a_success() -> None:
    stopped = Ended(status_reason="enough", exit_code=0, final=True)
    assert not retries.again({"attempts": 3}, stopped, attempts=1)
    assert not stopped.succeeded


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ([rule("RETRY", onReason="*Spot")], "restricted characters"),
        ([rule("RETRY", onExitCode="a*")], "restricted characters"),
        ([rule("AGAIN", onReason="*")], "RETRY or EXIT"),
        ([rule("RETRY")], "needs onStatusReason"),
        ([rule("EXIT", onReason="*")] * 6, "5 entries"),
    ],
)
def test_refuses_rules_that_batch_refuses(rules: list[dict[str, str]], why: str) -> None:
    with pytest.raises(Refused, match=why):
        retries.check({"attempts": 2, "evaluateOnExit": rules})


@pytest.mark.parametrize(
    ("ask", "why"),
    [
        ({"jobName": "a", "jobQueue": "q"}, 'Missing required parameter in input: "jobDefinition"'),
        ({"jobName": "a", "jobQueue": "q", "jobDefinition": "d", "retry": 1}, 'Unknown parameter in input: "retry"'),
        ({"jobName": 1, "jobQueue": "q", "jobDefinition": "d"}, "Invalid type for parameter jobName"),
    ],
)
def test_refuses_parameters_that_the_api_does_not_know(ask: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=why):
        requests.checked("SubmitJob", ask)


def test_refuses_template_properties_that_batch_does_not_know() -> None:
    with pytest.raises(Refused, match="does not know Colour in CreateJobQueueRequest"):
        requests.from_template("CreateJobQueue", {"JobQueueName": "q", "Priority": "1", "Colour": "red"})


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"type": "multinode"}, "of type container only"),
        ({"platformCapabilities": ["EC2"]}, "FARGATE only"),
        ({"ecsProperties": {"taskProperties": []}}, "either containerProperties or ecsProperties"),
        ({"containerProperties": {"executionRoleArn": ""}}, "need an executionRoleArn"),
        ({"containerProperties": {"logConfiguration": {"logDriver": "splunk"}}}, "awslogs only"),
        ({"containerProperties": {"environment": [{"name": "AWS_BATCH_A", "value": ""}]}}, "AWS_BATCH_A"),
    ],
)
def test_refuses_definitions_that_the_laptop_cannot_run(changes: dict[str, Any], why: str) -> None:
    needs = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]
    container = {"image": "i:1", "executionRoleArn": "role", "resourceRequirements": needs}
    record = {"type": "container", "platformCapabilities": ["FARGATE"], "containerProperties": container}
    tasks.check(record)
    changed = {**record, **changes, "containerProperties": {**container, **changes.get("containerProperties", {})}}
    with pytest.raises(Refused, match=why):
        tasks.check(changed)


def test_a_fault_of_tasks_is_refused_on_any_other_action() -> None:
    with pytest.raises(UnknownFault, match=r"reclaim works on ecs:StopTask only, not on batch:SubmitJob"):
        Fault(action="batch:SubmitJob", times=1, effect="reclaim")


class Prepared(Attempt):
    """An attempt whose roles, image, secrets and log are there."""

    def _prepare(self) -> tuple[TaskLog, dict[str, str]]:
        file = self._here.home / "out.log"
        return TaskLog(Silent(), group="g", stream="s", file=file), {}


class Silent:
    """CloudWatch Logs that keep nothing."""

    def put_log_events(self, **_: object) -> None:
        """Take lines."""


def attempt_of(home: Path, program: str, *, seconds: float | None = None) -> Prepared:
    context = home / "programs" / "one" / "context"
    context.mkdir(parents=True)
    (context / "program.py").write_text(program)
    (context / "Dockerfile").write_text('FROM scratch\nWORKDIR /app\nENTRYPOINT ["python", "program.py"]\n')
    (context.parent / "dockerfile").write_text("Dockerfile")
    record = {"container": {"image": "here:one", "resourceRequirements": [{"type": "MEMORY", "value": "2048"}]}}
    task = tasks.task_of(record)
    held = os.open(home / "lock", os.O_CREAT | os.O_RDWR)
    plan = Plan(task=task, task_id="1", log_name="out", log_stream="s", variables={}, seconds=seconds, held=held)
    here = Surroundings(home=home, url="", programs=Programs(home / "programs"), platform=Platform(lambda **_: None))
    return Prepared(plan, here)


def test_a_program_that_takes_longer_than_its_time_is_stopped(tmp_path: Path) -> None:
    ended = attempt_of(tmp_path, "import time\ntime.sleep(60)", seconds=0.5).run(lambda: None)
    assert ended == Ended(status_reason="Job attempt duration exceeded timeout", exit_code=143, final=True)


def test_a_task_that_is_ended_before_it_starts_does_not_start(tmp_path: Path) -> None:
    attempt = attempt_of(tmp_path, "print('started')")
    attempt.end("Your Spot Task was interrupted.", final=False)
    assert attempt.run(lambda: None).exit_code is None
    assert not (tmp_path / "out.log").exists()


def test_a_word_that_comes_before_the_program_runs_is_not_lost(tmp_path: Path) -> None:
    program = Program(directory=tmp_path, command=(sys.executable, "-c", "import time; time.sleep(60)"), environment={})
    process = Process(program, environment={}, output=Process.PIPE)
    process.terminate()
    assert process.wait() == 143
    process.kill()


def test_lines_are_kept_whole_and_in_order_however_they_come(tmp_path: Path) -> None:
    class Heard(Silent):
        lines: list[str] = []  # noqa: RUF012  # one listener, one test

        def put_log_events(self, **asked: Any) -> None:
            self.lines += [event["message"] for event in asked["logEvents"]]

    reading, writing = os.pipe()
    log = TaskLog(Heard(), group="g", stream="s", file=tmp_path / "out.log")
    with os.fdopen(reading, "rb") as output:
        drained = threading.Thread(target=log.drain, args=(output,))
        drained.start()
        for part in (b"one\nt", b"wo\n\nthree ", "\u00e4".encode()):
            os.write(writing, part)
            time.sleep(0.05)
        os.close(writing)
        drained.join()
    assert Heard.lines == ["one", "two", "three \u00e4"]
    assert (tmp_path / "out.log").read_bytes() == "one\ntwo\n\nthree \u00e4".encode()
