"""Tags of SageMaker's resources, each kept by the part that keeps the resource."""

from collections.abc import Callable, Mapping

from local.models import InvalidRecord, Record
from local.requests import Need

Change = Callable[[dict[str, str]], None]
Tag = Callable[[str, Change], dict[str, str]]


class Tags:
    """The operations on tags at SageMaker's door; `keepers` change the tags of resources of one type, by ARN."""

    def __init__(self, keepers: Mapping[str, Tag]) -> None:
        self._keepers = keepers
        self.operations: dict[str, Callable[[Record], Record | None]] = {
            "AddTags": lambda ask: self._tags(ask, lambda tags: tags.update(by_key(ask["Tags"]))),
            "ListTags": lambda ask: self._tags(ask, lambda _: None),
            "DeleteTags": self._delete,
        }

    def needs(self, operation: str, ask: Record) -> list[Need]:
        """What the caller of an operation must be allowed to do."""
        return [Need(f"sagemaker:{operation}", str(ask.get("ResourceArn", "*")))]

    def _delete(self, ask: Record) -> None:
        def drop(tags: dict[str, str]) -> None:
            for key in ask["TagKeys"]:
                tags.pop(key, None)

        self._tags(ask, drop)

    def _tags(self, ask: Record, change: Change) -> Record:
        arn = str(ask["ResourceArn"])
        kind = arn.rpartition(":")[2].partition("/")[0]
        if kind not in self._keepers:
            known = ", ".join(sorted(self._keepers))
            raise InvalidRecord(f"The laptop keeps tags of the types {known} only, not of {arn}.")
        return {"Tags": as_list(self._keepers[kind](arn, change))}


def by_key(tags: list[Record]) -> dict[str, str]:
    """Tags as a mapping."""
    return {one["Key"]: one["Value"] for one in tags}


def as_list(tags: Mapping[str, str]) -> list[Record]:
    """Tags as requests and answers have them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
