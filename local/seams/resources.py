"""The CloudFormation types that ministack lacks, and the properties that it ignores."""

from collections.abc import Callable
from typing import Any

from ministack.services import dynamodb, lambda_svc, s3
from ministack.services.cloudformation import provisioners, stacks

from local.seams.account import Answer, Properties

Created = tuple[str, dict[str, str]]
Create = Callable[[str, Properties, str], Created]
Delete = Callable[[str, Properties], None]


def add_resource_type(type_name: str, *, create: Create, delete: Delete, waits: bool = False) -> None:
    """Let CloudFormation make a type that ministack lacks; a change creates it anew and then deletes the old id.

    A type that `waits` is made on a thread of its own, so that the engine goes on answering meanwhile.
    """
    provisioners._RESOURCE_HANDLERS[type_name] = {"create": create, "delete": delete}
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
