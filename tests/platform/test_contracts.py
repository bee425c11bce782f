"""Every message has a closed or deliberately open schema, and examples that prove what it takes and refuses."""

import json
from pathlib import Path

import pytest

from loupe.contracts import SCHEMAS, ContractError, check, schema

NAMES = sorted(f"{path.parent.name}/{path.stem}" for path in SCHEMAS.glob("*/*.json") if path.stem != "openapi")
OTHERS_WRITE = ("_event", "ocr/answer", "/elements")
EXAMPLES = sorted(SCHEMAS.glob("*/examples/*.json"))


def message(example: Path) -> str:
    return f"{example.parent.parent.name}/{example.name.split('.')[0]}"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_taken_or_refused_as_its_name_says(example: Path) -> None:
    verdict = example.name.split(".")[1]
    body = json.loads(example.read_text())
    if verdict == "ok":
        assert check(message(example), body) == body
    else:
        with pytest.raises(ContractError, match=message(example)):
            check(message(example), body)


@pytest.mark.parametrize("name", NAMES)
def test_a_message_has_good_and_bad_examples(name: str) -> None:
    verdicts = {path.name.split(".")[1] for path in EXAMPLES if message(path) == name}
    assert verdicts == {"ok", "bad"}


@pytest.mark.parametrize("name", NAMES)
def test_a_message_explains_itself_and_is_closed_unless_others_write_it(name: str) -> None:
    body = schema(name)
    assert body["title"]
    assert body["description"]
    assert body["additionalProperties"] is name.endswith(OTHERS_WRITE)


def test_a_broken_contract_names_the_message_the_field_and_the_rule() -> None:
    with pytest.raises(ContractError, match=r"room_detection/upload_request: data\.size must be integer"):
        check("room_detection/upload_request", {"file_name": "a.png", "content_type": "image/png", "size": "1"})
