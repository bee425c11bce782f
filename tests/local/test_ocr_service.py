"""The laptop's OCR service: the vendor's contract, real words, the switches, and bodies that nobody should send."""

import contextlib
import io
import signal
import socket
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import pytest
import requests
from PIL import Image

from cli.connection import as_it_is
from examples.pages import pages
from examples.paper import Paper, Word
from local.ocr_document import pixels
from local.ocr_service import PATH, main
from loupe.contracts import check

ROOT = Path(__file__).parents[2]
KEY = "up_canary0123456789"
WORD = {"boundingBox": {"vertices": [{"x": 65, "y": 52}]}, "confidence": 0.995, "id": 0, "text": "Print"}
DOCUMENTED = {
    "apiVersion": "1.1",
    "confidence": 0.99,
    "metadata": {"pages": [{"height": 256, "page": 1, "width": 786}]},
    "mimeType": "multipart/form-data",
    "modelVersion": "ocr-260930",
    "numBilledPages": 1,
    "pages": [{"confidence": 0.99, "height": 256, "id": 0, "text": "Print", "width": 786, "words": [WORD]}],
    "stored": False,
    "text": "Print",
}


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


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running() as one:
        yield one


def png(width: int = 64, height: int = 64, mode: str = "L", colour: Any = 255) -> bytes:
    return saved(Image.new(mode, (width, height), colour), "PNG")


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def header_only(width: int, height: int) -> bytes:
    """A PNG that promises pixels which it does not have."""
    chunks = {b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), b"IDAT": zlib.compress(b"\0" * 9)}
    packed = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks.items()
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def shape(message: Any) -> Any:
    """Names and types, without what they hold."""
    if isinstance(message, dict):
        return {name: shape(value) for name, value in message.items()}
    if isinstance(message, list):
        return [shape(one) for one in message[:1]]
    return "number" if type(message) in {int, float} else type(message).__name__


def reads(word: dict[str, Any], text: str, corners: list[Any]) -> bool:
    """The same text, and its middle is where the word is printed."""
    (left, right), (top, bottom) = ((min(side), max(side)) for side in zip(*corners, strict=True))
    vertices = word["boundingBox"]["vertices"]
    x, y = (sum(corner[axis] for corner in vertices) / 4 for axis in "xy")
    slack = (bottom - top) / 2
    return bool(word["text"] == text and left <= x <= right and top - slack <= y <= bottom + slack)


def recall(answer: dict[str, Any], known: Sequence[Word]) -> float:
    found = answer["pages"][0]["words"]
    return sum(any(reads(word, printed.text, printed.corners) for word in found) for printed in known) / len(known)


def assert_refused(asked: requests.Response, status: int, sentence: str) -> None:
    error = check("api/error", asked.json())["error"]
    assert (asked.status_code, sentence in error["message"]) == (status, True)
    assert error["message"].endswith((".", "`."))
    assert "\n" not in error["message"]


def test_the_answer_has_exactly_the_documented_shape(service: Service) -> None:
    page = DRAWN["receipt"]
    asked = service.ask(page.image)
    answer = check("ocr/answer", asked.json())
    words = answer["pages"][0]["words"]
    assert (asked.status_code, asked.headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    assert shape(answer) == shape(DOCUMENTED)
    assert all(shape(word) == shape(WORD) for word in words)
    assert all(len(word["boundingBox"]["vertices"]) == 4 for word in words)
    assert [word["id"] for word in words] == list(range(len(words)))
    assert answer["metadata"]["pages"] == [{"height": page.height, "page": 1, "width": page.width}]
    assert answer["text"].split() == [word["text"] for word in words]
    assert answer["text"].splitlines()[-1] == "Thank you for your visit"


@pytest.mark.parametrize("kind", DRAWN)
def test_nine_words_of_ten_are_read_where_they_are_printed(service: Service, kind: str) -> None:
    assert recall(service.ask(DRAWN[kind].image).json(), DRAWN[kind].words) >= 0.9


def test_a_large_page_is_answered_in_its_own_pixels(service: Service) -> None:
    page, times = DRAWN["receipt"], 3.5
    large = Image.open(io.BytesIO(page.image)).resize((round(page.width * times), round(page.height * times)))
    words = [Word(word.text, [(x * times, y * times) for x, y in word.corners]) for word in page.words]
    assert recall(service.ask(saved(large, "PNG")).json(), words) >= 0.9


def test_a_line_that_runs_downwards_is_answered_from_where_reading_starts(service: Service) -> None:
    paper = Paper(width=600, height=300)
    paper.write(300, 160, "Garden Terrace", 50, align="centre")
    answer = service.ask(saved(paper.picture.transpose(Image.Transpose.ROTATE_270), "PNG")).json()
    assert answer["text"] == "Garden Terrace"
    first, second, *_ = answer["pages"][0]["words"][1]["boundingBox"]["vertices"]
    assert abs(first["x"] - second["x"]) < 10
    assert first["y"] + 50 < second["y"]


def test_a_page_without_words_has_none(service: Service) -> None:
    answer = service.ask(png()).json()
    assert set(check("ocr/answer", answer)) == set(DOCUMENTED)
    assert (answer["text"], answer["confidence"], answer["pages"][0]["words"]) == ("", 0, [])


@pytest.mark.parametrize("size", [(1, 1), (9000, 2), (2, 9000)])
def test_a_page_of_any_proportions_is_read(service: Service, size: tuple[int, int]) -> None:
    answer = service.ask(png(*size)).json()
    assert answer["metadata"]["pages"] == [{"height": size[1], "page": 1, "width": size[0]}]


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "I;16"])
def test_ink_is_dark_on_paper_in_every_kind_of_pixels(mode: str) -> None:
    paper, ink = Image.new("L", (8, 8), 255), Image.new("L", (4, 4), 0)
    paper.paste(ink, (0, 0))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(paper, np.uint16) * 257)
    elif mode in {"LA", "RGBA"}:
        image = Image.new(mode, (8, 8), 0)
        image.putalpha(Image.eval(paper, lambda shade: 255 - shade))
    else:
        image = paper.convert(mode)
    read = pixels(io.BytesIO(saved(image, "PNG")))
    assert (read.shape, read.min(), read.max(), read[0, 0, 0], read[7, 7, 0]) == ((8, 8, 3), 0, 255, 0, 255)


FORM = b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
MODEL_PART = FORM % (b"model", b"", b"ocr")
FILE_PART = FORM % (b"document", b'; filename="p.png"', png())
TYPE = {"Content-Type": "multipart/form-data; boundary=b"}
BODIES: dict[str, tuple[dict[str, Any], int, str]] = {
    "no form": ({"data": b"hello", "headers": {"Content-Type": "text/plain"}}, 400, "The body is no form"),
    "JSON": ({"json": {"model": "ocr"}}, 400, "The body is no form"),
    "no boundary": ({"data": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 400, "The form is damaged"),
    "other boundary": ({"data": b"--c\r\n\r\nx", "headers": TYPE}, 400, ""),
    "empty": ({"data": b"", "headers": TYPE}, 400, ""),
    "part without a name": ({"data": b"--b\r\n\r\nx\r\n--b--\r\n", "headers": TYPE}, 400, "The form is damaged"),
    "cut off": ({"data": (MODEL_PART + FILE_PART)[:-40], "headers": TYPE}, 400, "The form is damaged"),
    "no model": ({"files": {"document": png()}}, 400, "The model is not known"),
    "other model": ({"data": {"model": "document-parse"}, "files": {"document": png()}}, 400, "The model is not known"),
    "two models": ({"data": MODEL_PART * 2 + FILE_PART + b"--b--\r\n", "headers": TYPE}, 400, "The model is not known"),
    "no document": ({"files": {"model": (None, "ocr")}}, 400, "Send one file"),
    "document as text": ({"files": {"model": (None, "ocr"), "document": (None, "x")}}, 400, "Send one file"),
    "two documents": ({"data": MODEL_PART + FILE_PART * 2 + b"--b--\r\n", "headers": TYPE}, 400, "Send one file"),
    "too many fields": ({"data": FORM % (b"x", b"", b"") * 5000 + b"--b--\r\n", "headers": TYPE}, 413, "1000 fields"),
}


@pytest.mark.parametrize("kind", BODIES)
def test_a_body_that_is_not_one_page_and_the_model_is_refused_in_one_sentence(service: Service, kind: str) -> None:
    request, status, sentence = BODIES[kind]
    assert_refused(service.send(**request), status, sentence)


DOCUMENTS: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 415, "The document is no image"),
    "text": (b"Total 12.50", 415, "The document is no image"),
    "PDF": (b"%PDF-1.4\n", 415, "The document is no image"),
    "GIF": (saved(Image.new("L", (9, 9)), "GIF"), 415, "The document is no image"),
    "truncated": (DRAWN["letter"].image[:5000], 415, "The image is damaged"),
    "header only": (header_only(100, 100), 415, "The image is damaged"),
    "bomb": (header_only(60_000, 60_000), 413, "has 60000 x 60000 pixels"),
    "too large": (b"\0" * ((100 << 20) + 1), 413, "larger than 100 MiB or"),
    "two pages": (
        saved(Image.new("L", (9, 9)), "TIFF", save_all=True, append_images=[Image.new("L", (9, 9))]),
        415,
        "more than one page",
    ),
}


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_document_that_is_no_page_is_refused_in_one_sentence(service: Service, kind: str) -> None:
    document, status, sentence = DOCUMENTS[kind]
    assert_refused(service.ask(document), status, sentence)


def test_another_path_or_method_is_told_where_to_go(service: Service) -> None:
    for asked in (requests.get(service.url + PATH, timeout=10), requests.post(service.url, timeout=10)):
        assert_refused(asked, 405 if asked.url.endswith(PATH) else 404, f"send a POST to {PATH}")


def test_a_limited_service_refuses_the_next_request_at_once_while_it_reads_a_page() -> None:
    with running("--rate-limit", "0.01", "--key", KEY) as limited, ThreadPoolExecutor() as beside:
        for key in (None, "up_other", KEY + "x", "\xfc"):
            assert_refused(limited.ask(png(), key=key), 401, "The key is wrong")
        asked = beside.map(lambda _: limited.ask(DRAWN["letter"].image, key=KEY), range(2))
        read, refused = sorted(asked, key=lambda answer: answer.status_code)
        assert read.status_code == 200
        assert_refused(refused, 429, "Too many requests: ask again in")
        assert 90 <= int(refused.headers["Retry-After"]) <= 100
        assert refused.elapsed < timedelta(seconds=0.5) < read.elapsed


def test_a_failing_and_slow_service_fails_its_share_and_answers_no_sooner() -> None:
    with running("--fail-share", "0.5", "--latency", "2") as failing, ThreadPoolExecutor() as beside:
        began = time.monotonic()
        asked = list(beside.map(failing.ask, [png()] * 4))
        assert sorted(answer.status_code for answer in asked) == [200, 200, 500, 500]
        assert_refused(next(answer for answer in asked if answer.status_code == 500), 500, "told to by --fail-share")
        assert time.monotonic() - began >= 2


def test_a_client_that_hangs_up_does_not_keep_the_others_waiting(service: Service) -> None:
    for _ in range(20):
        with contextlib.suppress(requests.Timeout):
            service.ask(DRAWN["letter"].image, patience=0.05)
    began = time.monotonic()
    alone = service.ask(png())
    assert (alone.status_code, time.monotonic() - began < 20) == (200, True)


def test_it_listens_on_loopback_only_and_ends_with_a_signal_while_it_reads() -> None:
    with running() as one, ThreadPoolExecutor() as beside:
        port = int(one.url.removeprefix("http://127.0.0.1:"))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), timeout=5)
        asked = [beside.submit(one.ask, DRAWN["letter"].image) for _ in range(6)]
        time.sleep(0.5)
        began = time.monotonic()
        assert one.stop() == 0
        assert time.monotonic() - began < 5
        assert {type(page.exception()) for page in asked} == {requests.ConnectionError}


@pytest.mark.parametrize(
    "flags", [["--fail-share", "1.5"], ["--latency", "-1"], ["--rate-limit", "0"], ["--port", "70000"]]
)
def test_a_switch_that_makes_no_sense_is_named(
    flags: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["local.ocr_service", *flags])
    with pytest.raises(SystemExit):
        main()
    assert f"argument {flags[0]}: " in capsys.readouterr().err


def test_a_port_that_is_taken_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        monkeypatch.setattr(sys, "argv", ["local.ocr_service", "--port", port])
        with pytest.raises(SystemExit, match=f"^Port {port} cannot be had"):
            main()
