"""The CloudFormation types that ministack lacks, and the properties that it ignores."""

import json
from collections.abc import Callable
from typing import Any

from ministack.services import dynamodb, lambda_svc, s3, secretsmanager
from ministack.services.cloudformation import provisioners, stacks

from local.seams.account import Answer, Properties

_KEY = "GenerateStringKey"
Created = tuple[str, dict[str, str]]
Create = Callable[[str, Properties, str], Created]
Update = Callable[[str, Properties, Properties, str, str], Created]
Delete = Callable[[str, Properties], None]


def add_resource_type(
    type_name: str, *, create: Create, delete: Delete, update: Update | None = None, waits: bool = False
) -> None:
    """Let CloudFormation make a type that ministack lacks.

    A change is made by `update`; without one it creates the type anew and then deletes the old id.
    A type that `waits` is made on a thread of its own, so that the engine goes on answering meanwhile.
    """
    handler: dict[str, Any] = {"create": create, "delete": delete}
    if update:
        handler |= {"update": update, "update_with_logical_id": True}
    provisioners._RESOURCE_HANDLERS[type_name] = handler
    if waits:
        blocks = stacks._runs_on_worker_thread
        stacks._runs_on_worker_thread = lambda name: name == type_name or blocks(name)


def before_resource(type_name: str, change: Callable[[Properties], Properties]) -> None:
    """Change the properties of a type before ministack reads them."""
    handler = provisioners._RESOURCE_HANDLERS[type_name]
    create, update = handler["create"], handler["update"]
    handler["create"] = lambda logical_id, properties, stack: create(logical_id, change(properties), stack)
    handler["update"] = lambda physical_id, old, new, *rest: update(physical_id, change(old), change(new), *rest)


def after_resource(type_name: str, apply: Callable[[str, Properties], None]) -> None:
    """Apply the properties that ministack ignores, once the resource exists or has changed."""
    handler = provisioners._RESOURCE_HANDLERS[type_name]
    for verb, position in (("create", 1), ("update", 2)):
        if verb in handler:
            handler[verb] = _then(handler[verb], position, apply)


def _then(
    make: Callable[..., Created], position: int, apply: Callable[[str, Properties], None]
) -> Callable[..., Created]:
    def made(*arguments: Any) -> Created:
        created = make(*arguments)
        apply(created[0], arguments[position])
        return created

    return made


def configure_bucket(bucket: str, kind: str, body: bytes) -> None:
    """Apply one configuration of a bucket, given as the body of its S3 request."""
    _accepted(f"bucket {kind}", getattr(s3, f"_put_bucket_{kind}")(bucket, body))


def configure_table(verb: str, ask: Properties) -> None:
    """Apply one configuration of a table, given as its DynamoDB request."""
    _accepted("table configuration", getattr(dynamodb, verb)(ask))


def complete_function(name: str, properties: Properties) -> None:
    """Apply a function's dead-letter queue and reserved concurrency."""
    function = lambda_svc._functions[name]
    if "DeadLetterConfig" in properties:
        function["config"]["DeadLetterConfig"] = properties["DeadLetterConfig"]
    if "ReservedConcurrentExecutions" in properties:
        function["concurrency"] = int(properties["ReservedConcurrentExecutions"])


def complete_secrets() -> None:
    """Let a secret's `Ref` be its ARN, and generate its value as its template says."""
    handler = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    create, update, delete = handler["create"], handler["update"], handler["delete"]

    def created(*arguments: Any) -> Created:
        _, attributes = create(*arguments)
        return attributes["Arn"], attributes

    def updated(arn: str, *arguments: Any) -> Created:
        _, attributes = update(_secret_name(arn), *arguments)
        return attributes["Arn"], attributes

    def deleted(arn: str, properties: Properties) -> None:
        delete(_secret_name(arn), properties)

    handler.update(create=created, update=updated, delete=deleted)
    provisioners._sm_secret_string = _secret_string


def _secret_name(arn: str) -> str:
    name, _ = secretsmanager._resolve(arn)
    return str(name or arn)


def _secret_string(properties: Properties) -> str:
    options = properties.get("GenerateSecretString")
    if options is None or "SecretString" in properties:
        return str(properties.get("SecretString", ""))
    ask = {name: _typed(value) for name, value in options.items() if name not in {"SecretStringTemplate", _KEY}}
    answer = secretsmanager._get_random_password(ask)
    _accepted("generated secret", answer)
    password: str = json.loads(answer[2])["RandomPassword"]
    if _KEY not in options:
        return password
    return json.dumps({**json.loads(options["SecretStringTemplate"]), options[_KEY]: password})


def _typed(value: Any) -> Any:
    words = {"true": True, "false": False}
    text = str(value)
    return int(text) if text.isdigit() else words.get(text.lower(), value)


def _accepted(what: str, answer: Answer) -> None:
    status, _, body = answer
    if status >= 300:
        raise ValueError(f"{what}: {body!r}")


def forget_deleted_buckets() -> None:
    """Delete the files of a bucket that its stack deletes; else it would come back with the next start."""
    handler = provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]
    delete = handler["delete"]

    def deleted(bucket: str, properties: Properties) -> None:
        delete(bucket, properties)
        s3._delete_persisted_bucket(bucket)

    handler["delete"] = deleted


def resource_types() -> set[str]:
    """The CloudFormation types that this engine can run."""
    return set(provisioners._RESOURCE_HANDLERS)
