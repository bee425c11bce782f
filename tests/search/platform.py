"""The slice on the laptop, for tests: versions are built and published, queries are signed and sent."""

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from cli.account import laptop_account
from cli.connection import connection_to
from cli.trouble import Trouble
from containers.search.assembly import Inputs
from containers.search.build import build
from containers.search.publication import publish
from lambdas.search.settings import POINTER, REFERENCE
from local.laptop import Laptop
from loupe import contracts
from loupe.reference import Reference


class Search:
    """The slice on the laptop."""

    def __init__(self, laptop: Laptop) -> None:
        self.laptop, self.account = laptop, laptop_account(laptop)
        self.s3 = laptop.client("s3")
        self.project = self.account.parameter("storage/project-bucket")
        self.reference = Reference(f"s3://{self.project}/{REFERENCE}", self.s3)
        self._connection = connection_to(self.account)

    def upload(self, path: Path) -> str:
        """A file in the project bucket, where embeddings land."""
        key = f"data/processed/{uuid.uuid4().hex[:8]}/{path.name}"
        self.s3.put_object(Bucket=self.project, Key=key, Body=path.read_bytes())
        return f"s3://{self.project}/{key}"

    def build(self, inputs: Inputs) -> str:
        """A version under a name of its own."""
        return build(self.reference, inputs, version=f"v-{uuid.uuid4().hex[:8]}").name

    def publish(self, inputs: Inputs) -> str:
        """A version that answers from now on."""
        name = self.build(inputs)
        publish(self.reference, name)
        return name

    def ask(self, **asked: Any) -> dict[str, Any]:
        """The answer to a signed request."""
        found = self._connection.call("POST", "/search", asked).json()
        return dict(contracts.check("search/answer", found))

    def answers(self, version: str) -> bool:
        """Whether this version answers."""
        try:
            return bool(self.ask(row=0)["version"] == version)
        except Trouble:
            return False

    def unsigned(self) -> int:
        """The status of a request that nobody has signed."""
        return requests.post(f"{self._connection.url.rstrip('/')}/search", json={"row": 0}, timeout=30).status_code

    def damage(self, version: str, file: str) -> None:
        """Flip a bit, as a disk does that knows no policy: the object is deleted and written anew."""
        key = f"{REFERENCE}{version}/{file}"
        body = bytearray(self.s3.get_object(Bucket=self.project, Key=key)["Body"].read())
        body[len(body) // 2] ^= 1
        self.s3.delete_object(Bucket=self.project, Key=key)
        self.s3.put_object(Bucket=self.project, Key=key, Body=bytes(body), IfNoneMatch="*")

    def point_at(self, version: str) -> None:
        """Publish a version as somebody does who verifies nothing."""
        seen = self.s3.head_object(Bucket=self.project, Key=POINTER)["ETag"]
        pointer = {"version": version, "previous": None, "published_at": "2026-01-04T04:32:58Z"}
        body = json.dumps(pointer).encode()
        self.s3.put_object(Bucket=self.project, Key=POINTER, Body=body, IfMatch=seen)

    def logged(self) -> str:
        """What the function has written."""
        return "\n".join(self.laptop.logs())

    def restart_function(self) -> None:
        """A deploy of the function's settings, after which it has nothing in memory."""
        function, client = self.account.parameter("search/function"), self.laptop.client("lambda")
        environment = client.get_function_configuration(FunctionName=function)["Environment"]
        environment["Variables"]["RESTARTED"] = uuid.uuid4().hex
        client.update_function_configuration(FunctionName=function, Environment=environment)

    @contextmanager
    def under_load(self, callers: int) -> Iterator[list[dict[str, Any] | Exception]]:
        """Callers that ask without a pause; what each got is in the list."""
        got, over = list[dict[str, Any] | Exception](), threading.Event()
        threads = [threading.Thread(target=self._keep_asking, args=(got, over)) for _ in range(callers)]
        for thread in threads:
            thread.start()
        try:
            yield got
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def _keep_asking(self, got: list[dict[str, Any] | Exception], over: threading.Event) -> None:
        while not over.is_set():
            try:
                got.append(self.ask(row=3, limit=20))
            except Exception as error:  # all of them are what the test looks for
                got.append(error)
