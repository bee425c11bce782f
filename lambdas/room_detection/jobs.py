"""The job table: UPLOADING → QUEUED → RUNNING → SUCCEEDED | FAILED, each step one conditional write.

A job that still needs attention carries `open` and `due`, which put it in the `unsettled` index; it loses them only
when its ending has been told. A terminal state never changes.
"""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypedDict, cast

from boto3.dynamodb.conditions import Attr, ConditionBase, Key
from botocore.exceptions import ClientError

from lambdas.room_detection.blueprints import Arrival
from lambdas.room_detection.settings import BY_OWNER, UNSETTLED

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

TERMINAL = frozenset({"SUCCEEDED", "FAILED"})
UPLOAD_GRACE_SECONDS = 600
TELLING_SECONDS = 60


class Job(TypedDict, total=False):
    """One item of the table; times are ISO 8601 in UTC, `due`, `deadline` and `claimed_until` seconds since 1970."""

    job_id: str
    owner: str
    state: str
    file_name: str
    bucket: str
    key: str
    version_id: str
    created_at: str
    updated_at: str
    due: int
    deadline: int
    output_location: str
    failure_location: str
    last_error: str
    reason: str
    rooms: int


class Jobs:
    """Reads and conditional writes of the job table."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def get(self, job_id: str) -> Job | None:
        item = self._table.get_item(Key={"job_id": job_id}, ConsistentRead=True).get("Item")
        return _job(item) if item else None

    def expect_upload(self, job_id: str, *, owner: str, bucket: str, key: str, seconds: int) -> None:
        """Record a job whose blueprint is still on its way."""
        deadline = _seconds() + seconds + UPLOAD_GRACE_SECONDS
        place = {"bucket": bucket, "key": key, "file_name": key.rsplit("/", 1)[-1]}
        job: dict[str, Any] = {"job_id": job_id, "owner": owner, "state": "UPLOADING", **place}
        times = {"created_at": _now(), "updated_at": _now(), "open": "open", "due": deadline, "deadline": deadline}
        self._table.put_item(Item=job | times, ConditionExpression=Attr("job_id").not_exists())

    def claim(self, job_id: str, arrival: Arrival, *, seconds: int, queued_seconds: int, expected: bool) -> bool:
        """Take this arrival's job for some seconds, making it unless it is `expected`; False if it cannot be had.

        It cannot be had when it belongs to another object or version, is claimed by another process, or went further.
        """
        now = _seconds()
        mine = {"bucket": arrival.bucket, "key": arrival.key, "version_id": arrival.version_id}
        times = {"due": now + queued_seconds, "deadline": now + queued_seconds}
        waiting = Attr("state").not_exists() | Attr("state").is_in(["UPLOADING", "QUEUED"])
        free = Attr("claimed_until").not_exists() | Attr("claimed_until").lte(now)
        same = Attr("version_id").not_exists() | Attr("version_id").eq(arrival.version_id)
        condition = waiting & free & same
        return self._update(
            job_id,
            {**mine, **times, "state": "QUEUED", "open": "open", "claimed_until": now + seconds},
            first={"file_name": arrival.file_name, "owner": f"account/{arrival.account}", "created_at": _now()},
            only_if=condition & Attr("key").eq(arrival.key) if expected else condition,
        )

    def run(self, job_id: str, *, output: str, failure: str, seconds: int, look_after: int) -> bool:
        """The endpoint has the job and answers, or fails, at these addresses within so many seconds."""
        now = _seconds()
        times = {"due": now + look_after, "deadline": now + seconds}
        places = {"output_location": output, "failure_location": failure}
        forget = ("claimed_until", "last_error")
        return self._update(job_id, {"state": "RUNNING", **places, **times}, forget=forget, only_if=_in("QUEUED"))

    def note_error(self, job_id: str, error: str) -> None:
        """Remember why the last attempt failed: the reason that a person reads if no later one succeeds."""
        self._update(job_id, {"last_error": error}, only_if=_in("QUEUED"))

    def settle(self, job_id: str, ending: Mapping[str, str | int], *, retention_days: int) -> bool:
        """Give the job its terminal state; False if it had one. Whoever gets True tells the world, then closes it."""
        times = {"due": _seconds() + TELLING_SECONDS, "expires": _seconds() + retention_days * 86_400}
        forget = ("claimed_until", "deadline")
        unsettled = _in("UPLOADING", "QUEUED", "RUNNING")
        return self._update(job_id, {**ending, **times}, forget=forget, only_if=unsettled)

    def close(self, job_id: str) -> None:
        """The ending has been told: nothing is left to do."""
        self._update(job_id, {}, forget=("open", "due"), only_if=_in(*TERMINAL))

    def look_again(self, job: Job, *, seconds: int) -> None:
        """Leave a running job alone for a while, but not beyond its deadline."""
        due = min(_seconds() + seconds, job["deadline"])
        self._update(job["job_id"], {"due": due}, only_if=_in("RUNNING"))

    def unsettled(self) -> Iterator[Job]:
        """Jobs that are due for a look, longest due first, each read afresh."""
        due = Key("open").eq("open") & Key("due").lte(_seconds())
        start: dict[str, Any] = {}
        while True:
            page = self._table.query(IndexName=UNSETTLED, KeyConditionExpression=due, **start)
            yield from filter(None, (self.get(str(item["job_id"])) for item in page["Items"]))
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def of_owner(
        self, owner: str, *, limit: int, after: dict[str, Any] | None
    ) -> tuple[list[Job], dict[str, Any] | None]:
        """One page of an owner's jobs, newest first, and where the next page starts."""
        start: dict[str, Any] = {"ExclusiveStartKey": after} if after else {}
        mine = Key("owner").eq(owner)
        page = self._table.query(
            IndexName=BY_OWNER, KeyConditionExpression=mine, ScanIndexForward=False, Limit=limit, **start
        )
        return [_job(item) for item in page["Items"]], page.get("LastEvaluatedKey")

    def _update(
        self,
        job_id: str,
        values: Mapping[str, Any],
        *,
        only_if: ConditionBase,
        first: Mapping[str, Any] | None = None,
        forget: tuple[str, ...] = (),
    ) -> bool:
        values, first = {"updated_at": _now(), **values}, first or {}
        sets = [f"#{name} = :{name}" for name in values] + [f"#{n} = if_not_exists(#{n}, :{n})" for n in first]
        removes = f" REMOVE {', '.join(f'#{name}' for name in forget)}" if forget else ""
        try:
            self._table.update_item(
                Key={"job_id": job_id},
                UpdateExpression=f"SET {', '.join(sets)}{removes}",
                ExpressionAttributeNames={f"#{name}": name for name in (*values, *first, *forget)},
                ExpressionAttributeValues={f":{name}": value for name, value in {**values, **first}.items()},
                ConditionExpression=only_if,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True


def _in(*states: str) -> ConditionBase:
    return Attr("state").is_in(list(states))


def _job(item: Mapping[str, Any]) -> Job:
    numbers = {"due", "deadline", "rooms"}
    return cast("Job", {name: int(value) if name in numbers else value for name, value in item.items()})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _seconds() -> int:
    return int(time.time())
