"""What the stack's roles may do is what a run needs: with a statement less, the engine names what is missing."""

from pathlib import Path

import pytest

from tests.ocr.datasets import dataset
from tests.ocr.platform import Ocr
from tests.permissions import assert_named, denied, permissions, without
from tests.waiting import happens

pytestmark = [pytest.mark.laptop, pytest.mark.denies]
UNSEEN = {
    "Submit s3:ListBucket": "the engine says 404 of a missing key to everybody",
    "Ending s3:ListBucket": "as above",
    "Ending kms:Decrypt": "the engine does not ask for the key of an object whose head is asked for",
}


@pytest.mark.parametrize(("role", "actions"), permissions("Ocr", unseen=UNSEEN))
def test_a_missing_permission_is_named_with_its_action_and_resource(
    ocr: Ocr, role: str, actions: list[str], tmp_path: Path
) -> None:
    before, table = ocr.laptop.denials(), dataset(tmp_path, 1)
    with without(ocr.laptop, "ocr", role, actions):
        name = ocr.lands(table)
        ocr.s3.put_object(Bucket=ocr.project, Key=f"data/ocr/broken-{name}.parquet", Body=b"no table")
        happens(lambda: denied(ocr.laptop, before) or bool(ocr.endings(name)), 20)
        happens(lambda: denied(ocr.laptop, before), 2)
        denial = next(iter(ocr.laptop.last_denials()[-1:]), {"principal": "nobody was denied"})
    assert denied(ocr.laptop, before)
    assert_named(denial, role, actions)
