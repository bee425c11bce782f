"""A document OCR service on loopback, good and hostile: what it is sent, and what is made of what it says."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from cli import detection
from cli import words as client
from cli.main import app
from cli.trouble import Trouble
from cli.words import KEY, words
from loupe.contracts import SCHEMAS, check

CANARY = "up_canary0123456789"
PAGE = np.full((80, 100), 255, np.uint8)
ROOM = json.loads((SCHEMAS / "room_detection/examples/rooms.ok.one_room.json").read_text())
READ = json.loads((SCHEMAS / "ocr/examples/answer.ok.one_word.json").read_text())
Reply = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Service:
    """Remembers what it was sent, answers as it is told to."""

    url: str = ""
    reply: Reply = field(default=lambda handler: send(handler, said()))
    headers: list[dict[str, str]] = field(default_factory=list)
    forms: list[dict[str, bytes]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


def send(
    handler: BaseHTTPRequestHandler, body: Any, status: int = 200, *, length: int | None = None, **more: str
) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(raw) if length is None else length), **more}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(raw)


def said(text: str = "Hall", left: float = 20, top: float = 20, width: float = 10) -> dict[str, Any]:
    corners = [(left, top), (left + width, top), (left + width, top + 10), (left, top + 10)]
    box = {"vertices": [{"x": x, "y": y} for x, y in corners]}
    return {**READ, "pages": [{"words": [{"text": text, "boundingBox": box, "confidence": 0.9}]}]}


@pytest.fixture
def service() -> Iterator[Service]:
    stand_in = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            form = message_from_bytes(b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n" + body)
            parts: Any = form.get_payload()
            names = [part.get_param("name", header="Content-Disposition") for part in parts]
            stand_in.forms.append(dict(zip(names, (part.get_payload(decode=True) for part in parts), strict=True)))
            stand_in.headers.append({name.lower(): value for name, value in self.headers.items()})
            stand_in.paths.append(self.path)
            with suppress(OSError):
                stand_in.reply(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    stand_in.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stand_in
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def _in_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ANSWER_SECONDS", 2.0)
    monkeypatch.setattr(client, "LONGEST_PAUSE_SECONDS", 0.01)
    monkeypatch.setenv(KEY, CANARY)


@pytest.fixture
def detect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command on white paper, on which one room is known."""
    plan = tmp_path / "plan.png"
    cv2.imwrite(str(plan), PAGE)
    monkeypatch.setattr(detection, "detect_file", lambda *_: ROOM)
    command = ["room-detection", "detect", str(plan), "--out", str(tmp_path / "out")]
    return lambda *more: CliRunner().invoke(app, [*command, *more])


def rooms(tmp_path: Path) -> Any:
    return check("room_detection/rooms", json.loads((tmp_path / "out" / "plan.json").read_text()))["rooms"]


def test_the_page_goes_as_a_picture_with_the_model_and_the_key(service: Service) -> None:
    [word] = words(np.dstack([PAGE, PAGE, PAGE // 2]), service.url + "/")
    assert (word.text, word.corners.tolist()) == ("Hall", [[20, 20], [30, 20], [30, 30], [20, 30]])
    assert service.paths == ["/v1/document-digitization"]
    assert service.headers[0]["authorization"] == f"Bearer {CANARY}"
    [form] = service.forms
    assert (set(form), form["model"]) == ({"document", "model"}, b"ocr")
    sent = cv2.imdecode(np.frombuffer(form["document"], np.uint8), cv2.IMREAD_COLOR)
    assert sent is not None
    assert (sent.shape, sent[0, 0].tolist()) == ((80, 100, 3), [127, 255, 255])


def test_without_a_key_none_is_sent(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY)
    words(PAGE, service.url)
    assert "authorization" not in service.headers[0]


def test_a_large_page_is_sent_smaller_and_its_words_come_back_in_its_own_pixels(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MOST_PIXELS", 2000)
    [word] = words(PAGE, service.url)
    sent = cv2.imdecode(np.frombuffer(service.forms[0]["document"], np.uint8), cv2.IMREAD_GRAYSCALE)
    assert sent is not None
    assert sent.shape == (40, 50)
    assert word.corners.tolist() == [[40, 40], [60, 40], [60, 60], [40, 60]]


def test_pages_of_twenty_megapixels_are_sent_as_they_are() -> None:
    assert client.MOST_PIXELS == 20_000_000
    assert client._small_enough(PAGE) is PAGE


def test_a_service_that_is_asked_too_often_is_asked_again(service: Service) -> None:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        busy = len(service.forms) < 3
        send(handler, {} if busy else said(), 429 if busy else 200, Retry_After="9" * 500)

    service.reply = reply
    assert [word.text for word in words(PAGE, service.url)] == ["Hall"]
    assert len(service.forms) == 3


def drip(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(400):
        handler.wfile.write(b" ")
        time.sleep(0.02)


def flood(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(40):
        handler.wfile.write(b" " * (1 << 20))


def nothing(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


def no_http(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(CANARY.encode() + b"\r\n\r\n")


def sends(body: Any, status: int = 200, *, length: int | None = None, **more: str) -> Reply:
    return lambda handler: send(handler, body, status, length=length, **more)


GOOD = json.dumps(said()).encode()
HOSTILE: dict[str, tuple[Reply, str]] = {
    "silence": (lambda _: time.sleep(8), "does not answer in time"),
    "drip": (drip, "does not answer in time"),
    "flood": (flood, "an answer of more than 16 MiB"),
    "hang up": (nothing, "cannot be reached, or broke off"),
    "no HTTP": (no_http, "cannot be reached, or broke off"),
    "truncated": (sends(GOOD[:-20], length=len(GOOD)), "cannot be reached, or broke off"),
    "half a JSON": (sends(GOOD[:-20]), "no list of words"),
    "web page": (sends(b"<!doctype html><title>Sign in</title>"), "no list of words"),
    "no UTF-8": (sends(b'{"pages": "\xff"}'), "no list of words"),
    "compressed unasked": (sends(b"\x1f\x8b\x08", Content_Encoding="gzip"), "no list of words"),
    "deep": (sends(b"[" * 200_000), "no list of words"),
    "long number": (sends(b'{"pages": ' + b"9" * 9000 + b"}"), "no list of words"),
    "other shape": (sends({"elements": []}), "no list of words"),
    "a list": (sends([CANARY]), "no list of words"),
    "two pages": (sends({"pages": [{"words": []}] * 2}), "no list of words"),
    "no number": (sends(said(left=float("nan"))), "no list of words"),
    "endless number": (sends(GOOD.replace(b"20", b"1e999")), "no list of words"),
    "long text": (sends(said("x" * 1001)), "no list of words"),
    "too many words": (sends({"pages": [{"words": said()["pages"][0]["words"] * 20_001}]}), "no list of words"),
    "bad key": (sends({"error": CANARY}, 401), f"wants another key in {KEY} (HTTP 401)"),
    "forbidden": (sends({"error": CANARY}, 403), f"wants another key in {KEY} (HTTP 403)"),
    "too large": (sends(b"", 413), "finds the page too large (HTTP 413)"),
    "bad document": (sends(b"", 415), "does not take the page's format (HTTP 415)"),
    "too often": (sends(b"", 429), "is asked too often (HTTP 429)"),
    "elsewhere": (sends(b"", 307, Location="http://127.0.0.1:1/"), "does not do what it is asked (HTTP 307)"),
    "broken": (sends(CANARY.encode(), 500), "does not do what it is asked (HTTP 500)"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_whatever_goes_wrong_is_one_sentence_and_the_rooms_are_there(
    service: Service, detect: Callable[..., Result], tmp_path: Path, kind: str
) -> None:
    service.reply, sentence = HOSTILE[kind]
    ran = detect("--ocr", service.url, "--json", "--overlay")
    assert ran.exit_code == 0
    [line] = [line for line in ran.stderr.splitlines() if "OCR" in line]
    assert line.startswith(f"{tmp_path / 'plan.png'}: The OCR service at 127.0.0.1:")
    assert line.endswith(" The rooms are there, without names.")
    assert sentence in line
    assert rooms(tmp_path) == ROOM["rooms"]
    assert json.loads(ran.stdout)[0]["warning"] in line
    assert CANARY not in ran.output + ran.stderr


def test_nobody_there_is_said_too(detect: Callable[..., Result], tmp_path: Path) -> None:
    ran = detect("--ocr", "http://127.0.0.1:1")
    assert (ran.exit_code, rooms(tmp_path)) == (0, ROOM["rooms"])
    assert "127.0.0.1:1 cannot be reached" in ran.stderr


@pytest.mark.parametrize("key", [f"{CANARY}\nX: y", f"{CANARY}é", f"{CANARY}\x7f", f"{CANARY}\udcff"])
def test_a_key_that_no_header_takes_is_not_told(
    service: Service, detect: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv(KEY, key)
    ran = detect("--ocr", service.url, "--json")
    assert ran.exit_code == 0
    assert f"{KEY} holds characters that no key has" in ran.stderr
    assert CANARY not in ran.output + ran.stderr
    assert service.forms == []


@pytest.mark.parametrize("url", ["", "ocr.example.com", "ftp://ocr.example.com", "http://", "http://[", "http://a:b"])
def test_an_address_that_is_none_is_refused_before_anything_is_done(
    detect: Callable[..., Result], tmp_path: Path, url: str
) -> None:
    ran = detect("--ocr", url)
    assert isinstance(ran.exception, Trouble)
    assert "must look like https://" in str(ran.exception)
    assert not (tmp_path / "out").exists()


def test_what_else_an_address_holds_is_not_told(service: Service) -> None:
    service.reply = sends(b"", 500)
    with pytest.raises(Trouble) as trouble:
        words(PAGE, service.url.replace("//", f"//user:{CANARY}@"))
    assert CANARY not in str(trouble.value)


def test_rooms_get_the_names_that_are_read_in_them(
    service: Service, detect: Callable[..., Result], tmp_path: Path
) -> None:
    service.reply = sends(said("Küche\u202e\x07"))
    ran = detect("--ocr", service.url, "--json")
    assert [room["name"] for room in rooms(tmp_path)] == ["Küche"]
    assert json.loads(ran.stdout)[0]["named"] == 1
    assert ran.stderr.strip() == ""


def test_a_room_in_which_nothing_is_read_has_no_name(
    service: Service, detect: Callable[..., Result], tmp_path: Path
) -> None:
    service.reply = sends(said("12.5"))
    detect("--ocr", service.url)
    assert rooms(tmp_path) == ROOM["rooms"]


def test_a_page_without_rooms_is_not_sent(
    service: Service, detect: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detection, "detect_file", lambda *_: {**ROOM, "rooms": []})
    assert detect("--ocr", service.url).exit_code == 0
    assert service.forms == []


def test_no_service_is_asked_unless_one_is_named(
    service: Service, detect: Callable[..., Result], tmp_path: Path
) -> None:
    assert detect().exit_code == 0
    assert service.forms == []
    assert rooms(tmp_path) == ROOM["rooms"]
