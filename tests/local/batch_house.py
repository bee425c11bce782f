"""A laptop with a Batch queue, and the words that a test speaks to it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.laptop import Laptop

Detail = dict[str, Any]
ENDED = {"SUCCEEDED", "FAILED"}


def soon(happened: Callable[[], Any], *, seconds: float = 30) -> Any:
    """What is true of `happened`, once it is."""
    until = time.monotonic() + seconds
    while not (yes := happened()):
        assert time.monotonic() < until, f"it did not happen within {seconds} s"
        time.sleep(0.05)
    return yes


@dataclass
class BatchHouse:
    """The stack `Jobs` of a laptop."""

    laptop: Laptop

    def __post_init__(self) -> None:
        self.batch, self.iam = self.laptop.client("batch"), self.laptop.client("iam")
        self.look()

    def look(self) -> None:
        """Learn the ids that the stack's resources have now."""
        resources = self.laptop.client("cloudformation").describe_stack_resources(StackName="Jobs")["StackResources"]
        self.ids = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}

    def submit(self, *command: str, name: str = "job", **more: Any) -> str:
        """Submit a job that does what its command says; answers its id."""
        containers = [{"command": list(command), **more.pop("container", {})}]
        override = {"taskProperties": [{"containers": containers}]}
        asked = {"jobQueue": self.ids["JobQueue"], "jobDefinition": self.ids["Definition"], **more}
        return str(self.batch.submit_job(jobName=name, ecsPropertiesOverride=override, **asked)["jobId"])

    def submit_older(self, **more: Any) -> str:
        """Submit a job of the definition in the older shape."""
        asked = {"jobQueue": self.ids["JobQueue"], "jobDefinition": self.ids["Older"], **more}
        return str(self.batch.submit_job(jobName="older", **asked)["jobId"])

    def job(self, job_id: str) -> Detail:
        """A job as DescribeJobs tells it."""
        [job] = self.batch.describe_jobs(jobs=[job_id])["jobs"]
        return dict(job)

    def ended(self, job_id: str) -> Detail:
        """A job once it has ended."""
        soon(lambda: self.job(job_id)["status"] in ENDED)
        return self.job(job_id)

    def ready(self, job_id: str) -> None:
        """Return once the program of a job says that it is ready to be stopped."""
        soon(lambda: "ready" in self.lines(job_id))

    def lines(self, job_id: str) -> list[str]:
        """What the job's last attempt has written to CloudWatch Logs."""
        stream = worker(self.job(job_id)).get("logStreamName")
        if not stream:
            return []
        logs, where = self.laptop.client("logs"), {"logGroupName": self.ids["Logs"], "logStreamName": stream}
        try:
            return [event["message"] for event in logs.get_log_events(**where)["events"]]
        except logs.exceptions.ResourceNotFoundException:
            return []

    def heard(self, job_id: str, *, last: str) -> list[Detail]:
        """The events of a job until its last status, in the order of their sending."""
        sqs, found = self.laptop.client("sqs"), []

        def listen() -> bool:
            asked = {"QueueUrl": self.ids["Heard"], "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1}
            for message in sqs.receive_message(**asked).get("Messages", []):
                event = json.loads(message["Body"])
                if event["detail"]["jobId"] == job_id:
                    found.append(event)
                sqs.delete_message(QueueUrl=self.ids["Heard"], ReceiptHandle=message["ReceiptHandle"])
            return any(event["detail"]["status"] == last for event in found)

        soon(listen)
        return found

    def strike(self, effect: str, job_id: str) -> None:
        """Let a running task be taken back, or reach its time limit."""
        self.laptop.inject({"action": "ecs:StopTask", "effect": effect, "times": 1, "job": job_id})

    def without(self, role: str, action: str) -> Callable[[], Any]:
        """Take the statements on an action from a role; call the answer to give them back."""
        name = self.ids[role]
        policy = self.iam.get_role_policy(RoleName=name, PolicyName="may")["PolicyDocument"]
        left = [statement for statement in policy["Statement"] if action not in statement["Action"]]

        def put(statements: list[Any]) -> None:
            document = json.dumps({**policy, "Statement": statements})
            self.iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=document)

        put(left)
        return lambda: put(policy["Statement"])


def worker(job: Detail) -> Detail:
    """A job's container, in the newer shape."""
    return dict(job["ecsProperties"]["taskProperties"][0]["containers"][0])


def exits(job: Detail) -> list[tuple[int | None, str]]:
    """Exit code and status reason of each attempt."""
    return [
        (attempt["taskProperties"][0]["containers"][0].get("exitCode"), attempt["statusReason"])
        for attempt in job["attempts"]
    ]
