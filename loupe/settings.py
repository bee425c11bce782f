"""What a stack tells a program: one frozen dataclass, written to the environment by the stack, read by the program."""

import os
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, Self


class BadSettings(RuntimeError):
    """The environment lacks variables that the program needs, or one that is no number; the text names them."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Base of a slice's settings: str, int and float fields, each the variable `LOUPE_<FIELD>`."""

    def to_environ(self) -> dict[str, str]:
        """The environment that `from_environ` reads back; values may still be CDK tokens."""
        return {_variable(name): str(value) for name, value in asdict(self).items()}

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read every field; BadSettings names all that are absent and have no default, or one that is no number."""
        absent = [field for field in fields(cls) if _variable(field.name) not in environ]
        missing = [_variable(field.name) for field in absent if field.default is MISSING]
        if missing:
            raise BadSettings(f"{cls.__name__} needs the environment variables {', '.join(missing)}")
        given = [field for field in fields(cls) if field not in absent]
        return cls(**{field.name: _read(field.type, _variable(field.name), environ) for field in given})


def _read(kind: Any, variable: str, environ: Mapping[str, str]) -> Any:
    """A value as the field is annotated: here with str, int and float themselves."""
    try:
        return kind(environ[variable])
    except ValueError:
        raise BadSettings(f"{variable} is no {kind.__name__}: {environ[variable]!r}") from None


def _variable(field_name: str) -> str:
    return f"LOUPE_{field_name.upper()}"
