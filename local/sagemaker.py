"""SageMaker for stacks and SDKs: models, endpoints and their invocations, and the parts that others keep."""

import json
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from local.endpoint import Endpoint
from local.inference import Request
from local.models import InvalidRecord, Models, Record
from local.programs import UnknownImage
from local.requests import Need, Part, answer
from local.seams import access, account, resources, routing

_HEADER = "x-amzn-sagemaker-"


class UnknownOperation(InvalidRecord):
    """An operation that the laptop's SageMaker does not have."""

    code = "UnknownOperationException"


class SageMaker:
    """The service at the engine's door."""

    def __init__(self, models: Models, parts: Iterable[Part]) -> None:
        self._models = models
        self._parts = {name: part for part in parts for name in part.operations}
        records = models.records
        self._operations: dict[str, Callable[[Record], Record | None]] = {
            "CreateModel": lambda ask: {"ModelArn": models.add_model(ask["ModelName"], ask)},
            "CreateEndpointConfig": lambda ask: {
                "EndpointConfigArn": models.add_configuration(ask["EndpointConfigName"], ask)
            },
            "CreateEndpoint": self._put_endpoint,
            "UpdateEndpoint": self._put_endpoint,
            "DescribeModel": lambda ask: models.find(records.models, ask["ModelName"]),
            "DescribeEndpointConfig": lambda ask: models.find(records.configurations, ask["EndpointConfigName"]),
            "DescribeEndpoint": lambda ask: models.find(records.endpoints, ask["EndpointName"]),
            "ListModels": lambda _: {"Models": list(records.models.values())},
            "ListEndpointConfigs": lambda _: {"EndpointConfigs": list(records.configurations.values())},
            "ListEndpoints": lambda _: {"Endpoints": list(records.endpoints.values())},
            "DeleteModel": lambda ask: models.remove_model(ask["ModelName"]),
            "DeleteEndpointConfig": lambda ask: models.remove_configuration(ask["EndpointConfigName"]),
            "DeleteEndpoint": self._delete_endpoint,
        }

    def install(self) -> None:
        """Add the service and its CloudFormation types to the engine."""
        routing.add_service("sagemaker", target_prefix="SageMaker.", scope="sagemaker", service=self.handle)
        resources.add_resource_type("AWS::SageMaker::Model", create=self._make_model, delete=self._unmake_model)
        resources.add_resource_type(
            "AWS::SageMaker::EndpointConfig", create=self._make_configuration, delete=self._unmake_configuration
        )
        resources.add_resource_type(
            "AWS::SageMaker::Endpoint", create=self._make_endpoint, delete=self._unmake_endpoint, waits=True
        )

    async def handle(
        self, _method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> account.Answer:
        """Answer one request of the control plane or of the runtime."""
        if path.startswith("/endpoints/"):
            _, _, name, verb = path.split("/", 3)
            return self._invoke(name, verb, headers, query)
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        ask: Record = json.loads(body or b"{}")
        if refused := self._refused(operation, ask, headers, query):
            return refused
        try:
            answer = self._answer(operation, ask)
        except (InvalidRecord, UnknownImage) as error:
            return _error(getattr(error, "code", InvalidRecord.code), str(error))
        return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(answer).encode()

    def _refused(
        self, operation: str, ask: Record, headers: dict[str, str], query: dict[str, Any]
    ) -> account.Answer | None:
        for need in self._needs(operation, ask):
            refused = access.denied("sagemaker", need.action, need.resource, headers, query, context=need.context)
            if refused:
                return refused
        return None

    def _needs(self, operation: str, ask: Record) -> list[Need]:
        if part := self._parts.get(operation):
            return part.needs(operation, ask)
        return [Need(f"sagemaker:{operation}", "*")]

    def _answer(self, operation: str, ask: Record) -> Record:
        if part := self._parts.get(operation):
            return answer(part, operation, ask)
        if operation not in self._operations:
            raise UnknownOperation(f"The laptop's SageMaker does not know {operation}.")
        return self._operations[operation](ask) or {}

    def _invoke(self, name: str, verb: str, headers: dict[str, str], query: dict[str, Any]) -> account.Answer:
        asynchronous = verb == "async-invocations"
        action = "sagemaker:InvokeEndpointAsync" if asynchronous else "sagemaker:InvokeEndpoint"
        endpoint_arn = account.arn("sagemaker", f"endpoint/{name.lower()}")
        if refused := access.denied("sagemaker", action, endpoint_arn, headers, query):
            return refused
        if not asynchronous:
            return _error("ValidationError", f"Endpoint {name} does not support this inference type.")
        try:
            endpoint = self._models.endpoint(name)
            request = _request(endpoint, headers)
        except InvalidRecord as error:
            return _error("ValidationError", str(error))
        endpoint.accept(request)
        return _accepted(request)

    def _put_endpoint(self, ask: Record) -> Record:
        return {"EndpointArn": self._models.add_endpoint(ask["EndpointName"], ask["EndpointConfigName"], wait=False)}

    def _delete_endpoint(self, ask: Record) -> Record:
        name = self._models.find(self._models.records.endpoints, ask["EndpointName"])["EndpointName"]
        threading.Thread(target=self._models.remove_endpoint, args=(name,), daemon=True).start()
        return {}

    def _make_model(self, logical_id: str, properties: Record, stack: str) -> resources.Created:
        name = properties.get("ModelName") or _fresh_name(stack, logical_id)
        return self._models.add_model(name, properties), {"ModelName": name}

    def _make_configuration(self, logical_id: str, properties: Record, stack: str) -> resources.Created:
        name = properties.get("EndpointConfigName") or _fresh_name(stack, logical_id)
        return self._models.add_configuration(name, properties), {"EndpointConfigName": name}

    def _make_endpoint(self, logical_id: str, properties: Record, stack: str) -> resources.Created:
        name = properties.get("EndpointName") or f"{stack}-{logical_id}"[:63]
        arn = self._models.add_endpoint(name, properties["EndpointConfigName"].rpartition("/")[2], wait=True)
        return arn, {"EndpointName": name}

    def _unmake_model(self, physical_id: str, _properties: Record) -> None:
        records = self._models.records.models
        self._models.remove_model(self._models.find(records, physical_id)["ModelName"])

    def _unmake_configuration(self, physical_id: str, _properties: Record) -> None:
        records = self._models.records.configurations
        self._models.remove_configuration(self._models.find(records, physical_id)["EndpointConfigName"])

    def _unmake_endpoint(self, physical_id: str, _properties: Record) -> None:
        records = self._models.records.endpoints
        self._models.remove_endpoint(self._models.find(records, physical_id)["EndpointName"])


def _request(endpoint: Endpoint, headers: dict[str, str]) -> Request:
    location = headers.get(f"{_HEADER}inputlocation", "")
    if not location.startswith("s3://"):
        raise InvalidRecord("InputLocation must be an s3:// location.")
    stem = str(uuid.uuid4())
    extension = headers.get(f"{_HEADER}s3outputpathextension", "").strip("/")
    folder = "/".join(part for part in (endpoint.plan.output_path.rstrip("/"), extension) if part)
    failures = endpoint.plan.failure_path
    return Request(
        endpoint=endpoint.plan.name,
        inference_id=headers.get(f"{_HEADER}inference-id") or str(uuid.uuid4()),
        input_location=location,
        output_location=f"{folder}/{headers.get(f'{_HEADER}filename') or f'{stem}.out'}",
        failure_location=f"{failures.rstrip('/')}/{stem}-error.out" if failures else None,
        received=time.time(),
        ttl_seconds=_bounded(headers, "requestttlseconds", 60, 21_600, 21_600),
        timeout_seconds=_bounded(headers, "invocationtimeoutseconds", 1, 3_600, 900),
        content_type=headers.get(f"{_HEADER}content-type"),
        accept=headers.get(f"{_HEADER}accept"),
        custom_attributes=headers.get(f"{_HEADER}custom-attributes"),
    )


def _bounded(headers: dict[str, str], name: str, low: int, high: int, default: int) -> int:
    value = int(headers.get(_HEADER + name, default))
    if not low <= value <= high:
        raise InvalidRecord(f"{name} must be between {low} and {high}, not {value}.")
    return value


def _accepted(request: Request) -> account.Answer:
    headers = {"Content-Type": "application/json", "X-Amzn-SageMaker-OutputLocation": request.output_location}
    if request.failure_location:
        headers["X-Amzn-SageMaker-FailureLocation"] = request.failure_location
    return 202, headers, json.dumps({"InferenceId": request.inference_id}).encode()


def _error(code: str, message: str) -> account.Answer:
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-errortype": code}
    return 400, headers, json.dumps({"__type": code, "message": message, "Message": message}).encode()


def _fresh_name(stack: str, logical_id: str) -> str:
    return f"{f'{stack}-{logical_id}'[:50]}-{secrets.token_hex(6)}"
