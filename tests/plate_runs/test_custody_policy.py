"""The custody of plates, as the project bucket's policy says it in each environment."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

import pytest

from tests.conftest import ENVIRONMENTS, Template, resources, templates_of
from tests.templates import listed, refusing, text_of

PICTURE = "plates/birds/plates_structured/plate-001/source/plate-001.jpg"
KEPT = [
    PICTURE,
    "plates/birds/plates_structured/plate-001/source.sha256",
    "plates/birds/plates_structured/plate-001/manifest.json",
    "plates/birds/plates_structured/plate-001/runs/run-20260104-043258-877a06a6/metrics.json",
    "plates/birds/reports/run-20260104-043258-877a06a6/claim.json",
]
LEDGER = "plates/birds/ledger/runs.parquet"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("key", KEPT)
def test_an_object_of_the_archive_is_never_overwritten_and_never_deleted(environment: str, key: str) -> None:
    assert refusing(environment, "Project", "s3:PutObject", key)["PlatesAreWrittenOnce"] == {
        "Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"},
    }  # fmt: skip
    for action in ("s3:DeleteObject", "s3:DeleteObjectVersion"):
        [(test, keys)] = refusing(environment, "Project", action, key)["PlatesStay"].items()
        assert test == "ArnNotLike"
        assert [text_of(role).rpartition("/")[2] for role in listed(keys["aws:PrincipalArn"])] == ["loupe-break-glass"]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_ledger_is_replaced_by_its_role_alone_and_as_it_was_seen(environment: str) -> None:
    found = refusing(environment, "Project", "s3:PutObject", LEDGER)
    assert found["LedgersAreReplacedAsSeen"]["Null"] == {"s3:if-none-match": "true", "s3:if-match": "true"}
    but = [text_of(role) for role in found["LedgersAreOfOneRole"]["ArnNotLike"]["aws:PrincipalArn"]]
    roles = resources(templates_of(environment)["PlateRuns"], "AWS::IAM::Role")
    names = [f"arn:aws:iam::1:role/loupe-{environment}-plate-runs-{name}-X" for name in roles]
    writers = [name for name in names if any(fnmatchcase(name, pattern) for pattern in but)]
    assert [name.rpartition("-plate-runs-")[2][:-10] for name in writers] == ["JobsLedgerRole"]
    assert "PlatesStay" in refusing(environment, "Project", "s3:DeleteObjectVersion", LEDGER)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_role_of_the_longest_name_still_begins_as_the_bucket_expects(environment: str) -> None:
    roles = resources(templates_of(environment)["PlateRuns"], "AWS::IAM::Role")
    [ledger_role] = [name for name in roles if "LedgerRole" in name]
    assert len(f"loupe-{environment}-plate-runs-{ledger_role}-123456789012") <= 64


def test_custody_of_plates_reaches_no_other_data(prod: Mapping[str, Template]) -> None:
    for key in ("data/ocr/letters.parquet", "models/student/1/model.onnx", "plates.json"):
        assert "PlatesStay" not in refusing("prod", "Project", "s3:DeleteObject", key)
        assert not {"PlatesAreWrittenOnce", "LedgersAreOfOneRole"} & set(
            refusing("prod", "Project", "s3:PutObject", key)
        )
