"""CloudFormation stacks of the engine: created, updated and removed, each failure with its resource and reason."""

import time
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.literals import CapabilityType

POLL_SECONDS = 0.05
CAPABILITIES: tuple["CapabilityType", ...] = ("CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
BROKEN = frozenset(
    {
        "CREATE_IN_PROGRESS",
        "CREATE_FAILED",
        "ROLLBACK_COMPLETE",
        "ROLLBACK_FAILED",
        "DELETE_FAILED",
        "REVIEW_IN_PROGRESS",
    }
)
STARTED = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"})


class DeploymentFailed(RuntimeError):
    """A stack that did not deploy; the text names the stack, the resource and the reason."""


class Stacks:
    """The stacks that an engine holds."""

    def __init__(self, client: "CloudFormationClient", *, url: str) -> None:
        self._client = client
        self._url = url

    def statuses(self) -> dict[str, str]:
        """The status of every stack."""
        pages = self._client.get_paginator("describe_stacks").paginate()
        return {stack["StackName"]: stack["StackStatus"] for page in pages for stack in page["Stacks"]}

    def deploy(self, name: str, template: tuple[str, str]) -> str:
        """Create or update a stack and wait; answer `created`, `updated` or `unchanged`."""
        url = f"{self._url}/{template[0]}/{template[1]}"
        status = self.statuses().get(name)
        if status in BROKEN:
            self.remove(name)
            status = None
        try:
            if status is None:
                self._client.create_stack(StackName=name, TemplateURL=url, Capabilities=CAPABILITIES)
            else:
                self._client.update_stack(StackName=name, TemplateURL=url, Capabilities=CAPABILITIES)
        except ClientError as error:
            if "No updates are to be performed" in str(error):
                return "unchanged"
            raise DeploymentFailed(f"Stack {name}: {error.response['Error']['Message']}") from error
        return self._wait(name, "updated" if status else "created")

    def remove_all_but(self, kept: set[str]) -> list[str]:
        """Remove the stacks that are not `kept`, those that others import from after their importers."""
        removed: list[str] = []
        left = sorted(set(self.statuses()) - kept)
        while left:
            gone = [name for name in left if self._removed(name)]
            if not gone:
                raise DeploymentFailed(f"Stacks {', '.join(left)} left the assembly but could not be removed.")
            removed += gone
            left = [name for name in left if name not in gone]
        return removed

    def remove(self, name: str) -> None:
        """Remove a stack and wait until it is gone."""
        self._client.delete_stack(StackName=name)
        while name in (statuses := self.statuses()):
            if statuses[name] == "DELETE_FAILED":
                raise DeploymentFailed(f"Stack {name}: {self._first_failure(name)}")
            time.sleep(POLL_SECONDS)

    def _removed(self, name: str) -> bool:
        try:
            self.remove(name)
        except (ClientError, DeploymentFailed):
            return False
        return True

    def _wait(self, name: str, outcome: str) -> str:
        while (status := self.statuses()[name]).endswith("_IN_PROGRESS"):
            time.sleep(POLL_SECONDS)
        if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            raise DeploymentFailed(f"Stack {name}: {self._first_failure(name)}")
        return outcome

    def _first_failure(self, name: str) -> str:
        failures: list[str] = []
        for page in self._client.get_paginator("describe_stack_events").paginate(StackName=name):
            for event in page["StackEvents"]:
                status = event.get("ResourceStatus", "")
                if event.get("LogicalResourceId") == name and status in STARTED:
                    return failures[-1] if failures else "no resource failed"
                if status.endswith("_FAILED"):
                    resource = f"{event.get('LogicalResourceId')} ({event.get('ResourceType')})"
                    failures.append(f"{resource}: {event.get('ResourceStatusReason')}")
        return failures[-1] if failures else "no reason given"
