"""The table of runs: who submits a run at this moment, which job it got last, which endings have been told.

A submitter holds a run by one conditional write. The hold says when it expires, which is after the holder's function
must have ended; so an expired holder is a dead one, and whoever comes next may take the run. Nothing here outlives
its use: a lost table costs a look at Batch's own list of jobs.
"""

import time
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict, cast

from boto3.dynamodb.conditions import Attr, ConditionBase
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_LOOK_AGAIN_SECONDS = 0.2


class Busy(RuntimeError):
    """Somebody else holds the run, and for longer than this caller can wait."""


class Facts(TypedDict):
    """What is known of a run before it has a job."""

    dataset: str
    version_id: str
    output: str


class Record(Facts, total=False):
    """One item of the table; times are seconds since 1970."""

    run_id: str
    holder: str
    held_until: int
    job_id: str
    submitted_at: int


class Records:
    """Reads and conditional writes of the table of runs."""

    def __init__(self, table: "Table", *, memory_days: int) -> None:
        self._table, self._memory_seconds = table, memory_days * 86_400

    def get(self, run_id: str) -> Record | None:
        item = self._table.get_item(Key={"run_id": run_id}, ConsistentRead=True).get("Item")
        return _record(item) if item else None

    def hold(self, run_id: str, facts: Facts, *, seconds: int, patience_seconds: float) -> Record:
        """Take the run for some seconds, waiting for whoever has it; raise Busy if that takes too long."""
        deadline = time.monotonic() + patience_seconds
        while (record := self._take(run_id, facts, seconds)) is None:
            if time.monotonic() >= deadline:
                raise Busy(f"Run {run_id} is being submitted by somebody else; ask again in {seconds} seconds.")
            time.sleep(_LOOK_AGAIN_SECONDS)
        return record

    def note_job(self, record: Record, job_id: str) -> None:
        """Remember the job that the holder has just submitted: Batch's own list may show it later."""
        self._update(
            record["run_id"],
            {"job_id": job_id, "submitted_at": _seconds()},
            only_if=Attr("holder").eq(record["holder"]),
        )

    def release(self, record: Record) -> None:
        """Let the next one have the run. Whoever failed to submit keeps it: the request may have got through."""
        self._update(record["run_id"], {}, forget=("holder", "held_until"), only_if=Attr("holder").eq(record["holder"]))

    def begin_telling(self, run_id: str, what: str, *, seconds: int) -> bool:
        """Whether the caller is the one to tell this; not if it was told, or somebody began less than so long ago."""
        now = _seconds()
        untold = Attr("told").not_exists() | ~Attr("told").contains(what)
        free = Attr("telling").not_exists() | Attr("telling").ne(what) | Attr("telling_until").lte(now)
        claim = {"telling": what, "telling_until": now + seconds}
        return self._update(run_id, claim, only_if=untold & free) is not None

    def end_telling(self, run_id: str, what: str) -> None:
        self._update(run_id, {}, told=what, only_if=Attr("run_id").exists())

    def _take(self, run_id: str, facts: Facts, seconds: int) -> Record | None:
        now = _seconds()
        free = Attr("held_until").not_exists() | Attr("held_until").lte(now)
        hold = {"holder": uuid.uuid4().hex, "held_until": now + seconds}
        return self._update(run_id, {**facts, **hold}, only_if=free)

    def _update(
        self,
        run_id: str,
        values: Mapping[str, Any],
        *,
        only_if: ConditionBase,
        forget: tuple[str, ...] = (),
        told: str | None = None,
    ) -> Record | None:
        """Write and return the item; None where the condition does not hold."""
        values = {**values, "expires": _seconds() + self._memory_seconds}
        expression = f"SET {', '.join(f'#{name} = :{name}' for name in values)}"
        expression += f" REMOVE {', '.join(f'#{name}' for name in forget)}" if forget else ""
        expression += " ADD told :told" if told else ""
        added = {":told": {told}} if told else {}
        try:
            updated = self._table.update_item(
                Key={"run_id": run_id},
                UpdateExpression=expression,
                ExpressionAttributeNames={f"#{name}": name for name in (*values, *forget)},
                ExpressionAttributeValues={f":{name}": value for name, value in values.items()} | added,
                ReturnValues="ALL_NEW",
                ConditionExpression=only_if,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return None
        return _record(updated["Attributes"])


def _record(item: Mapping[str, Any]) -> Record:
    numbers = {"held_until", "submitted_at"}
    known = {name: int(value) if name in numbers else value for name, value in item.items()}
    return cast("Record", {name: known[name] for name in Record.__annotations__ if name in known})


def _seconds() -> int:
    return int(time.time())
