"""A laptop with a state machine over processing jobs, and the words that a test speaks to it."""

import json
from dataclasses import dataclass
from itertools import count
from typing import Any

from tests.local.house import Detail, soon
from tests.local.processing_house import ProcessingHouse

_NUMBERS = count()


@dataclass
class ExecutionHouse(ProcessingHouse):
    """The stack `Jobs` of a laptop, with its state machine."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.states, self.machine = self.laptop.client("stepfunctions"), self.ids["Machine"]

    def start(self, **given: Any) -> tuple[str, str]:
        """Start an execution; answers its ARN and how the names of its jobs begin."""
        run = f"run-{next(_NUMBERS)}"
        asked = {"stateMachineArn": self.machine, "name": run, "input": json.dumps({"run": run, **given})}
        return self.states.start_execution(**asked)["executionArn"], run

    def execution(self, arn: str) -> Detail:
        """An execution as DescribeExecution tells it."""
        return dict(self.states.describe_execution(executionArn=arn))

    def finished(self, arn: str) -> Detail:
        """An execution once it runs no more."""
        soon(lambda: self.execution(arn)["status"] != "RUNNING")
        return self.execution(arn)

    def history(self, arn: str) -> list[str]:
        """The kinds of an execution's events."""
        events = self.states.get_execution_history(executionArn=arn, maxResults=1000)["events"]
        return [event["type"] for event in events]

    def jobs_of(self, run: str) -> dict[str, str]:
        """The jobs of an execution and their states."""
        asked = {"NameContains": f"{run}-", "MaxResults": 100}
        found = self.sagemaker.list_processing_jobs(**asked)["ProcessingJobSummaries"]
        return {one["ProcessingJobName"].removeprefix(f"{run}-"): one["ProcessingJobStatus"] for one in found}

    def message(self) -> str:
        """The next message of the topic."""
        sqs, asked = self.laptop.client("sqs"), {"QueueUrl": self.ids["Told"], "WaitTimeSeconds": 5}
        [message] = sqs.receive_message(**asked)["Messages"]
        sqs.delete_message(QueueUrl=self.ids["Told"], ReceiptHandle=message["ReceiptHandle"])
        return str(message["Body"])
