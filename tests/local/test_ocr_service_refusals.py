"""The laptop's OCR service refuses bodies that nobody should send, and is as slow, failing and strict as it is told."""

import contextlib
import socket
import struct
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from local.ocr_service import PATH, main
from tests.local.ocr_house import DRAWN, Service, assert_refused, png, running, saved

KEY = "up_canary0123456789"


def header_only(width: int, height: int) -> bytes:
    """A PNG that promises pixels which it does not have."""
    chunks = {b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), b"IDAT": zlib.compress(b"\0" * 9)}
    packed = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks.items()
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


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


def test_a_key_in_a_file_is_asked_for(tmp_path: Path) -> None:
    kept = tmp_path / "key"
    kept.write_text(KEY + "\n")
    with running("--key-file", str(kept)) as one:
        assert_refused(one.ask(png()), 401, "The key is wrong")
        assert one.ask(png(), key=KEY).status_code == 200


@pytest.mark.parametrize(("kept", "sentence"), [(None, "cannot be read"), (" \n", "holds no key")])
def test_a_file_without_a_key_is_no_service_without_one(
    kept: str | None, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "key"
    if kept is not None:
        file.write_text(kept)
    monkeypatch.setattr(sys, "argv", ["local.ocr_service", "--key-file", str(file)])
    with pytest.raises(SystemExit):
        main()
    assert f"argument --key-file: {file} {sentence}" in capsys.readouterr().err


def test_a_port_that_is_taken_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        monkeypatch.setattr(sys, "argv", ["local.ocr_service", "--port", port])
        with pytest.raises(SystemExit, match=f"^Port {port} cannot be had"):
            main()
