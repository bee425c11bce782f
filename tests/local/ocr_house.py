"""A running OCR service, the ways to ask it, and pages to ask about."""

import contextlib
import io
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import requests
from PIL import Image

from cli.connection import as_it_is
from examples.pages import pages
from local.ocr_service import PATH
from loupe.contracts import check

ROOT = Path(__file__).parents[2]
DRAWN = {page.filename.partition("_")[0]: page for page in pages(6)}


class Service:
    """A running service and the ways to ask it."""

    def __init__(self, *flags: str) -> None:
        command = [sys.executable, "-m", "local.ocr_service", *flags]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.output = cast("IO[str]", self.process.stdout)
        self.url = self.output.readline().strip()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(20)
        finally:
            self.process.kill()
            self.process.wait()
            self.output.close()

    def ask(self, document: bytes, *, key: str | None = None, patience: float = 100) -> requests.Response:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        files = {"document": ("page", document)}
        return self.send(patience, data={"model": "ocr"}, files=files, headers=headers)

    def send(self, patience: float = 100, **request: Any) -> requests.Response:
        return requests.post(self.url + PATH, timeout=patience, auth=as_it_is, **request)


@contextlib.contextmanager
def running(*flags: str) -> Iterator[Service]:
    service = Service(*flags)
    try:
        yield service
    finally:
        assert service.stop() == 0


def png(width: int = 64, height: int = 64, mode: str = "L", colour: Any = 255) -> bytes:
    return saved(Image.new(mode, (width, height), colour), "PNG")


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def assert_refused(asked: requests.Response, status: int, sentence: str) -> None:
    error = check("api/error", asked.json())["error"]
    assert (asked.status_code, sentence in error["message"]) == (status, True)
    assert error["message"].endswith((".", "`."))
    assert "\n" not in error["message"]
