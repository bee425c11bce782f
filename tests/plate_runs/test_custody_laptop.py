"""Nobody overwrites and nobody deletes: not the slice's roles, not an administrator, not with the header either."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from tests.conftest import resources, templates_of
from tests.plate_runs.archives import archive
from tests.plate_runs.platform import Plates

pytestmark = [pytest.mark.laptop, pytest.mark.denies]
ADMINISTRATOR = "an administrator"
ROLES = [name[:-8] for name in resources(templates_of("laptop")["PlateRuns"], "AWS::IAM::Role")]
EVERYBODY = [ADMINISTRATOR, *ROLES]
KEPT = ("source/plate-001.jpg", "source.sha256", "manifest.json", "runs/{}/metrics.json", "runs/{}/cpu_baseline.json")
IN_REPORTS = ("reports/{}/claim.json", "reports/{}/shard-0-of-1.json")


class Kept(NamedTuple):
    """A dataset with a sealed run."""

    plates: Plates
    dataset: str
    run_id: str

    @property
    def names(self) -> list[str]:
        """What must stay as it is."""
        names = [f"plates_structured/plate-001/{name}" for name in KEPT]
        return [f"plates/{self.dataset}/{name.format(self.run_id)}" for name in (*names, *IN_REPORTS)]

    @property
    def ledger(self) -> str:
        return f"plates/{self.dataset}/ledger/runs.parquet"

    def acting_as(self, who: str) -> Any:
        return self.plates.administrator() if who == ADMINISTRATOR else self.plates.acting_as(who)


@pytest.fixture(scope="module")
def kept(plates: Plates, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    dataset = plates.arrives(archive(tmp_path_factory.mktemp("kept") / "plates", 1))
    told = plates.run(dataset, models=["cpu-baseline-v1"], shards=1)
    return Kept(plates, dataset, told["run_id"])


def refused(call: Callable[..., object], **asked: Any) -> str:
    """The error that a call ends with; the test fails if it does not."""
    with pytest.raises(ClientError) as error:
        call(**asked)
    return str(error.value.response["Error"]["Code"])


@pytest.mark.parametrize("who", EVERYBODY)
def test_nobody_overwrites_or_deletes_what_the_archive_and_its_runs_hold(kept: Kept, who: str) -> None:
    s3, project = kept.acting_as(who), kept.plates.project
    for key in kept.names:
        there: Any = {"Bucket": project, "Key": key}
        version = kept.plates.s3.head_object(**there)["VersionId"]
        assert refused(s3.put_object, **there, Body=b"other") == "AccessDenied"
        assert refused(s3.delete_object, **there) == "AccessDenied"
        assert refused(s3.delete_object, **there, VersionId=version) == "AccessDenied"
        assert refused(s3.copy_object, **there, CopySource=f"{project}/{kept.ledger}") == "AccessDenied"
        said = refused(s3.put_object, **there, Body=b"other", IfNoneMatch="*")
        assert said in {"AccessDenied", "PreconditionFailed"}
        [found] = kept.plates.s3.list_object_versions(Bucket=project, Prefix=key)["Versions"]
        assert found["VersionId"] == version


def test_the_condition_refuses_those_whom_policies_let_pass(kept: Kept) -> None:
    asked: Any = {"Bucket": kept.plates.project, "Body": b"other", "IfNoneMatch": "*"}
    administrator, run = kept.acting_as(ADMINISTRATOR), kept.acting_as("JobsRunRole")
    for key in kept.names:
        assert refused(administrator.put_object, **asked, Key=key) == "PreconditionFailed"
    for key in (key for key in kept.names if "/runs/" in key or "/reports/" in key):
        assert refused(run.put_object, **asked, Key=key) == "PreconditionFailed"


def test_several_deletions_in_one_request_delete_nothing(kept: Kept) -> None:
    """The laptop refuses the request; AWS refuses each of its keys."""
    s3, objects = kept.acting_as(ADMINISTRATOR), [{"Key": key} for key in kept.names]
    assert refused(s3.delete_objects, Bucket=kept.plates.project, Delete={"Objects": objects}) == "AccessDenied"
    assert set(kept.names) <= set(kept.plates.keys(kept.dataset))


@pytest.mark.parametrize("who", [name for name in EVERYBODY if name != "JobsLedgerRole"])
def test_a_ledger_is_written_by_its_role_alone(kept: Kept, who: str) -> None:
    s3, there = kept.acting_as(who), {"Bucket": kept.plates.project, "Key": kept.ledger}
    etag = kept.plates.s3.head_object(**there)["ETag"]
    assert refused(s3.put_object, **there, Body=b"other") == "AccessDenied"
    assert refused(s3.put_object, **there, Body=b"other", IfMatch=etag) == "AccessDenied"


def test_the_ledger_role_gives_a_ledger_a_version_only_as_it_has_seen_it(kept: Kept) -> None:
    s3, there = kept.acting_as("JobsLedgerRole"), {"Bucket": kept.plates.project, "Key": f"{kept.ledger}.drill"}
    first = s3.put_object(**there, Body=b"1", IfNoneMatch="*")["ETag"]
    assert refused(s3.put_object, **there, Body=b"2") == "AccessDenied"
    s3.put_object(**there, Body=b"2", IfMatch=first)
    assert refused(s3.put_object, **there, Body=b"3", IfMatch=first) == "PreconditionFailed"
    assert refused(s3.delete_object, **there) == "AccessDenied"


def test_the_break_glass_role_may_delete_and_still_not_overwrite(kept: Kept, tmp_path: Path) -> None:
    s3, project = kept.plates.breaking_glass(), kept.plates.project
    dataset = kept.plates.arrives(archive(tmp_path / "plates", 1))
    key = f"plates/{dataset}/plates_structured/plate-001/source.sha256"
    assert refused(s3.put_object, Bucket=project, Key=key, Body=b"other") == "AccessDenied"
    s3.delete_object(Bucket=project, Key=key)
    assert key not in kept.plates.keys(dataset)
