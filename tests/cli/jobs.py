"""Jobs as the HTTP API tells of them, and how a command is run against it."""

from collections.abc import Callable
from typing import Any

from typer.testing import Result

API, S3 = "https://api.example.com", "https://bucket.example.com/"
AT = "2026-01-02T03:04:05.678Z"
Commands = Callable[..., Result]


def job(number: int, state: str = "SUCCEEDED", **more: Any) -> dict[str, Any]:
    name = {"job_id": f"{number:032x}", "file_name": f"{number}.png"}
    return {**name, "state": state, "created_at": AT, "updated_at": AT, **more}
