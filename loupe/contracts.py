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


class Contract:
    """A schema under the name that its errors begin with."""

    def __init__(self, name: str, definition: dict[str, Any]) -> None:
        self._name = name
        self._validate: Callable[[Any], Any] = fastjsonschema.compile(
            definition, use_default=False, handlers=dict.fromkeys(("http", "https", "ftp", "file"), _refuse)
        )

    def check(self, message: Any) -> Any:
        """Return `message` unchanged if it keeps the contract; raise ContractError if not."""
        try:
            self._validate(message)
        except fastjsonschema.JsonSchemaValueException as error:
            raise ContractError(f"{self._name}: {error.message}") from error
        return message


def check(name: str, message: Any) -> Any:
    """Return `message` unchanged if it keeps the contract `<slice>/<message>`; raise ContractError if not."""
    return _contract(name).check(message)


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (draft 7) of a message."""
    loaded: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text())
    return loaded


@cache
def _contract(name: str) -> Contract:
    return Contract(name, schema(name))


def _refuse(address: str) -> Any:
    raise ValueError(f"A schema refers to {address}: nothing is fetched from elsewhere.")
