"""A laptop with one stack, and the words that a test speaks to it whatever runs there."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.laptop import Laptop

Detail = dict[str, Any]


def soon(happened: Callable[[], Any], *, seconds: float = 30) -> Any:
    """What is true of `happened`, once it is."""
    until = time.monotonic() + seconds
    while not (yes := happened()):
        assert time.monotonic() < until, f"it did not happen within {seconds} s"
        time.sleep(0.05)
    return yes


@contextlib.contextmanager
def living(folder: Path) -> Iterator[Laptop]:
    """A laptop that is taken down in the end."""
    laptop = Laptop(folder / "home")
    try:
        yield laptop
    finally:
        laptop.down()


def kill(laptop: Laptop) -> None:
    """Kill the engine with its group, and return when it has ended; its laptop is left to notice."""
    pid = laptop.status().pid or 0
    os.killpg(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


@dataclass
class House:
    """The stack `Jobs` of a laptop; its queue `Heard` hears of events."""

    laptop: Laptop

    def __post_init__(self) -> None:
        self.iam = self.laptop.client("iam")
        self.look()

    def look(self) -> None:
        """Learn the ids that the stack's resources have now."""
        resources = self.laptop.client("cloudformation").describe_stack_resources(StackName="Jobs")["StackResources"]
        self.ids = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}

    def hear(self, concerns: Callable[[Detail], bool], *, until: Callable[[Detail], bool]) -> list[Detail]:
        """The events that concern a test, in the order of their sending, until the last of them."""
        sqs, found = self.laptop.client("sqs"), list[Detail]()

        def listen() -> bool:
            asked = {"QueueUrl": self.ids["Heard"], "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1}
            for message in sqs.receive_message(**asked).get("Messages", []):
                event = json.loads(message["Body"])
                if concerns(event["detail"]):
                    found.append(event)
                sqs.delete_message(QueueUrl=self.ids["Heard"], ReceiptHandle=message["ReceiptHandle"])
            return any(until(event["detail"]) for event in found)

        soon(listen)
        return found

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
