"""The search function in this process, and the bucket that it reads, in a stand-in for S3."""

import json
import uuid
from typing import Any

import pytest

from containers.search.assembly import Inputs
from containers.search.build import build
from containers.search.publication import publish
from lambdas.search import query
from lambdas.search.settings import REFERENCE, QuerySettings
from loupe import contracts
from loupe.reference import Reference
from tests.functions import Context


class Platform:
    """The function, and the bucket that it reads."""

    def __init__(self, s3: Any) -> None:
        self.s3, self.bucket = s3, f"project-{uuid.uuid4().hex[:8]}"
        self.s3.create_bucket(Bucket=self.bucket)
        self.reference = Reference(f"s3://{self.bucket}/{REFERENCE}", self.s3)

    def serve(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the function answer from this bucket."""
        told = QuerySettings(
            project_bucket=self.bucket, look_again_seconds=0, rows_in_memory_mib=1, max_image_mib=1, max_megapixels=1
        )
        for name, value in told.to_environ().items():
            monkeypatch.setenv(name, value)
        forget()

    def publish(self, inputs: Inputs, name: str) -> str:
        build(self.reference, inputs, version=name)
        publish(self.reference, name)
        return name

    def damage(self, version: str, file: str) -> None:
        """Flip a bit in the middle of a file."""
        key = f"{REFERENCE}{version}/{file}"
        body = bytearray(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())
        body[len(body) // 2] ^= 1
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=bytes(body))

    def ask(self, **asked: Any) -> dict[str, Any]:
        """The answer, which keeps its contract."""
        reply = self.send(json.dumps(asked))
        assert reply["statusCode"] == 200, reply["body"]
        return dict(contracts.check("search/answer", json.loads(reply["body"])))

    def refused(self, text: str | None = None, **asked: Any) -> tuple[int, str, str]:
        """Status, code and sentence of a refusal, which keeps its contract."""
        reply = self.send(json.dumps(asked) if text is None else text)
        error = contracts.check("api/error", json.loads(reply["body"]))["error"]
        return reply["statusCode"], error["code"], error["message"]

    def send(self, text: str) -> dict[str, Any]:
        return query.handle({"routeKey": "POST /search", "body": text}, Context())  # type: ignore[arg-type]  # a stand-in


def forget() -> None:
    """A new instance of the function."""
    query._settings.cache_clear()
    query._versions.cache_clear()
