"""Messages that cross a slice's door, checked against `schemas/<slice>/<message>.json` on both sides."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import fastjsonschema

SCHEMAS = Path(__file__).parent.parent / "schemas"


class ContractError(ValueError):
    """A message that breaks its contract; the text names the message, the field and the rule."""


def check(name: str, message: Any) -> Any:
    """Return `message` unchanged if it keeps the contract `<slice>/<message>`; raise ContractError if not."""
    try:
        _validator(name)(message)
    except fastjsonschema.JsonSchemaValueException as error:
        raise ContractError(f"{name}: {error.message}") from error
    return message


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (draft 7) of a message."""
    loaded: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text())
    return loaded


@cache
def _validator(name: str) -> Callable[[Any], Any]:
    compiled: Callable[[Any], Any] = fastjsonschema.compile(schema(name), use_default=False)
    return compiled
