"""What a stack tells a program: one frozen dataclass, written to the environment by the stack, read by the program."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Self


class MissingSettings(RuntimeError):
    """The environment lacks variables that the program needs; the text lists them."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Base of a slice's settings: str, int and float fields, each the variable `LOUPE_<FIELD>`."""

    def to_environ(self) -> dict[str, str]:
        """The environment that `from_environ` reads back; values may still be CDK tokens."""
        return {_variable(name): str(value) for name, value in asdict(self).items()}

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read every field; raise MissingSettings naming all that are absent."""
        missing = [_variable(field.name) for field in fields(cls) if _variable(field.name) not in environ]
        if missing:
            raise MissingSettings(f"{cls.__name__} needs the environment variables {', '.join(missing)}")
        return cls(**{field.name: field.type(environ[_variable(field.name)]) for field in fields(cls)})  # type: ignore[operator]  # annotations here are str, int and float themselves


def _variable(field_name: str) -> str:
    return f"LOUPE_{field_name.upper()}"
