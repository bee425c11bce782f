"""What starts no job: it is refused in one sentence, told once, and costs nothing."""

from typing import Any

import pytest

from lambdas.ocr import submit
from lambdas.ocr.runs import is_dataset
from loupe.contracts import ContractError
from tests.functions import Context
from tests.ocr.conftest import PARQUET, PROJECT, Account

KEY = "data/ocr/letters.parquet"
DONE: dict[str, Any] = {"batchItemFailures": []}
NOT_PARQUET = [
    (b"", "is empty."),
    (b"id,image_path\n", "is not a Parquet file: it does not begin with PAR1."),
    (b"PAR1", "is not a whole Parquet file: it does not end with PAR1."),
    (b"PAR1" + b"x" * 40, "is not a whole Parquet file: it does not end with PAR1."),
    (b"PAR1PAR1", "is not a whole Parquet file: it does not end with PAR1."),
    (b"PAR1" + (0).to_bytes(4, "little") + b"PAR1", "its footer would have 0 of its 12 bytes."),
    (b"PAR1" + b"\xff\xff\xff\x7f" + b"PAR1", "its footer would have 2147483647 of its 12 bytes."),
    (PARQUET[:-4] + b"PARE", "is an encrypted Parquet file, which cannot be read."),
]


@pytest.mark.parametrize(
    "key",
    ["data/ocr/images/1.png", "data/ocr/deeper/letters.parquet", "data/ocr/letters.csv", "data/ocr/.parquet",
     "data/ocr/letters.parquet.crc", "data/raw/letters.parquet", "data/ocr/letters.PARQUET", "data/ocr/a.parquet\n"],
)  # fmt: skip
def test_what_is_not_directly_a_dataset_starts_nothing_and_tells_nobody(account: Account, key: str) -> None:
    assert not is_dataset(key)
    account.submit(account.lands(key))
    assert account.batch.asked == account.notifications() == []
    assert account.ask(key)["state"] == "REFUSED"


@pytest.mark.parametrize(("body", "reason"), NOT_PARQUET)
def test_a_file_that_is_no_parquet_costs_no_job_and_is_told_once_in_one_sentence(
    account: Account, body: bytes, reason: str
) -> None:
    event = account.lands(KEY, body)
    for _ in range(3):
        assert account.submit(event) == DONE
    [told] = account.notifications()
    assert (told["state"], told["job_id"], told["dataset"]) == ("FAILED", None, f"s3://{PROJECT}/{KEY}")
    assert told["reason"].startswith(KEY)
    assert told["reason"].endswith(reason)
    answer = account.ask(KEY)
    assert (answer["state"], answer["reason"]) == ("REFUSED", told["reason"])
    assert account.batch.asked == account.notifications() == []


def test_a_dataset_deleted_before_it_was_read_is_told_with_that_reason(account: Account) -> None:
    event = account.lands(KEY)
    account.s3.delete_object(Bucket=PROJECT, Key=KEY, VersionId=event["detail"]["object"]["version-id"])
    account.submit(event)
    assert [told["reason"] for told in account.notifications()] == [
        f"{KEY} is not there, or was deleted before it could be read."
    ]
    assert account.ask(KEY) == {
        "run_id": None, "job_id": None, "output": None, "state": "REFUSED",
        "reason": f"{KEY} is not there, or was deleted before it could be read.",
    }  # fmt: skip


@pytest.mark.parametrize("version", ["nonsense", "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e"])
def test_a_version_that_never_was_is_refused(account: Account, version: str) -> None:
    account.put(KEY)
    answer = account.ask(KEY, version_id=version)
    assert (answer["state"], answer["reason"]) == (
        "REFUSED",
        f"{KEY} is not there, or was deleted before it could be read.",
    )
    assert account.batch.asked == []


@pytest.mark.parametrize(
    ("name", "reason"), [("..", "a folder cannot be called '..'"), ("x" * 980, "The dataset's name is too long")]
)
def test_a_name_that_cannot_name_a_folder_is_refused(account: Account, name: str, reason: str) -> None:
    account.submit(account.lands(f"data/ocr/{name}.parquet"))
    [told] = account.notifications()
    assert reason in told["reason"]
    assert account.batch.asked == []


def test_more_requests_in_flight_than_the_environment_allows_are_refused(account: Account) -> None:
    account.put(KEY)
    answer = account.ask(KEY, options={"concurrency": 65})
    assert (answer["state"], answer["reason"]) == ("REFUSED", "concurrency is at most 64.")


def test_another_bucket_is_refused_before_it_is_looked_at(account: Account) -> None:
    request = {"bucket": "somebody-elses", "key": KEY}
    answer = submit.handle(request, Context())  # type: ignore[arg-type]  # a stand-in context
    assert answer["reason"] == f"Datasets are read from {PROJECT}, not from somebody-elses."


def test_a_request_that_breaks_its_contract_names_the_field(account: Account) -> None:
    with pytest.raises(ContractError, match=r"ocr/submit_request: data\.options\.concurrency"):
        account.ask(KEY, options={"concurrency": 0})
