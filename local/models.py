"""SageMaker's records: models, endpoint configurations and endpoints, kept on disk, and the endpoints that run."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from local import identity
from local.endpoint import Endpoint, EndpointPlan
from local.programs import Programs
from local.seams import access, account
from local.server import ServerNeverReady

Record = dict[str, Any]


class InvalidRecord(ValueError):
    """A SageMaker request or template property that cannot be honoured; the text says which and why."""

    code = "ValidationException"


@dataclass
class Records:
    """What survives a restart."""

    models: dict[str, Record] = field(default_factory=dict)
    configurations: dict[str, Record] = field(default_factory=dict)
    endpoints: dict[str, Record] = field(default_factory=dict)


class Models:
    """All SageMaker resources of this laptop."""

    def __init__(self, *, home: Path, programs: Programs, may_pull: Callable[[str, str], bool], url: str) -> None:
        self._home, self._programs, self._may_pull, self._url = home, programs, may_pull, url
        self._file = home / "sagemaker.json"
        self._lock = threading.RLock()
        self._running: dict[str, Endpoint] = {}
        self.records = Records(**json.loads(self._file.read_text())) if self._file.exists() else Records()

    def resume(self) -> None:
        """Start the endpoints that ran when the engine ended."""
        for name in self.records.endpoints:
            self._in_background(self._start, name)

    def stop(self) -> None:
        """Stop every endpoint; the records stay."""
        stops = [threading.Thread(target=endpoint.stop) for endpoint in self._running.values()]
        for stop in stops:
            stop.start()
        for stop in stops:
            stop.join()

    def add_model(self, name: str, properties: Record) -> str:
        """Keep a model whose image is one of ours and whose role SageMaker may assume."""
        container = _container(properties)
        self._programs.program(container["Image"], ("serve",))
        role = properties.get("ExecutionRoleArn", "")
        if not access.trusts(role, "sagemaker.amazonaws.com"):
            raise InvalidRecord(
                f"Could not assume role {role}: it does not exist or does not trust sagemaker.amazonaws.com."
            )
        arn = account.arn("sagemaker", f"model/{name.lower()}")
        self._keep(self.records.models, name, {**properties, "ModelName": name, "ModelArn": arn})
        return arn

    def add_configuration(self, name: str, properties: Record) -> str:
        """Keep the configuration of an asynchronous endpoint."""
        if "AsyncInferenceConfig" not in properties:
            raise InvalidRecord(f"{name}: only endpoint configurations with an AsyncInferenceConfig run on the laptop.")
        arn = account.arn("sagemaker", f"endpoint-config/{name.lower()}")
        record = {**properties, "EndpointConfigName": name, "EndpointConfigArn": arn}
        self._keep(self.records.configurations, name, record)
        return arn

    def add_endpoint(self, name: str, configuration: str, *, wait: bool) -> str:
        """Create an endpoint or give it another configuration; with `wait`, return when it is in service."""
        self.find(self.records.configurations, configuration)
        arn = account.arn("sagemaker", f"endpoint/{name.lower()}")
        record = {"EndpointName": name, "EndpointArn": arn, "EndpointConfigName": configuration}
        self._keep(self.records.endpoints, name, {**record, "EndpointStatus": "Creating"})
        if not wait:
            self._in_background(self._start, name)
        elif reason := self._start(name):
            self.remove_endpoint(name)
            raise InvalidRecord(reason)
        return arn

    def remove_model(self, name: str) -> None:
        """Forget a model."""
        self._drop(self.records.models, name)

    def remove_configuration(self, name: str) -> None:
        """Forget an endpoint configuration."""
        self._drop(self.records.configurations, name)

    def remove_endpoint(self, name: str) -> None:
        """Stop an endpoint and forget it with its backlog."""
        self._drop(self.records.endpoints, name)
        if endpoint := self._running.pop(name, None):
            endpoint.stop()
            endpoint.backlog.clear()

    def find(self, records: dict[str, Record], name: str) -> Record:
        """A record by its name or ARN; names count whatever their case, as in SageMaker's ARNs."""
        wanted = name.rpartition("/")[2].lower()
        for known, record in records.items():
            if known.lower() == wanted:
                return record
        raise InvalidRecord(f"Could not find {name!r}.")

    def endpoint(self, name: str) -> Endpoint:
        """A running endpoint."""
        try:
            return self._running[self.find(self.records.endpoints, name)["EndpointName"]]
        except (KeyError, InvalidRecord):
            raise InvalidRecord(f"Endpoint {name} of account {account.ACCOUNT} not found.") from None

    def overview(self) -> list[Record]:
        """Each endpoint with its state and the number of its unsettled requests."""
        return [
            {
                "name": name,
                "status": record["EndpointStatus"],
                "reason": record.get("FailureReason", ""),
                "backlog": len(self._running[name].backlog) if name in self._running else 0,
                "ready": name in self._running and self._running[name].server.ready.is_set(),
            }
            for name, record in list(self.records.endpoints.items())
        ]

    def _start(self, name: str) -> str | None:
        """Start an endpoint and wait for it; answer why it failed, if it did."""
        try:
            endpoint = Endpoint(self._plan(name), home=self._home)
        except ValueError as error:
            return self._failed(name, str(error))
        if before := self._running.pop(name, None):
            before.stop()
        self._running[name] = endpoint
        endpoint.start()
        try:
            endpoint.server.wait_until_ready()
        except ServerNeverReady as error:
            return self._failed(name, str(error))
        self._keep(self.records.endpoints, name, {**self.records.endpoints[name], "EndpointStatus": "InService"})
        account.log.info("endpoint %s is in service on port %s", name, endpoint.server.port)
        return None

    def _failed(self, name: str, reason: str) -> str:
        failure = {"EndpointStatus": "Failed", "FailureReason": reason}
        account.log.error("endpoint %s failed: %s", name, reason)
        self._keep(self.records.endpoints, name, {**self.records.endpoints.get(name, {}), **failure})
        return reason

    def _plan(self, name: str) -> EndpointPlan:
        configuration = self.find(self.records.configurations, self.records.endpoints[name]["EndpointConfigName"])
        [variant] = configuration["ProductionVariants"]
        model = self.find(self.records.models, variant["ModelName"])
        container = _container(model)
        if not self._may_pull(model["ExecutionRoleArn"], container["Image"]):
            raise InvalidRecord(f"The role {model['ExecutionRoleArn']} may not pull the image {container['Image']}.")
        inference = configuration["AsyncInferenceConfig"]
        output = inference["OutputConfig"]
        topics = output.get("NotificationConfig", {})
        return EndpointPlan(
            name=name,
            program=self._programs.program(container["Image"], ("serve",)),
            environment={**self._identity(model), **container.get("Environment", {})},
            role=model["ExecutionRoleArn"],
            url=self._url,
            invocations=int(inference.get("ClientConfig", {}).get("MaxConcurrentInvocationsPerInstance", 4)),
            start_seconds=float(variant.get("ContainerStartupHealthCheckTimeoutInSeconds", 240)),
            output_path=output["S3OutputPath"],
            failure_path=output.get("S3FailurePath"),
            success_topic=topics.get("SuccessTopic"),
            error_topic=topics.get("ErrorTopic"),
            kms_key=output.get("KmsKeyId"),
        )

    def _identity(self, model: Record) -> dict[str, str]:
        """The program's own access to AWS: none under network isolation."""
        if str(model.get("EnableNetworkIsolation", False)).lower() == "true":
            return {}
        return identity.variables(model["ExecutionRoleArn"], "SageMaker", url=self._url)

    def _keep(self, records: dict[str, Record], name: str, record: Record) -> None:
        now = time.time()
        with self._lock:
            records[name] = {"CreationTime": now, **record, "LastModifiedTime": now}
            self._save()

    def _drop(self, records: dict[str, Record], name: str) -> None:
        with self._lock:
            records.pop(name, None)
            self._save()

    def _save(self) -> None:
        draft = self._file.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(self.records)))
        draft.replace(self._file)

    @staticmethod
    def _in_background(work: Callable[[str], object], name: str) -> None:
        def run() -> None:
            with access.own_account():
                work(name)

        threading.Thread(target=run, daemon=True).start()


def _container(properties: Record) -> Record:
    container: Record = properties.get("PrimaryContainer") or next(iter(properties.get("Containers", [])), {})
    if "Image" not in container:
        raise InvalidRecord("A model needs a container with an Image.")
    if "ModelDataUrl" in container:
        raise InvalidRecord("ModelDataUrl is not unpacked on the laptop: put the model into its image.")
    return container
