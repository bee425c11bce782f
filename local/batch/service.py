"""AWS Batch for stacks and SDKs: compute environments, queues, definitions, and jobs as processes."""

import copy
import json
import secrets
from collections.abc import Callable
from typing import Any

from local.batch import details, requests
from local.batch.job import Job
from local.batch.jobs import Jobs
from local.batch.queues import Queues
from local.batch.requests import Record, Refused
from local.programs import UnknownImage
from local.seams import access, account, resources, routing

# How a request names what it acts on, and so what the caller must be allowed to act on.
_RESOURCES = {
    "computeEnvironment": "compute-environment",
    "computeEnvironmentName": "compute-environment",
    "jobQueue": "job-queue",
    "jobQueueName": "job-queue",
    "jobDefinition": "job-definition",
    "jobDefinitionName": "job-definition",
    "jobId": "job",
}


class Batch:
    """The service at the engine's door."""

    def __init__(self, queues: Queues, jobs: Jobs) -> None:
        self._queues, self._jobs = queues, jobs
        self._operations: dict[str, Callable[[Record], Record | None]] = {
            "CreateComputeEnvironment": lambda ask: _told(queues.add_environment(ask), "computeEnvironment"),
            "UpdateComputeEnvironment": lambda ask: _told(queues.change_environment(ask), "computeEnvironment"),
            "DeleteComputeEnvironment": lambda ask: queues.remove_environment(ask["computeEnvironment"]),
            "DescribeComputeEnvironments": self._describe_environments,
            "CreateJobQueue": lambda ask: _told(queues.add_queue(ask), "jobQueue"),
            "UpdateJobQueue": lambda ask: _told(queues.change_queue(ask), "jobQueue"),
            "DeleteJobQueue": lambda ask: self._remove_queue(ask["jobQueue"]),
            "DescribeJobQueues": self._describe_queues,
            "RegisterJobDefinition": self._register,
            "DeregisterJobDefinition": lambda ask: queues.retire_definition(ask["jobDefinition"]),
            "DescribeJobDefinitions": self._describe_definitions,
            "SubmitJob": self._submit,
            "DescribeJobs": self._describe_jobs,
            "ListJobs": self._list_jobs,
            "TerminateJob": lambda ask: jobs.terminate(ask["jobId"], ask["reason"]),
            "CancelJob": lambda ask: jobs.cancel(ask["jobId"], ask["reason"]),
        }

    def install(self) -> None:
        """Take the place of ministack's Batch, whose jobs run nothing, and add its CloudFormation types."""
        routing.replace_service("batch", self.handle)
        resources.add_resource_type(
            "AWS::Batch::ComputeEnvironment",
            create=self._make_environment,
            update=self._change_environment,
            delete=lambda arn, _properties: self._queues.remove_environment(arn),
        )
        resources.add_resource_type(
            "AWS::Batch::JobQueue",
            create=self._make_queue,
            update=self._change_queue,
            delete=lambda arn, _properties: self._remove_queue(arn),
        )
        resources.add_resource_type(
            "AWS::Batch::JobDefinition",
            create=self._make_definition,
            update=self._change_definition,
            delete=lambda arn, _properties: self._queues.retire_definition(arn),
        )

    async def handle(
        self, _method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> account.Answer:
        """Answer one request."""
        operation = requests.operations().get(path.rstrip("/"), "")
        if operation not in self._operations:
            return _error(f"The laptop's Batch does not know {operation or path}.")
        try:
            ask = requests.checked(operation, json.loads(body or b"{}"))
            if refused := _refused(operation, ask, headers, query):
                return refused
            answer = self._operations[operation](ask) or {}
        except (Refused, UnknownImage) as error:
            return _error(str(error))
        return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()

    def _submit(self, ask: Record) -> Record:
        job = self._jobs.submit(ask)
        return {name: job.detail[name] for name in ("jobArn", "jobName", "jobId")}

    def _describe_jobs(self, ask: Record) -> Record:
        with self._jobs.lock:
            known = (self._jobs.all.get(name.rpartition("/")[2]) for name in ask["jobs"])
            return {"jobs": [copy.deepcopy(job.detail) for job in known if job]}

    def _list_jobs(self, ask: Record) -> Record:
        if "jobQueue" not in ask:
            raise Refused("The laptop's Batch lists the jobs of a jobQueue.")
        queue, wanted = self._queues.queue(ask["jobQueue"])["jobQueueArn"], _filter(ask)
        with self._jobs.lock:
            found = [job for job in self._jobs.all.values() if job.detail["jobQueue"] == queue and wanted(job)]
            summaries = [details.summary(job.detail) for job in found]
        listed, more = requests.page(sorted(summaries, key=lambda job: -int(job["createdAt"])), ask)
        return {"jobSummaryList": listed, **more}

    def _describe_environments(self, ask: Record) -> Record:
        found = _named(self._queues.records.environments, ask.get("computeEnvironments"))
        listed, more = requests.page(found, ask)
        return {"computeEnvironments": listed, **more}

    def _describe_queues(self, ask: Record) -> Record:
        listed, more = requests.page(_named(self._queues.records.queues, ask.get("jobQueues")), ask)
        return {"jobQueues": listed, **more}

    def _describe_definitions(self, ask: Record) -> Record:
        found = _named(self._queues.records.definitions, ask.get("jobDefinitions"))
        asked = {name: ask[name] for name in ("jobDefinitionName", "status") if name in ask}
        matching = [one for one in found if asked.items() <= {name: one[name] for name in asked}.items()]
        listed, more = requests.page(matching, ask)
        return {"jobDefinitions": listed, **more}

    def _register(self, ask: Record) -> Record:
        record = self._queues.add_definition(ask)
        return {**_told(record, "jobDefinition"), "revision": record["revision"]}

    def _remove_queue(self, name: str) -> None:
        arn = self._queues.queue(name)["jobQueueArn"]
        self._jobs.terminate_all(arn, "The job queue was deleted.")
        self._queues.remove_queue(name)

    def _make_environment(self, logical_id: str, properties: Record, stack: str) -> resources.Created:
        ask = _from_template("CreateComputeEnvironment", "ComputeEnvironmentName", properties, logical_id, stack)
        return _created(self._queues.add_environment(ask), "ComputeEnvironment")

    def _change_environment(self, arn: str, old: Record, new: Record, stack: str, logical_id: str) -> resources.Created:
        if _kind(old) != _kind(new):
            created = self._make_environment(logical_id, new, stack)
            self._queues.remove_environment(arn)
            return created
        asked = {**_without(new, "ComputeEnvironmentName", "Type", "Tags"), "ComputeEnvironment": arn}
        ask = requests.from_template("UpdateComputeEnvironment", asked)
        return _created(self._queues.change_environment(ask), "ComputeEnvironment")

    def _make_queue(self, logical_id: str, properties: Record, stack: str) -> resources.Created:
        ask = _from_template("CreateJobQueue", "JobQueueName", properties, logical_id, stack)
        return _created(self._queues.add_queue(ask), "JobQueue")

    def _change_queue(self, arn: str, _old: Record, new: Record, _stack: str, _logical_id: str) -> resources.Created:
        asked = {**_without(new, "JobQueueName", "JobQueueType", "Tags"), "JobQueue": arn}
        return _created(self._queues.change_queue(requests.from_template("UpdateJobQueue", asked)), "JobQueue")

    def _make_definition(self, logical_id: str, properties: Record, stack: str) -> resources.Created:
        ask = _from_template("RegisterJobDefinition", "JobDefinitionName", properties, logical_id, stack)
        return _created(self._queues.add_definition(ask), "JobDefinition")

    def _change_definition(
        self, arn: str, _old: Record, new: Record, _stack: str, _logical_id: str
    ) -> resources.Created:
        """A change is the next revision of the same name."""
        name = new.get("JobDefinitionName") or self._queues.definition(arn)["jobDefinitionName"]
        ask = requests.from_template("RegisterJobDefinition", {**new, "JobDefinitionName": name})
        created = _created(self._queues.add_definition(ask), "JobDefinition")
        self._queues.retire_definition(arn)
        return created


def _refused(operation: str, ask: Record, headers: dict[str, str], query: dict[str, Any]) -> account.Answer | None:
    for resource in _resources(operation, ask):
        if refused := access.denied("batch", f"batch:{operation}", resource, headers, query):
            return refused
    return None


def _resources(operation: str, ask: Record) -> list[str]:
    """What the caller must be allowed to act on; reading is allowed or not for everything at once, as in AWS."""
    if operation.startswith(("Describe", "List")):
        return ["*"]
    named = [(kind, ask[name]) for name, kind in _RESOURCES.items() if name in ask]
    return [name if name.startswith("arn:") else account.arn("batch", f"{kind}/{name}") for kind, name in named]


def _filter(ask: Record) -> Callable[[Job], bool]:
    """What ListJobs shows: jobs of one status, or of any status that a filter selects."""
    if not ask.get("filters"):
        status = ask.get("jobStatus", "RUNNING")
        return lambda job: job.status == status
    asked, *others = ask["filters"]
    if others:
        raise Refused("Only one filter can be used at a time.")
    name, values = asked["name"], asked["values"]
    tests: dict[str, Callable[[Job, str], bool]] = {
        "JOB_NAME": lambda job, value: _like(job.detail["jobName"].lower(), value.lower()),
        "JOB_DEFINITION": lambda job, value: _like_definition(job.detail["jobDefinition"], value),
        "BEFORE_CREATED_AT": lambda job, value: job.detail["createdAt"] < int(value),
        "AFTER_CREATED_AT": lambda job, value: job.detail["createdAt"] > int(value),
    }
    if name not in tests:
        raise Refused(f"The laptop's Batch does not filter by {name}.")
    return lambda job: any(tests[name](job, value) for value in values)


def _like(text: str, pattern: str) -> bool:
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern


def _like_definition(arn: str, pattern: str) -> bool:
    name = arn.rpartition("/")[2]
    return any(_like(text, pattern) for text in (arn, name, name.partition(":")[0]))


def _named(records: dict[str, Record], names: list[str] | None) -> list[Record]:
    if not names:
        return list(records.values())
    return [records[key] for name in names if (key := name.rpartition("/")[2]) in records]


def _told(record: Record, kind: str) -> Record:
    return {name: record[name] for name in (f"{kind}Name", f"{kind}Arn")}


def _created(record: Record, kind: str) -> resources.Created:
    arn = record[f"{kind[0].lower()}{kind[1:]}Arn"]
    return arn, {f"{kind}Arn": arn}


def _from_template(operation: str, name_key: str, properties: Record, logical_id: str, stack: str) -> Record:
    fresh = f"{f'{stack}-{logical_id}'[:60]}-{secrets.token_hex(6)}"
    return requests.from_template(operation, {name_key: fresh, **properties})


def _kind(properties: Record) -> Any:
    return properties.get("ComputeResources", {}).get("Type")


def _without(properties: Record, *names: str) -> Record:
    return {name: value for name, value in properties.items() if name not in names}


def _error(message: str) -> account.Answer:
    headers = {"Content-Type": "application/json", "x-amzn-errortype": "ClientException"}
    return 400, headers, json.dumps({"__type": "ClientException", "message": message}).encode()
